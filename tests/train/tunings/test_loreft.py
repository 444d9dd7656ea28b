import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from curation.errors import InputError
from train import models
from train.options.run import Source, TrainOptions
from train.options.tunings import Loreft
from train.training import train
from train.tunings import loreft

IDS = torch.tensor([[7, 8, 9, 10, 11, 12, 13, 14], [20, 21, 22, 23, 0, 0, 0, 0]])
MASK = torch.tensor([[1] * 8, [1] * 4 + [0] * 4])


def attached(folder: Path, options: Loreft, moved: float = 0.5) -> torch.nn.Module:
    """A model whose changes do something."""
    model = models.causal_lm(folder).eval()
    changes = loreft.attach(model, options, 3)
    torch.manual_seed(9)
    for change in changes.of.values():
        change.bias.data.normal_(0, moved)
        change.source.data += moved * torch.randn_like(change.source) if moved else 0
    return model


def aimed(changes: loreft.Interventions, **named: object) -> list[list[int]]:
    """Positions of each row that would be changed."""
    changes.aim(None, (IDS,), {"attention_mask": MASK, **named})
    assert changes.positions is not None
    return [row.nonzero()[:, 0].tolist() for row in changes.positions]


def test_a_state_is_what_the_paper_says() -> None:
    change = loreft.Intervention(6, 2, torch.Generator().manual_seed(1))
    states = torch.randn(3, 4, 6)
    assert change(states).abs().max() < 1e-6, "nothing before training"
    change.bias.data.normal_()
    change.source.data.normal_()
    rotation = change.rotation.T  # R of shape (rank, hidden)
    assert torch.allclose(rotation @ rotation.T, torch.eye(2), atol=1e-6)
    for state, changed in zip(states.view(-1, 6), (states + change(states)).view(-1, 6), strict=True):
        wanted = state + rotation.T @ (change.source @ state + change.bias - rotation @ state)
        assert torch.allclose(changed, wanted, atol=1e-6)


def test_a_model_begins_as_it_was_and_is_changed_at_its_positions_alone(raw_model: Path) -> None:
    model = models.causal_lm(raw_model).eval()
    seen: list[torch.Tensor] = []
    model.model.layers[1].register_forward_pre_hook(lambda layer, given: seen.append(given[0].detach()))
    given = {"input_ids": IDS, "attention_mask": MASK, "use_cache": False}
    told = {**given, "prompt_tokens": torch.tensor([5, 3])}
    plain = model(**given).logits
    change = loreft.attach(model, Loreft(rank=2, first=1, last=1, layers=(0,)), 3).of["0"]
    assert torch.allclose(model(**told).logits, plain, atol=1e-5)
    change.bias.data.fill_(0.5)
    model(**told)
    before, after = seen[0], seen[2]
    places = torch.zeros_like(MASK, dtype=torch.bool)
    for row, last in enumerate((4, 2)):
        places[row, [0, last]] = True
    assert after[~places].equal(before[~places])
    assert (after - before)[places].norm(dim=-1).tolist() == pytest.approx([math.sqrt(0.5)] * 4, rel=1e-3)  # |R^T b|


def test_positions_are_counted_in_each_row(raw_model: Path) -> None:
    changes = loreft.attach(models.causal_lm(raw_model), Loreft(first=2, last=1), 3).eval()
    assert aimed(changes, prompt_tokens=torch.tensor([5, 3])) == [[0, 1, 4], [0, 1, 2]]
    labels = torch.where(torch.arange(8) < torch.tensor([[6], [1]]), -100, IDS)
    assert aimed(changes, labels=labels) == [[0, 1, 5], [0]]
    assert aimed(changes, use_cache=True) == [[0, 1, 7], [0, 1, 3]]
    left = torch.tensor([[1] * 8, [0] * 4 + [1] * 4])
    assert aimed(changes, attention_mask=left, prompt_tokens=torch.tensor([5, 3])) == [[0, 1, 4], [4, 5, 6]]
    with pytest.raises(RuntimeError, match="must know where each row's prompt ends"):
        aimed(changes)


def test_an_answer_is_written_with_a_cache_as_without(raw_model: Path) -> None:
    model = attached(raw_model, Loreft(rank=2, first=1, last=2))
    made = model.generate(IDS[:1], max_new_tokens=6, do_sample=False, use_cache=True, pad_token_id=0)
    ids = IDS[:1]
    for _ in range(made.shape[1] - 8):
        logits = model(input_ids=ids, use_cache=False, prompt_tokens=torch.tensor([8])).logits[:, -1]
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], dim=1)
    assert made.equal(ids) and made.shape[1] > 8
    plain = models.causal_lm(raw_model)(IDS[:1]).logits
    assert (
        model(input_ids=IDS[:1], prompt_tokens=torch.tensor([8]), use_cache=False).logits - plain
    ).abs().max() > 1e-3


def test_what_is_written_is_read_again(raw_model: Path, tmp_path: Path) -> None:
    options = Loreft(rank=3, layers=(1,))
    model = attached(raw_model, options)
    loreft.write(model.loreft, tmp_path / "a.safetensors")
    assert set(load_file(tmp_path / "a.safetensors")) == {"1.rotation", "1.source", "1.bias"}
    again = models.causal_lm(raw_model).eval()
    loreft.hook(again, loreft.read(tmp_path / "a.safetensors", 64, options))
    told = {"attention_mask": MASK, "prompt_tokens": torch.tensor([5, 3]), "use_cache": False}
    assert again(input_ids=IDS, **told).logits.equal(model(input_ids=IDS, **told).logits)
    with pytest.raises(InputError, match="expected rotation, source and bias of rank 2 and width 64 for layers"):
        loreft.read(tmp_path / "a.safetensors", 64, Loreft(rank=2, layers=(1,)))


def test_training_keeps_the_subspace_orthonormal_and_the_model_as_it_was(raw_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"say {a}", "completion": a.upper()}) + "\n" for a in ("ab", "cde")))
    given = {"tuning": "loreft", "loreft": Loreft(rank=2, first=1, last=1), "steps": 6, "batch_size": 2, "threads": 1}
    report = train(TrainOptions(str(raw_model), (Source(path),), learning_rate=3e-2, **given), tmp_path / "out")
    tensors = load_file(report.folder / "adapter" / "adapter_model.safetensors")
    for layer in ("0", "1"):
        rotation = tensors[f"{layer}.rotation"]
        assert torch.allclose(rotation.T @ rotation, torch.eye(2), atol=1e-5)
    assert report.losses[-1] < report.losses[0]
    assert not (report.folder / "model.safetensors").exists() and not (report.folder / "config.json").exists()
    again = train(TrainOptions(str(raw_model), (Source(path),), learning_rate=3e-2, **given), tmp_path / "again")
    weights = [folder / "adapter" / "adapter_model.safetensors" for folder in (report.folder, again.folder)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_row_without_a_prompt_is_refused(raw_model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": "all of it is learned"}) + "\n")
    options = TrainOptions(str(raw_model), (Source(tmp_path / "texts.jsonl"),), tuning="loreft", steps=1, batch_size=1)
    with pytest.raises(InputError, match="a row has no prompt whose positions could be changed"):
        train(options, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (Loreft(layers=(0, 7)), "loreft.layers names 7, expected numbers below 2"),
        (Loreft(rank=65), "loreft.rank is 65, expected at most 64"),
    ],
)
def test_what_the_model_has_not_is_refused(options: Loreft, sentence: str, raw_model: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        loreft.attach(models.causal_lm(raw_model), options, 3)
