import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train.merging.parents import Parent, opened


def whole(model: Parent, name: str) -> torch.Tensor:
    return torch.cat(list(model.parts(name, 100)))


@pytest.fixture
def pair(tmp_path, tiny_model):
    for name in ("one", "two"):
        shutil.copytree(tiny_model, tmp_path / name)
    return tmp_path / "one", tmp_path / "two"


def refused(pair, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        opened(pair)


def change(path, **values) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_models_of_one_shape_are_opened(pair):
    found = opened(pair)
    assert found[0].shapes == found[1].shapes and found[0].layers == 2
    name = next(iter(found[0].shapes))
    assert whole(found[0], name).equal(whole(found[1], name))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_are_read_as_they_are_stored(pair, kind):
    tensors = {name: one.to(kind) for name, one in load_file(pair[0] / "model.safetensors").items()}
    save_file(tensors, pair[0] / "model.safetensors", {"format": "pt"})
    first = opened(pair)[0]
    for name, one in tensors.items():
        read = whole(first, name)
        assert read.dtype == kind and read.equal(one.flatten()), name
        assert [part.numel() for part in first.parts(name)] == [one.numel()], name


def test_quantised_weights_of_any_model_are_refused(pair):
    tensors = load_file(pair[1] / "model.safetensors")
    save_file({name: one.to(torch.int8) for name, one in tensors.items()}, pair[1] / "model.safetensors")
    with pytest.raises(InputError, match="two: .* is of type I8, expected weights that are"):
        whole(opened(pair)[1], "model.norm.weight")


def test_another_architecture_is_refused_by_name(pair):
    change(pair[1] / "config.json", num_hidden_layers=3)
    refused(pair, r"two/config.json: num_hidden_layers is 3, expected 2")


def test_a_tensor_that_lacks_or_has_another_shape_is_named(pair):
    weights = pair[1] / "model.safetensors"
    tensors = load_file(weights)
    lacking = {name: one for name, one in tensors.items() if name != "model.norm.weight"}
    save_file(lacking, weights)
    refused(pair, r"two: has no tensor model\.norm\.weight")
    refused(pair[::-1], r"two: has no tensor model\.norm\.weight")
    save_file({**tensors, "model.norm.weight": torch.ones(3)}, weights)
    refused(pair, r"model\.norm\.weight has the shape \[3\], expected \[64\]")


def test_another_vocabulary_of_the_same_size_is_refused(pair):
    path = pair[1] / "tokenizer.json"
    tree = json.loads(path.read_text())
    tokens = tree["model"]["vocab"]
    tokens["a"], tokens["b"] = tokens["b"], tokens["a"]
    path.write_text(json.dumps(tree))
    refused(pair, r"token 'a' has the number \d+, expected \d+")


def test_adapters_pickles_and_damage_are_refused(pair, tmp_path):
    (pair[1] / "adapter_config.json").write_text("{}")
    refused(pair, "is an adapter, expected a whole model")
    (pair[1] / "adapter_config.json").unlink()
    (pair[1] / "model.safetensors").write_bytes((pair[1] / "model.safetensors").read_bytes()[:1000])
    refused(pair, "damaged or cut off weights")
    (pair[1] / "model.safetensors").rename(pair[1] / "pytorch_model.bin")
    refused(pair, "found pickled weights only, expected safetensors")


def test_a_file_that_is_cut_while_it_is_merged_is_said(pair):
    first, _ = opened(pair)
    [file] = pair[0].glob("*.safetensors")
    last = max(first.shapes, key=lambda name: first._place[name][1])
    size = whole(first, last).nbytes
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(InputError, match=f"{last} ends after {size - 4} of {size} bytes, expected a"):
        whole(first, last)
