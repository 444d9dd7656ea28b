import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from pipelines.jobs.comparison import comparison


def scores(**by_model: tuple[list[float], list[float]]) -> pl.DataFrame:
    """Scores of the tasks `old` and `new` under each model."""
    rows = [
        {"model": model, "stage": "s", "seed": 0, "task": task, "item": str(n), "source": str(n), "cluster": None,
         "metric": "contains", "score": value, "prediction": "", "finish_reason": "stop"}
        for model, both in by_model.items() for task, values in zip(("old", "new"), both, strict=True)
        for n, value in enumerate(values)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=tables.EVALUATION)


def test_learned_and_forgotten_are_the_changes_on_new_and_old_tasks():
    made = scores(base=([1, 1, 1, 1], [0, 0, 0, 0]), tuned=([1, 0, 0, 1], [1, 1, 1, 0]))
    facts = comparison(made, ["base", "tuned"], ["new"], None, 500, 1)
    summary = facts["summary"][0]
    assert (summary["model"], summary["kept"]) == ("tuned", None)
    assert summary["learned"]["mean"] == pytest.approx(0.75)
    assert summary["forgotten"]["mean"] == pytest.approx(0.5)
    assert summary["forgotten"]["low"] <= 0.5 <= summary["forgotten"]["high"]
    old = next(row for row in facts["comparison"] if row["task"] == "old")
    assert (old["kind"], old["before"], old["after"], old["difference"]) == ("old", 1.0, 0.5, -0.5)
    assert [(row["model"], row["task"], row["mean"]) for row in facts["scores"]] == [
        ("base", "new", 0.0), ("base", "old", 1.0), ("tuned", "new", 0.75), ("tuned", "old", 0.5)]  # fmt: skip


def test_no_forgetting_is_said_only_within_a_margin():
    same = ([1.0] * 50, [0.0] * 50)
    facts = comparison(scores(base=same, tuned=same), ["base", "tuned"], ["new"], 0.02, 500, 1)
    assert facts["summary"][0]["kept"] is True
    worse = ([1.0] * 25 + [0.0] * 25, [1.0] * 50)
    facts = comparison(scores(base=same, tuned=worse), ["base", "tuned"], ["new"], 0.02, 500, 1)
    assert facts["summary"][0]["kept"] is False


def test_answers_that_were_cut_are_counted_among_the_generated_ones():
    same = ([1.0, 1.0, 0.0], [0.0, 1.0, 1.0])
    made = scores(base=same, tuned=same)
    cut = (pl.col("model") == "tuned") & (pl.col("task") == "old") & (pl.col("score") == 1)
    likelihood = pl.col("item") == "2"
    made = made.with_columns(
        finish_reason=pl.when(likelihood).then(None).when(cut).then(pl.lit("length")).otherwise(pl.col("finish_reason"))
    )
    facts = comparison(made, ["base", "tuned"], ["new"], None, 500, 1)
    assert facts["answers"] == [
        {"model": "base", "answers": 4, "cut": 0},
        {"model": "tuned", "answers": 4, "cut": 2},
    ]


def test_a_new_task_that_was_not_examined_is_refused():
    same = ([1.0], [0.0])
    with pytest.raises(InputError, match="'nwe'"):
        comparison(scores(base=same, tuned=same), ["base", "tuned"], ["nwe"], None, 500, 1)
