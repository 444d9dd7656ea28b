import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from curation.errors import InputError
from train import models


@pytest.mark.parametrize("tied", [True, False])
def test_a_model_written_again_is_the_same(make_model: Any, tmp_path: Path, tied: bool) -> None:
    base = make_model(tmp_path / "base", tied=tied)
    model = models.causal_lm(base)
    model.config.use_cache, model.config.pad_token_id = False, 1  # as trainers leave them
    models.write(model, base, tmp_path / "again")
    assert models.fingerprint(tmp_path / "again") == models.fingerprint(base)
    assert ("lm_head.weight" in load_file(tmp_path / "again" / "model.safetensors")) is not tied


def test_the_type_on_disk_stays(make_model: Any, tmp_path: Path) -> None:
    base = make_model(tmp_path / "base")
    models.write(models.causal_lm(base, torch.bfloat16), base, tmp_path / "half")
    config = json.loads((tmp_path / "half" / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert models.stored_dtype(tmp_path / "half") == torch.bfloat16
    assert models.stored_dtype(base) == torch.float32


def test_end_tokens_are_the_tokenizers_and_those_of_the_generation_settings(make_model: Any, tmp_path: Path) -> None:
    base = make_model(tmp_path / "base")
    tokenizer = models.tokenizer(base)
    (base / "generation_config.json").unlink()
    assert models.end_ids(base, tokenizer) == {1}
    (base / "generation_config.json").write_text('{"eos_token_id": [1, 4]}')
    assert models.end_ids(base, tokenizer) == {1, 4}


def test_a_tokenizer_without_an_end_token_is_refused(make_model: Any, tmp_path: Path) -> None:
    base = make_model(tmp_path / "base")
    settings = json.loads((base / "tokenizer_config.json").read_text())
    del settings["eos_token"]
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="no eos_token, expected the token that ends an answer"):
        models.tokenizer(base)


def test_bad_models_are_refused_in_a_sentence(tiny_model: Path, tmp_path: Path) -> None:
    def refused(model: Path | str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            models.locate(str(model))

    refused(tmp_path / "none", "no such model folder")
    refused("nobody/nothing-of-this-name", "neither a model folder nor a model the hub gives")
    bare = tmp_path / "bare"
    bare.mkdir()
    refused(bare, "no config.json, expected a model folder of transformers$")
    (bare / "model/train").mkdir(parents=True)
    (bare / "model/train/config.json").write_text("{}")
    refused(bare, "no config.json, .*; there is one in .*bare/model/train$")
    (bare / "config.json").write_text((tiny_model / "config.json").read_text())
    refused(bare, "without weights")
    (bare / "model.safetensors").write_bytes((tiny_model / "model.safetensors").read_bytes())
    refused(bare, "without a tokenizer")
    assert models.context_length(tiny_model) == 256
