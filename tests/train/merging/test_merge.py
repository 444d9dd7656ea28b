import json
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from curation.errors import InputError
from tests.train.merging.test_deltas import ties
from tests.train.merging.test_interpolation import between
from train import models
from train.merging import CARD, MergeOptions, merge
from train.merging.merge import told_apart
from train.merging.parents import Parent


@pytest.fixture(scope="module")
def family(tmp_path_factory, make_model) -> list[Path]:
    """A base and two models that a little noise made of it."""
    folder = tmp_path_factory.mktemp("family")
    base = make_model(folder / "base", layers=3)
    found = [base]
    for number in (1, 2):
        torch.manual_seed(number)
        model = models.causal_lm(base)
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.02 * torch.randn_like(weight)
        models.write(model, base, folder / f"child-{number}")
        found.append(folder / f"child-{number}")
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: one for file in folder.glob("*.safetensors") for name, one in load_file(file).items()}


@pytest.mark.parametrize("method", ["lerp", "slerp", "slerp_geometric"])
def test_every_tensor_lies_between_those_of_the_models(family, tmp_path, method):
    _, first, second = family
    card = merge([first, second], tmp_path / "merged", MergeOptions(method, t=0.3))
    made, a, b = weights(tmp_path / "merged"), weights(first), weights(second)
    assert set(made) == set(a)
    for name, found in made.items():
        torch.testing.assert_close(found, between(method, a[name], b[name], t=0.3), rtol=1e-6, atol=1e-7)
    assert card["tensors"] == len(a) and 0.4 < card["cosine"]["median"] < 0.6, "noise as large as the weights"
    assert [parent["name"] for parent in card["parents"]] == ["child-1", "child-2"]


def test_folders_of_one_name_are_told_apart_by_those_above_them():
    folders = [Path(name) for name in ("/r/a/train", "/r/b/train", "/r/base", "/q/b/train")]
    assert told_apart(folders) == ["r/a/train", "r/b/train", "base", "q/b/train"]
    assert told_apart(folders[:3]) == ["a/train", "b/train", "base"]
    assert told_apart([folders[0], folders[0]]) == ["train", "train"]
    deep = [Path(name) for name in ("/m/train", "/r/a/x/y/train", "/r/b/x/y/train")]
    assert told_apart(deep) == ["m/train", "a/x/y/train", "b/x/y/train"]


@pytest.mark.parametrize("method", ["task", "ties", "dare"])
def test_differences_from_a_base_are_added_to_it(family, tmp_path, method):
    base, first, second = family
    options = MergeOptions(method, density=0.4, scale=0.5, weights=(1.0, 2.0))
    merge([first, second], tmp_path / "merged", options, base)
    made, start = weights(tmp_path / "merged"), weights(base)
    for name in made:
        found = [weights(folder)[name] - start[name] for folder in (first, second)]
        if method == "ties":
            expected = ties(found, (1.0, 2.0), 0.4, False)
        elif method == "task":
            expected = found[0] + 2 * found[1]
        else:  # drawn: each entry is what is left of the two differences
            ways = [x / 0.4 * a + 2 * y / 0.4 * b for a in (0, 1) for b in (0, 1) for x, y in [found]]
            change = (made[name] - start[name]) * 2
            assert torch.stack([(change - way).abs() for way in ways]).amin(0).max() < 1e-4, name
            continue
        torch.testing.assert_close(made[name], start[name] + 0.5 * expected)


def test_the_result_is_a_model_that_transformers_loads_with_its_tokenizer(family, tmp_path):
    _, first, second = family
    merge([first, second], tmp_path / "merged", MergeOptions())
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "merged")
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(first).chat_template
    logits = model(torch.tensor([tokenizer("가나")["input_ids"]])).logits
    assert torch.isfinite(logits).all()
    assert json.loads((tmp_path / "merged" / CARD).read_text())["options"]["method"] == "slerp"


def test_a_model_merged_with_itself_is_itself(family, tmp_path):
    base = family[0]
    card = merge([base, base], tmp_path / "merged", MergeOptions(t=0.25))
    for name, found in weights(tmp_path / "merged").items():
        torch.testing.assert_close(found, weights(base)[name])
    assert card["distance"]["between"] == 0 and card["straight"] == 1


def test_of_several_models_each_counts_the_same(family, tmp_path):
    merge([*family, family[0], family[1]], tmp_path / "merged", MergeOptions("lerp"))
    every = [weights(folder) for folder in (*family, family[0], family[1])]
    for name, found in weights(tmp_path / "merged").items():
        torch.testing.assert_close(found, sum(one[name] for one in every) / 5, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["slerp", "slerp_geometric"])
