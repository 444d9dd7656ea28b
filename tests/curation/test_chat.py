"""Model folders, their fingerprints, and conversations rendered by a real tokenizer's template."""

import json
import shutil
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from curation import chat
from curation.errors import InputError

TEMPLATE = (
    "{% for m in messages %}{% if m.role not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('unknown role') }}{% endif %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% if enable_thinking %}<think>{% endif %}{% endif %}"
)
DATED = "{{ strftime_now('%d %B %Y') }}|{{ messages[0].content }}"


def tokenizer(template: str | None) -> Any:
    words = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", name_or_path="tiny")
    made.chat_template = template
    return made


def test_rendered_as_the_template_says() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    made = tokenizer(TEMPLATE)
    assert chat.render(made, turns) == "<system>Be brief.</s><user>Hi</s><assistant>"
    assert chat.render(made, turns, generation_prompt=False) == "<system>Be brief.</s><user>Hi</s>"
    assert chat.render(made, turns, thinking=True).endswith("<assistant><think>")
    pairs = tuple((turn["role"], turn["content"]) for turn in turns)
    assert chat.render(made, pairs) == chat.render(made, turns)


def test_the_same_conversation_is_the_same_prompt_on_every_day() -> None:
    assert chat.render(tokenizer(DATED), [("user", "Hi")]) == "26 July 2024|Hi"


def test_what_cannot_be_rendered() -> None:
    with pytest.raises(InputError, match="tiny: the tokenizer has no chat template, expected one"):
        chat.render(tokenizer(None), [("user", "Hi")])
    with pytest.raises(jinja2.TemplateError, match="unknown role"):
        chat.render(tokenizer(TEMPLATE), [("robot", "Hi")])


def test_hashes_of_prompts() -> None:
    assert chat.prompt_hash("a") == chat.prompt_hash("a") != chat.prompt_hash("b")
    assert len(chat.prompt_hash("\ud800")) == 32  # a lone surrogate can be hashed as well


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text('{"hidden_size": 4, "_name_or_path": "somewhere"}')
    tokenizer(TEMPLATE).save_pretrained(made)
    save_file({"w": np.zeros(4, np.float32)}, made / "model.safetensors")
    return made


def test_a_model_folder_is_itself(folder: Path) -> None:
    assert chat.model_folder(folder) == folder
    assert chat.model_folder(str(folder)) == folder


def test_what_is_no_model_folder(folder: Path, tmp_path: Path) -> None:
    def refused(message: str, path: Path = folder) -> None:
        with pytest.raises(InputError, match=message) as caught:
            chat.model_folder(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)

    refused("found nothing, expected a model folder or a hub name", tmp_path / "none")
    refused("found a file, expected a model folder", folder / "config.json")
    weights = folder / "model.safetensors"
    weights.rename(folder / "pytorch_model.bin")
    refused("found pickled weights only, expected safetensors")
    (folder / "pytorch_model.bin").unlink()
    refused("a model folder without weights, expected model.safetensors")
    save_file({"w": np.zeros(4, np.float32)}, folder / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"w": "model-00001-of-00002.safetensors", "v": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    refused("no model-00002-of-00002.safetensors, one of 1 weight files its index names")
    (folder / "model.safetensors.index.json").unlink()
    (folder / "tokenizer.json").unlink()
    refused("no tokenizer, expected tokenizer.json")
    (folder / "config.json").unlink()
    refused("no config.json, expected the folder of a transformers model$")
    (folder / "model/train").mkdir(parents=True)
    (folder / "model/train/config.json").write_text("{}")
    refused("expected the folder of a transformers model; there is one in .*model/train$")
    (folder / "base.json").write_text("{}")
    refused("found what was tuned beside a base, .* it cannot be merged or trained on")


def test_a_hub_name_that_is_not_there() -> None:
    # the tests run offline, so nothing is asked of the hub
    with pytest.raises(InputError, match="no-one/no-such-model: found neither a folder nor a copy in the local hub"):
        chat.model_folder("no-one/no-such-model")


def test_a_copied_folder_keeps_its_fingerprint(folder: Path, tmp_path: Path) -> None:
    before = chat.model_fingerprint(folder)
    assert len(before) == 32
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "config.json").write_text('{"_name_or_path": "elsewhere",   "hidden_size": 4}')
    (copy / "README.md").write_text("a model card")
    assert chat.model_fingerprint(copy) == before


def change_template(path: Path) -> None:
    (path / "chat_template.jinja").write_text("another")


def change_weights(path: Path) -> None:
    save_file({"w": np.ones(4, np.float32)}, path / "model.safetensors")


def change_config(path: Path) -> None:
    (path / "config.json").write_text('{"hidden_size": 8}')


def change_tokenizer(path: Path) -> None:
    (path / "tokenizer.json").write_text((path / "tokenizer.json").read_text() + "\n")


@pytest.mark.parametrize("change", [change_template, change_weights, change_config, change_tokenizer])
def test_whatever_decides_what_a_model_says_changes_its_fingerprint(folder: Path, change: Any) -> None:
    before = chat.model_fingerprint(folder)
    change(folder)
    assert chat.model_fingerprint(folder) != before


def test_settings_that_are_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match="config.json: not JSON"):
        chat.model_fingerprint(folder)


def test_adapters(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 8, "base_model_name_or_path": "here"}')
    with pytest.raises(InputError, match="no adapter_model.safetensors, expected the folder of a LoRA adapter"):
        chat.adapter_fingerprint(tmp_path)
    save_file({"a": np.zeros(4, np.float32)}, tmp_path / "adapter_model.safetensors")
    before = chat.adapter_fingerprint(tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "there", "r": 8}')
    assert chat.adapter_fingerprint(tmp_path) == before
    (tmp_path / "adapter_config.json").write_text('{"r": 16}')
    assert chat.adapter_fingerprint(tmp_path) != before
