"""Expected against actual scores of a merged model, from the tables of an evaluation."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from pipelines.recipe import Recipe, validate
from pipelines.report.merging import merge
from pipelines.report.synergy import shown, synergy

SCORES = {  # of four items each, from two sources
    "first": {"exact": [1.0, 1.0, 0.0, 0.0], "bits_per_byte": [2.0, 2.0, 2.0, 2.0]},
    "second": {"exact": [1.0, 0.0, 0.0, 0.0], "bits_per_byte": [4.0, 4.0, 4.0, 4.0]},
    "merged": {"exact": [1.0, 1.0, 1.0, 0.0], "bits_per_byte": [1.0, 1.0, 1.0, 3.0]},
}


def recipe(**models: str) -> Recipe:
    training = {"job": "train", "model": "m", "data": [{"path": "x"}]}
    steps: dict[str, Any] = {
        "tuned": training,
        "joined": {"job": "merge", "models": ["m", "step:tuned"]},
        "examined": {"job": "evaluate", "models": models, "tasks": ["t"]},
    }
    return validate({"steps": steps}, "r")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, (model, metrics) in enumerate(SCORES.items()):
        rows = [
            {"model": model, "task": "t", "item": str(at), "source": f"s{at % 2}", "metric": metric, "score": score}
            for metric, scores in metrics.items()
            for at, score in enumerate(scores)
        ]
        frame = tables.complete(pl.DataFrame(rows), tables.EVALUATION)
        (tmp_path / "evaluation" / "examined").mkdir(parents=True, exist_ok=True)
        frame.write_parquet(tmp_path / "evaluation" / "examined" / f"{number:02d}.parquet")
    return tmp_path


def test_expected_is_the_mean_of_the_parents_and_more_is_better_in_every_unit(folder):
    found = synergy(folder, recipe(first="m", second="step:tuned", merged="step:joined"), "joined")
    bits, exact = found
    assert (exact["parents"], exact["expected"], exact["actual"]) == ([0.5, 0.25], 0.375, 0.75)
    assert exact["synergy"] == pytest.approx(0.375) and exact["low"] <= 0.375 <= exact["high"]
    assert (bits["expected"], bits["actual"], bits["synergy"]) == (3.0, 1.5, 1.5)
    assert {row["step"] for row in found} == {"examined"} and exact["items"] == 4


def test_nothing_is_said_where_a_parent_or_the_result_was_not_examined(folder):
    assert synergy(folder, recipe(first="m", merged="step:joined"), "joined") == []
    assert synergy(folder, recipe(first="m", second="step:tuned"), "joined") == []
    assert synergy(folder / "empty", recipe(first="m", second="step:tuned", merged="step:joined"), "joined") == []


def test_the_page_shows_points_and_bits(folder):
    rows = synergy(folder, recipe(first="m", second="step:tuned", merged="step:joined"), "joined")
    bits, exact = shown(rows)
    assert (exact["parents"], exact["expected"], exact["actual"], exact["synergy"]) == (
        "50.0, 25.0",
        "37.5",
        "75.0",
        "+37.5",
    )
    assert bits["synergy"] == "+1.500"
    assert merge({"facts": {}, "synergy": rows})["synergy"] == [bits, exact]
