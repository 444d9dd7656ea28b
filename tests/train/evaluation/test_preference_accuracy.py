import math
from pathlib import Path

import polars as pl
import pytest
import torch

from train import models
from train.data.comparison_encoding import ENCODED
from train.evaluation.preference_accuracy import padded, preference_accuracy


def pairs(*rows: tuple[list[int], list[int], list[int]]) -> pl.DataFrame:
    made = [{"row_id": str(n), "prompt_ids": asked, "answers": [better, worse], "scores": [1.0, 0.0]}
            for n, (asked, better, worse) in enumerate(rows)]  # fmt: skip
    return pl.DataFrame(made, schema=ENCODED)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> torch.nn.Module:
    return models.causal_lm(tiny_model)


@torch.no_grad()
def alone(model: torch.nn.Module, asked: list[int], answer: list[int]) -> float:
    """Log-probability of an answer that passes through the model by itself."""
    probabilities = model(torch.tensor([asked + answer])).logits[0].log_softmax(-1)
    return sum(probabilities[len(asked) + n - 1, token].item() for n, token in enumerate(answer))


def test_what_is_padded_counts_nothing() -> None:
    made = padded([([5, 6], [7]), ([5], [8, 9, 1])])
    assert made.input_ids.tolist() == [[5, 6, 7, 0], [5, 8, 9, 1]]
    assert made.attention_mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert made.labels.tolist() == [[-100, -100, 7, -100], [-100, 8, 9, 1]]


@pytest.mark.parametrize("batch", [1, 3])
def test_the_likelier_answer_of_every_pair_is_counted(model: torch.nn.Module, batch: int) -> None:
    rows = [([10, 20], [30, 40, 1], [50, 1]), ([11], [31, 1], [51, 52, 53, 1]), ([10, 20, 30], [60, 1], [61, 1]),
            ([12], [33, 1], [33, 1])]  # fmt: skip
    sums = [(alone(model, asked, better), alone(model, asked, worse)) for asked, better, worse in rows]
    means = [(one / len(rows[n][1]), other / len(rows[n][2])) for n, (one, other) in enumerate(sums)]
    for per_token, expected in ((False, sums), (True, means)):
        found = preference_accuracy(model, pairs(*rows), per_token, batch)
        assert (found.pairs, found.right) == (4, sum(one > other for one, other in expected))
        assert math.isclose(found.margin, sum(one - other for one, other in expected) / 4, rel_tol=1e-4)
        assert found.share == found.right / 4 and found.low < found.share < found.high
        assert found.per_token == per_token
    swapped = preference_accuracy(model, pairs(*((asked, worse, better) for asked, better, worse in rows[:3])), False)
    assert swapped.right == 3 - sum(one > other for one, other in sums[:3])


def test_the_model_is_left_as_it_was(model: torch.nn.Module) -> None:
    for training in (True, False):
        model.train(training)
        preference_accuracy(model, pairs(([1], [2], [3])), True)
        assert model.training == training
