import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from pipelines.jobs.comparison import Asked, compared, comparison


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
    for items, shown in ((50, False), (200, True)):  # none of 50 lost is what a loss of 2 in 100 shows in every third
        same = ([1.0] * items, [0.0] * items)
        facts = comparison(scores(base=same, tuned=same), ["base", "tuned"], ["new"], 0.02, 500, 1)
        assert facts["summary"][0]["kept"] is shown
    same = ([1.0] * 50, [0.0] * 50)
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


def test_a_sham_takes_away_what_the_steps_alone_did():
    made = scores(base=([1.0] * 40, [0.0] * 40), sham=([1.0] * 30 + [0.0] * 10, [0.0] * 40),
                  tuned=([1.0] * 20 + [0.0] * 20, [1.0] * 40))  # fmt: skip
    facts = compared(made, ["base", "sham", "tuned"], Asked(["new"], sham="sham", resamples=200))
    (beyond,) = facts["sham"]["summary"]
    assert (beyond["model"], beyond["forgotten"]["mean"], beyond["learned"]["mean"]) == ("tuned", 0.25, 1.0)
    assert {row["model"] for row in facts["sham"]["comparison"]} == {"tuned"}
    assert comparison(made, ["base", "sham", "tuned"], ["new"], None, 200, 0)["sham"] is None
    with pytest.raises(InputError, match="sham: found 'base', expected one of the models after the base"):
        compared(made, ["base", "sham", "tuned"], Asked(["new"], sham="base"))


def test_stages_make_a_matrix_and_two_models_always_do():
    made = scores(base=([1.0] * 10, [0.0] * 10), tuned=([0.0] * 10, [1.0] * 10))
    (found,) = comparison(made, ["base", "tuned"], ["new"], None, 100, 0)["sequences"]
    assert [(task["task"], task["stage"]) for task in found["tasks"]] == [("old", None), ("new", "tuned")]
    assert [[cell["mean"] for cell in row["cells"]] for row in found["matrix"]] == [[1.0, 0.0], [0.0, 1.0]]
    first = found["matrix"][0]["cells"][0]  # ten of ten are not yet all
    assert (first["low"], first["high"]) == pytest.approx((0.722, 1.0), abs=1e-3)
    assert found["measures"]["backward_transfer"]["mean"] == -1.0 and found["measures"]["forward_transfer"] is None
    three = pl.concat([made, scores(third=([0.0] * 10, [1.0] * 10))])
    assert comparison(three, ["base", "tuned", "third"], ["new"], None, 100, 0)["sequences"] == []


def test_scores_have_intervals_by_source_chance_and_perplexity():
    made = scores(base=([1.0, 0.0] * 20, [1.0, 0.0] * 20))
    alone, together = (
        compared(made.with_columns(source=pl.col("item").cast(pl.Int64).floordiv(each).cast(pl.String)), ["base"],
                 Asked(chance={"old": 0.25}, resamples=300))["scores"][1] for each in (1, 40)
    )  # fmt: skip
    assert (alone["chance"], alone["mean"]) == (0.25, 0.5) and 0.3 < alone["low"] < 0.4
    assert together["low"] is None  # one source: nothing to draw from
    texts = pl.DataFrame(
        [{"model": "base", "stage": "s", "seed": 0, "task": "t", "item": str(n), "source": str(n),
          "metric": "bits_per_byte", "score": bits / size,
          "prediction": f'{{"bits":{bits},"bytes":{size},"tokens":{size // 2}}}'}
         for n, (bits, size) in enumerate([(10.0, 10), (60.0, 30)])], schema=tables.EVALUATION)  # fmt: skip
    (row,) = compared(texts, ["base"], Asked(resamples=200))["scores"]
    assert row["mean"] == pytest.approx(70 / 40) and row["perplexity"] == pytest.approx(2 ** (70 / 20))
    assert (row["low"], row["high"]) == (1.0, 2.0)


def test_clusters_are_compared_by_themselves():
    made = scores(base=([1.0] * 40, [0.0] * 40), tuned=([1.0] * 20 + [0.0] * 20, [0.0] * 40))
    split = made.with_columns(cluster=pl.when(pl.col("task") == "old").then(pl.col("item").cast(pl.Int64) // 20))
    rows = compared(split, ["base", "tuned"], Asked(["new"], resamples=200))["clusters"]
    assert [(row["task"], row["cluster"], row["items"], row["difference"], row["kind"]) for row in rows] == [
        ("old", 0, 20, 0.0, "old"), ("old", 1, 20, -1.0, "old")]  # fmt: skip
    assert rows[1]["p_holm"] < 0.05 < rows[0]["p_holm"]
    assert comparison(made, ["base", "tuned"], ["new"], None, 100, 0)["clusters"] == []
