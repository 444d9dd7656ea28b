import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from train import adapters
from train.options import Lora, Source, TrainOptions
from train.training import train


@pytest.fixture(scope="module")
def adapted(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    pairs = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    pairs.write_text(json.dumps({"prompt": "say ab", "completion": " AB"}) + "\n")
    options = TrainOptions(model=str(tiny_model), data=(Source(pairs),), steps=12, batch_size=5, learning_rate=1e-2,
                           lora=Lora(rank=4, alpha=8, dropout=0.1), threads=1)  # fmt: skip
    return train(options, tmp_path_factory.mktemp("out") / "lora")


def test_an_adapter_is_merged_and_kept_beside(adapted: Any, tiny_model: Path) -> None:
    folder = adapted.folder
    names = {file.name for file in (folder / "adapter").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors"}
    assert json.loads((folder / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(folder)("say ab", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        untouched = base(ids).logits.clone()
        beside = PeftModel.from_pretrained(base, str(folder / "adapter")).eval()(ids).logits
        inside = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(ids).logits
    assert (beside - inside).abs().max() < 1e-5
    assert (beside - untouched).abs().max() > 1e-2
    assert 0 <= adapted.card["largest_logit_change_of_merging"] < 1e-5
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")  # tied to the embedding


def test_a_merge_that_changes_more_than_rounding_is_an_error(
    adapted: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "TOLERANCE", 0.0)
    with pytest.raises(RuntimeError, match="merging changes a logit by"):
        adapters.merged(tiny_model, adapted.folder / "adapter", [[7, 8, 9]])


def test_modules_may_be_chosen(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "a", "completion": "b"}) + "\n")
    lora = Lora(rank=2, target_modules=("q_proj", "v_proj"))
    options = TrainOptions(model=str(tiny_model), data=(Source(tmp_path / "rows.jsonl"),), steps=1, batch_size=1,
                           lora=lora, threads=1)  # fmt: skip
    weights = load_file(train(options, tmp_path / "out").folder / "adapter" / "adapter_model.safetensors")
    assert {name.split(".")[-3] for name in weights} == {"q_proj", "v_proj"}
