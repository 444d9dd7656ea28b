import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train import models, weights

NAME = "model.layers.1.mlp.down_proj.weight"


@pytest.fixture
def model(make_model: Callable[..., Path], tmp_path: Path) -> Path:
    return make_model(tmp_path / "model")


def change(folder: Path, edit: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("left", [0, 5, 1000, -1])
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(model: Path, left: int) -> None:
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(InputError, match="model.safetensors: found damaged or cut off weights"):
        models.locate(str(model))


def test_parts_that_the_index_names_must_be_there(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").rename(model / "model-00001-of-00002.safetensors")
    index = {"weight_map": dict.fromkeys(tensors, "model-00001-of-00002.safetensors")}
    index["weight_map"][NAME] = "model-00002-of-00002.safetensors"
    (model / weights.INDEX).write_text(json.dumps(index))
    with pytest.raises(InputError, match="names model-00002-of-00002.safetensors, found no such file"):
        models.locate(str(model))
    save_file({"other": torch.ones(1)}, model / "model-00002-of-00002.safetensors")
    with pytest.raises(InputError, match=f"found no {NAME}, expected it there"):
        models.locate(str(model))
    save_file({NAME: tensors.pop(NAME)}, model / "model-00002-of-00002.safetensors", {"format": "pt"})
    save_file(tensors, model / "model-00001-of-00002.safetensors", {"format": "pt"})
    assert models.locate(str(model)) == model


def test_a_weight_that_is_not_there_is_not_made_up(model: Path) -> None:
    change(model, lambda tensors: tensors.pop(NAME))
    with pytest.raises(InputError, match=f"found no weights for {NAME}, expected all that config.json asks for"):
        models.causal_lm(model)


def test_the_head_of_a_score_may_be_made_up_for_training_alone(model: Path, tmp_path: Path) -> None:
    made = models.scoring(model, new_head=True)
    assert made.score.weight.shape == (1, 64)
    with pytest.raises(InputError, match="found no weights for score.weight, expected all that config.json asks for"):
        models.scoring(model)
    (tmp_path / "scoring").mkdir()
    made.config.pad_token_id = 0
    models.write(made, model, tmp_path / "scoring")
    assert torch.equal(models.scoring(tmp_path / "scoring").score.weight, made.score.weight)
    change(tmp_path / "scoring", lambda tensors: tensors.pop(NAME))
    with pytest.raises(InputError, match=f"found no weights for {NAME}"):
        models.scoring(tmp_path / "scoring", new_head=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_that_are_no_numbers_are_refused_naming_the_tensor(
    model: Path, value: float, dtype: torch.dtype
) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors[NAME][3, 5] = value

    change(model, spoil)
    with pytest.raises(InputError, match=f"{NAME} has 1 of 8192 values that are NaN or infinite"):
        models.causal_lm(model, dtype)


def test_the_largest_numbers_are_numbers(model: Path) -> None:
    def enlarge(tensors: dict[str, torch.Tensor]) -> None:
        tensors[NAME][:] = torch.finfo(torch.float32).max

    change(model, enlarge)
    models.causal_lm(model)


def test_weights_of_another_configuration_are_refused(model: Path) -> None:
    settings = weights.read_json(model / "config.json")
    (model / "config.json").write_text(json.dumps({**settings, "vocab_size": 300}))
    with pytest.raises(InputError, match="weights of other shapes than config.json says"):
        models.causal_lm(model)


def test_a_configuration_that_is_no_json_object_is_refused(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": ')
    with pytest.raises(InputError, match="config.json: found broken JSON"):
        models.locate(str(model))
    (model / "config.json").write_text("[]")
    with pytest.raises(InputError, match="config.json: found list, expected a JSON object"):
        models.locate(str(model))
