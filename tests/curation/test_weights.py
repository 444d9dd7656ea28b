import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from curation import weights
from curation.errors import InputError

KINDS = [torch.float32, torch.float16, torch.bfloat16, torch.float64]


def saved(folder: Path, kind: torch.dtype, value: float, at: int = 2000) -> Path:
    tensor = torch.linspace(-60000, 60000, 2001).to(kind)
    tensor[at] = value
    save_file({"fine": torch.ones(3), "odd": tensor, "whole": torch.arange(4)}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("at", [0, 2000])
def test_what_is_no_number_is_named(tmp_path: Path, kind: torch.dtype, value: float, at: int) -> None:
    with pytest.raises(InputError, match=r"model\.safetensors: odd has values that are NaN or infinite, expected num"):
        weights.check_finite(saved(tmp_path, kind, value, at))


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_a_type_is_one(tmp_path: Path, kind: torch.dtype) -> None:
    weights.check_finite(saved(tmp_path, kind, torch.finfo(kind).max))
    weights.check_finite(saved(tmp_path, kind, torch.finfo(kind).tiny))


def test_a_file_is_looked_at_again_when_it_has_changed(tmp_path: Path) -> None:
    weights.check_finite(saved(tmp_path, torch.float32, 1.0))
    with pytest.raises(InputError, match="odd has values"):
        weights.check_finite(saved(tmp_path, torch.float32, float("nan")))


def test_parts_of_a_tensor_are_looked_at_to_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PART", 64)
    for at in (0, 15, 16, 999, 2000):
        with pytest.raises(InputError, match="odd has values"):
            weights.check_finite(saved(tmp_path, torch.float32, float("nan"), at))
    weights.check_finite(saved(tmp_path, torch.float32, 0.0))


@pytest.mark.parametrize("damage", [b"", b"\xff" * 7, b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]",
                                    b"\x10\0\0\0\0\0\0\0" + b'{"a":{"dtype":1}'])  # fmt: skip
def test_damaged_files_are_left_to_what_loads_them(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(damage)
    weights.check_finite(tmp_path)


def test_tensors_that_end_behind_the_file_are_left_to_what_loads_them(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 6)
    weights.check_finite(tmp_path)
