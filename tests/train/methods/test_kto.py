import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from curation.errors import InputError
from train import models
from train.data.encoding import Encoder
from train.evaluation.preference_accuracy import padded
from train.losses import tokens
from train.methods.kto import neighbours, prepare
from train.options.preferences import Kto
from train.options.run import Source, TrainOptions
from train.training import train


def asked(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"say {word}"}]


ROWS = [
    {"prompt": asked("ab"), "completion": "AB", "label": True},
    {"prompt": asked("cd"), "completion": "cd!", "label": False},
    {"prompt": asked("ef"), "chosen": "EFEF", "rejected": "ef"},  # a pair is two labels
    {"prompt": asked("안녕"), "completion": "bye", "label": False},
    {"prompt": asked("gh"), "completion": "GH", "label": True},
]


@pytest.fixture
def encoder(byte_tokenizer: Callable[..., Any]) -> Encoder:
    return Encoder(byte_tokenizer(), frozenset({1}), 64, "refuse")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(model: Path, rows: Path, steps: int, **fields: Any) -> TrainOptions:
    return TrainOptions(str(model), (Source(rows),), method="kto", tuning="full", steps=steps, learning_rate=1e-3,
                        **{"batch_size": 6, **fields}, schedule="constant", warmup=0.0, threads=1)  # fmt: skip


def test_a_row_is_set_against_the_one_before_it_in_its_batch() -> None:
    assert neighbours(6, 3) == [2, 0, 1, 5, 3, 4]
    assert neighbours(5, 3) == [2, 0, 1, 4, 3]
    assert neighbours(4, 3) == [2, 0, 1, 2], "alone in the last batch, it is set against the row before"


def test_rows_come_as_the_trainer_reads_them(tiny_model: Path, tmp_path: Path, encoder: Encoder) -> None:
    rows = write(tmp_path / "rows.jsonl", ROWS)
    made = prepare(options(tiny_model, rows, 2, micro_batch_size=3), encoder)
    found = list(made.dataset)
    said = {
        (encoder.tokenizer.decode(row["completion_ids"]).removesuffix("<|end|>"), row["label"]) for row in found[:6]
    }
    assert said == {("AB", True), ("cd!", False), ("EFEF", True), ("ef", False), ("bye", False), ("GH", True)}
    for place, row in enumerate(found):
        other = found[place // 6 * 6 + (place - 1) % 6]
        assert row["KL_completion_ids"] == other["completion_ids"] != row["completion_ids"]


def test_an_answer_to_another_prompt_is_cut_to_the_room_behind_this_one(
    tiny_model: Path, tmp_path: Path, byte_tokenizer: Callable[..., Any]
) -> None:
    rows = write(tmp_path / "rows.jsonl", [{"prompt": "p" * 18, "completion": "a", "label": True},
                                           {"prompt": "q", "completion": "b" * 18, "label": False}])  # fmt: skip
    encoder = Encoder(byte_tokenizer(), frozenset({1}), 20, "refuse")
    made = list(prepare(options(tiny_model, rows, 1, batch_size=2), encoder).dataset)
    assert sorted(len(row["KL_completion_ids"]) for row in made) == [2, 2]
    assert max(len(row["prompt_ids"] + row["KL_completion_ids"]) for row in made) == 20


@pytest.mark.parametrize("kto", [Kto(), Kto(beta=0.4, desirable=1.3, undesirable=0.7)])
def test_the_loss_is_the_paper_s(tiny_model: Path, tmp_path: Path, encoder: Encoder, kto: Kto) -> None:
    """The loss of the second step (equations 7 and 8), computed from the model that the first one made."""
    rows = write(tmp_path / "rows.jsonl", ROWS)
    one, two = (train(options(tiny_model, rows, steps, kto=kto), tmp_path / f"{steps}") for steps in (1, 2))
    batch = list(prepare(options(tiny_model, rows, 2), encoder).dataset)[6:]

    def moved(key: str) -> torch.Tensor:
        given = padded([(row["prompt_ids"], row[key]) for row in batch])
        found = []
        for folder in (one.folder, tiny_model):
            with torch.no_grad():
                logits = models.causal_lm(folder)(given.input_ids, attention_mask=given.attention_mask).logits
            found.append(tokens.sums(*tokens.log_probabilities(logits, given.labels)))
        return found[0] - found[1]

    kl, gained = moved("KL_completion_ids").mean().clamp(min=0), moved("completion_ids")
    good = torch.tensor([row["label"] for row in batch])
    value = torch.sigmoid(kto.beta * torch.where(good, gained - kl, kl - gained))
    expected = (torch.where(good, kto.desirable, kto.undesirable) * (1 - value)).mean()
    assert two.losses[1] == pytest.approx(expected.item(), abs=1e-5)
    assert two.card["measures"]["kl"] == pytest.approx([0.0, kl.item()], abs=1e-4)
    assert two.card["measures"]["rewards/chosen"][1] == pytest.approx(kto.beta * gained[good].mean().item(), abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "fields", "message"),
    [
        (ROWS, {"batch_size": 1}, "batch_size is 1 in each process, expected at least 2 with method kto"),
        (ROWS, {"micro_batch_size": 1}, "micro_batch_size is 1 in each process, expected"),
        (ROWS[:1], {}, "data: 6 answers are all good, expected both"),
        ([ROWS[1]], {}, "data: 6 answers are all bad, expected both"),
        ([{"prompt": "a", "responses": ["b", "c"], "scores": [1, 2]}], {}, "rows.jsonl, line 1 .* found a ranking"),
    ],
)
def test_what_kto_cannot_learn_from_is_refused(
    tiny_model: Path, tmp_path: Path, encoder: Encoder, rows: list[dict[str, Any]], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(options(tiny_model, write(tmp_path / "rows.jsonl", rows), 1, **fields), encoder)