def test_arcs_between_several_models_are_a_tree(family, tmp_path, method):
    merge(family, tmp_path / "merged", MergeOptions(method))
    a, b, c = (weights(folder) for folder in family)
    for name, found in weights(tmp_path / "merged").items():
        first = between(method, a[name], b[name])
        torch.testing.assert_close(found, between(method, first, c[name], t=1 / 3), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [MergeOptions("slerp"), MergeOptions("slerp_geometric"), MergeOptions("task"),
                                     MergeOptions("ties", density=0.3), MergeOptions("dare", density=0.3),
                                     MergeOptions("dare", density=0.3, rescale="magnitude")],
                         ids=lambda one: f"{one.method}-{one.rescale}")  # fmt: skip
def test_in_whatever_parts_tensors_are_read_the_result_is_the_same(family, tmp_path, monkeypatch, options):
    base = family[0] if options.from_base else None
    whole = merge(family[1:], tmp_path / "whole", options, base)
    size, read = 1000, []
    plain = Parent.parts

    def parts(self: Parent, name: str) -> Iterator[torch.Tensor]:
        for part in plain(self, name, size):
            read.append(part.numel())
            yield part

    monkeypatch.setattr(Parent, "parts", parts)
    card = merge(family[1:], tmp_path / "parts", options, base)
    assert max(read) == size and len(read) > 200
    made = weights(tmp_path / "parts")
    for name, expected in weights(tmp_path / "whole").items():
        torch.testing.assert_close(made[name], expected, rtol=1e-6, atol=1e-6)
    assert card["distance"]["between"] == pytest.approx(whole["distance"]["between"])


def test_restored_magnitudes_are_those_of_each_difference(family, tmp_path):
    """The same entries as with the paper's division by the share: seeds are the same."""
    base, first, _ = family
    for rescale in ("share", "magnitude"):
        merge([first], tmp_path / rescale, MergeOptions("dare", density=0.4, rescale=rescale), base)
    start, after = weights(base), weights(first)
    by_share, restored = weights(tmp_path / "share"), weights(tmp_path / "magnitude")
    for name, found in restored.items():
        difference = after[name] - start[name]
        stay = (by_share[name] - start[name]).abs() > difference.abs()
        factor = float(difference.abs().sum() / difference[stay].abs().sum())
        torch.testing.assert_close(found, torch.where(stay, start[name] + factor * difference, start[name]),
                                   rtol=1e-5, atol=1e-6)  # fmt: skip


@pytest.mark.parametrize("method", ["slerp", "task", "ties", "dare"])
def test_parts_are_given_up_before_the_next_ones_are_read(family, tmp_path, method, monkeypatch):
    held: list[weakref.ref] = []
    most = 0
    plain = Parent.parts

    def parts(self: Parent, name: str) -> Iterator[torch.Tensor]:
        nonlocal most
        for part in plain(self, name, 1000):
            most = max(most, sum(one() is not None for one in held))
            held.append(weakref.ref(part))
            yield part

    monkeypatch.setattr(Parent, "parts", parts)
    options = MergeOptions(method)
    merge(family[1:], tmp_path / "merged", options, family[0] if options.from_base else None)
    models = 3 if options.from_base else 2
    assert len(held) > 200 and most <= 2 * models  # those that are merged, while the next are read one by one


def test_t_along_the_depth(family, tmp_path):
    base, first, _ = family
    merge([base, first], tmp_path / "merged", MergeOptions("lerp", t=(0.0, 1.0)))
    made, a, b = weights(tmp_path / "merged"), weights(base), weights(first)
    for name in made:
        place = 0.0 if "layers.0." in name or "embed" in name else 0.5 if "layers.1." in name else 1.0
        torch.testing.assert_close(made[name], (1 - place) * a[name] + place * b[name])


def test_twice_the_same_bytes(family, tmp_path):
    base, first, second = family
    for name in ("one", "two"):
        merge([first, second], tmp_path / name, MergeOptions("dare", seed=4), base)
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
    merge([first, second], tmp_path / "three", MergeOptions("dare", seed=5), base)
    assert (tmp_path / "three" / "model.safetensors").read_bytes() != one


def test_a_folder_with_a_model_is_not_written_over(family, tmp_path):
    with pytest.raises(InputError, match="holds a model already"):
        merge(family[1:], family[0], MergeOptions())


def test_numbers_that_are_not_finite_are_refused(family, tmp_path, make_model):
    broken = models.causal_lm(family[1])
    with torch.no_grad():
        next(iter(broken.parameters()))[0, 0] = float("nan")
    models.write(broken, family[1], tmp_path / "broken")
    with pytest.raises(InputError, match=r"broken: \S+ has values that are NaN or infinite, expected numbers"):
        merge([family[0], tmp_path / "broken"], tmp_path / "merged", MergeOptions())
    assert not list((tmp_path / "merged").glob("*.safetensors"))
    with pytest.raises(InputError, match="not finite after merging, expected finite weights; lower scale or weights"):
        merge([family[1]], tmp_path / "large", MergeOptions("task", scale=1e39), family[0])
