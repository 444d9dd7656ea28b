import json
from pathlib import Path
from typing import Any

import pytest
import torch

from curation import tables
from train import models
from train.losses import tokens
from train.methods.answers import Answered, collated, of_pairs
from train.options.run import Source, TrainOptions
from train.training import train

ROWS = [
    {"prompt_ids": [5, 6], "answers": [[7, 1], [8, 9, 1]], "scores": [2.0, 1.0]},
    {"prompt_ids": [5], "answers": [[10, 1]], "scores": [3.0]},
    {"prompt_ids": [6], "answers": [[11, 1], [12, 13, 14, 1], [1]], "scores": [0.0, 1.0, -1.0]},
]


def test_rows_of_different_numbers_of_answers_are_one_batch() -> None:
    batch = collated(ROWS)
    assert batch["input_ids"].tolist()[:3] == [[5, 6, 7, 1, 0], [5, 6, 8, 9, 1], [5, 10, 1, 0, 0]]
    assert batch["labels"].tolist()[2] == [-100, 10, 1, -100, -100]
    assert batch["mask"].tolist() == [[True, True, False], [True, False, False], [True, True, True]]
    assert batch["scores"].tolist() == [[2.0, 1.0, 0.0], [3.0, 0.0, 0.0], [0.0, 1.0, -1.0]]


def test_every_answer_s_log_probability_stands_in_its_place(tiny_model: Path) -> None:
    """A padded batch gives what each answer alone gives."""
    from train.methods.answers import _grid

    model, batch = models.causal_lm(tiny_model), collated(ROWS)
    with torch.no_grad():
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        grid = _grid(tokens.sums(*tokens.log_probabilities(logits, batch["labels"])), batch["mask"])
        for number, row in enumerate(ROWS):
            for place, answer in enumerate(row["answers"]):
                ids = torch.tensor([row["prompt_ids"] + answer])
                labels = torch.tensor([[-100] * len(row["prompt_ids"]) + answer])
                alone = tokens.sums(*tokens.log_probabilities(model(ids).logits, labels))
                torch.testing.assert_close(grid[number, place], alone[0], atol=1e-4, rtol=0)
    assert grid[1, 1:].tolist() == [0.0, 0.0]


def test_pairs_are_compared_by_the_token_or_whole() -> None:
    answered = Answered(torch.tensor([[-4.0, -3.0]]), torch.tensor([[4.0, 2.0]]), torch.tensor([[1.0, 0.0]]),
                        torch.ones(1, 2, dtype=torch.bool))  # fmt: skip
    for per_token, margin in ((True, 0.5), (False, -1.0)):
        _, _, measures = of_pairs(answered, per_token)
        assert (measures["margins"].item(), measures["accuracies"].item()) == (margin, float(margin > 0))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    made = [{"prompt": f"say {word}: ", "responses": [word.upper(), word, "?"], "scores": [2, 1, 0]}
            for word in ("ab", "cd", "ef", "gh", "ij", "kl")]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in made))
    return path


class Stopped(Exception):
    pass


@pytest.mark.parametrize(("method", "tuning"), [("rrhf", "lora"), ("slic", "full"), ("orpo", "blocks")])
def test_a_run_that_stopped_ends_with_the_same_bytes(
    raw_model: Path, rows: Path, tmp_path: Path, method: Any, tuning: Any
) -> None:
    from train.options.blocks import Blocks
    from train.options.tunings import Lora

    options = TrainOptions(str(raw_model), (Source(rows),), method=method, tuning=tuning, steps=6, batch_size=4,
                           micro_batch_size=2, learning_rate=3e-3, lora=Lora(rank=4, dropout=0.2), checkpoint_steps=2,
                           blocks=Blocks(groups=2), threads=1)  # fmt: skip

    def stop(progress: Any) -> None:
        if progress.step == 5:
            raise Stopped

    with pytest.raises(Stopped):
        train(options, tmp_path / "stopped", stop)
    again, whole = train(options, tmp_path / "stopped"), train(options, tmp_path / "whole")
    assert again.resumed_from == 4
    for name in ("model.safetensors", "run_card.json"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    assert whole.losses[-1] < whole.losses[0]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_step_in_parts_is_the_step(raw_model: Path, rows: Path, tmp_path: Path, checkpointing: bool) -> None:
    made = {}
    for micro in (6, 2):
        options = TrainOptions(str(raw_model), (Source(rows),), method="orpo", steps=2, batch_size=6, warmup=0.0,
                               micro_batch_size=micro, learning_rate=1e-3, threads=1,
                               gradient_checkpointing=checkpointing)  # fmt: skip
        made[micro] = train(options, tmp_path / f"{micro}")
    assert made[6].losses == pytest.approx(made[2].losses, abs=1e-5)
    for name, values in made[6].card["measures"].items():
        assert values == pytest.approx(made[2].card["measures"][name], abs=1e-4), name
    assert tables.canonical_json(made[6].card["sources"]) == tables.canonical_json(made[2].card["sources"])
