import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from train.merging import writing

TENSORS = {
    "b": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "a": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "한글": torch.tensor(3.0, dtype=torch.float16),
    "empty": torch.empty(0, 4),
}
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


def write(folder, **options):
    shapes = {name: tuple(one.shape) for name, one in TENSORS.items()}
    types = {name: NAMES[one.dtype] for name, one in TENSORS.items()}
    return writing.write(shapes, types, lambda name: TENSORS[name].flatten().split(2), folder, **options)


def test_a_file_holds_what_safetensors_reads(tmp_path):
    (file,) = write(tmp_path)
    found = load_file(file)
    assert set(found) == set(TENSORS)
    assert all(found[name].equal(one) and found[name].dtype == one.dtype for name, one in TENSORS.items())
    save_file(TENSORS, tmp_path / "other", metadata={"format": "pt"})
    assert file.stat().st_size == pytest.approx((tmp_path / "other").stat().st_size, abs=8)


def test_shards_have_an_index(tmp_path):
    files = write(tmp_path, shard_bytes=20)
    assert [file.name for file in files] == [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    index = json.loads((tmp_path / writing.INDEX).read_text())
    assert index["metadata"]["total_size"] == sum(one.nbytes for one in TENSORS.values())
    for name, file in index["weight_map"].items():
        assert load_file(tmp_path / file)[name].equal(TENSORS[name])


def test_a_failure_leaves_no_file(tmp_path):
    def broken(name):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        writing.write({"a": (2,)}, {"a": "F32"}, broken, tmp_path)
    assert not list(tmp_path.iterdir())
