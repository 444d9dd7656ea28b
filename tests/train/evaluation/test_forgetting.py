import numpy as np
import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from train.evaluation.forgetting import COMPARISON, SUMMARY, compare, first_views, summarise


def scores(model: str, task: str, values: list[float], metric: str = "exact_match", seed: int = 0, each: int = 1):
    rows = {
        "model": model, "stage": "", "seed": seed, "task": task, "metric": metric,
        "item": [f"{n:03d}" for n in range(len(values))],
        "source": [f"{task}/{n // each}" for n in range(len(values))],
        "score": values,
    }  # fmt: skip
    return tables.complete(pl.DataFrame(rows), tables.EVALUATION)


def table() -> pl.DataFrame:
    lost = [0.0] * 60 + [1.0] * 40
    return pl.concat([
        scores("base", "old-a", [1.0] * 100), scores("base", "old-b", [1.0] * 50), scores("base", "new", [0.0] * 80),
        scores("plain", "old-a", lost), scores("plain", "old-b", [0.0] * 50), scores("plain", "new", [1.0] * 80),
        scores("kept", "old-a", [1.0] * 99 + [0.0]), scores("kept", "old-b", [1.0] * 50),
        scores("kept", "new", [1.0] * 72 + [0.0] * 8),
    ])  # fmt: skip


def test_every_task_is_compared_with_the_base() -> None:
    result = compare(table(), "base", ["new"])
    assert result.schema == COMPARISON
    assert result.select("model", "task", "kind", "items", "before", "after", "difference").rows() == [
        ("plain", "new", "new", 80, 0.0, 1.0, 1.0),
        ("plain", "old-a", "old", 100, 1.0, 0.4, -0.6),
        ("plain", "old-b", "old", 50, 1.0, 0.0, -1.0),
        ("kept", "new", "new", 80, 0.0, 0.9, 0.9),
        ("kept", "old-a", "old", 100, 1.0, 0.99, -0.01),
        ("kept", "old-b", "old", 50, 1.0, 1.0, 0.0),
    ]
    lost = result.row(1, named=True)
    assert -0.71 < lost["low"] < -0.6 < lost["high"] < -0.49
    assert result.filter(model="plain")["p_holm"].max() < 0.01  # type: ignore[operator]
    assert result.filter(model="kept", kind="old")["p_holm"].min() > 0.3  # type: ignore[operator]


def test_learning_and_forgetting_stand_side_by_side_and_tasks_count_the_same() -> None:
    result = summarise(table(), "base", ["new"], margin=0.05)
    assert result.schema == SUMMARY
    plain, kept = result.rows(named=True)
    assert (plain["learned"], kept["learned"]) == (1.0, pytest.approx(0.9))
    assert (plain["forgotten"], kept["forgotten"]) == (pytest.approx(0.8), pytest.approx(0.005))  # not 110 / 150
    assert plain["forgotten_low"] < 0.8 < plain["forgotten_high"]
    assert (plain["kept"], kept["kept"]) == (False, True)


def test_items_of_one_source_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(rng.integers(0, 2, 20), 10).astype(float).tolist()
    widths = []
    for each in (1, 10):
        rows = pl.concat([scores("base", "t", [1.0] * 200, each=each), scores("m", "t", values, each=each)])
        row = compare(rows, "base").row(0, named=True)
        widths.append(row["high"] - row["low"])
    assert widths[1] > 2 * widths[0]


def test_bits_per_byte_is_lost_when_it_rises_and_is_summarised_by_itself() -> None:
    rows = pl.concat([
        scores("base", "stories", [1.0] * 10, "bits_per_byte"), scores("m", "stories", [1.5] * 10, "bits_per_byte"),
        scores("base", "medicine", [4.0] * 10, "bits_per_byte"), scores("m", "medicine", [3.0] * 10, "bits_per_byte"),
        scores("base", "quiz", [0.0] * 10, "choice"), scores("m", "quiz", [1.0] * 10, "choice"),
        scores("base", "quiz", [0.0] * 10, "choice_per_byte"), scores("m", "quiz", [0.0] * 10, "choice_per_byte"),
    ])  # fmt: skip
    result = summarise(rows, "base", ["medicine"])
    assert result.select("unit", "learned", "forgotten").rows() == [("bits_per_byte", 1.0, 0.5), ("score", None, -1.0)]
    assert compare(rows, "base", ["medicine"]).filter(task="medicine")["difference"].to_list() == [-1.0]


def test_seeds_are_a_level_of_their_own_and_the_base_may_have_one() -> None:
    rows = pl.concat([scores("base", "t", [0.0] * 40)] + [
        scores("m", "t", [float(seed)] * 40, seed=seed) for seed in (0, 1)])  # fmt: skip
    row = compare(rows, "base").row(0, named=True)
    assert (row["items"], row["after"], row["low"], row["high"]) == (40, 0.5, 0.0, 1.0)


def test_a_single_source_has_a_difference_and_no_interval() -> None:
    rows = pl.concat([scores("base", "t", [1.0], each=9), scores("m", "t", [0.0], each=9)])
    row = compare(rows, "base").row(0, named=True)
    assert (row["difference"], row["low"], row["p"], row["p_holm"]) == (-1.0, None, None, None)
    assert summarise(rows, "base", margin=0.1).row(0, named=True)["forgotten_low"] is None


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(InputError, match="base model 'seed' is not in the evaluation, found base, kept, plain"):
        compare(table(), "seed")
    with pytest.raises(InputError, match="new task 'x' is not in the evaluation"):
        summarise(table(), "base", ["x"])
    with pytest.raises(InputError, match="not asked the same items, such as '001'"):
        compare(pl.concat([scores("base", "t", [1.0]), scores("m", "t", [1.0, 0.0])]), "base")
    with pytest.raises(InputError, match="more than once under a seed"):
        compare(pl.concat([scores("base", "t", [1.0])] * 2 + [scores("m", "t", [1.0])]), "base")
    unlike = [scores("base", "t", [1.0], seed=seed) for seed in (1, 2)] + [
        scores("m", "t", [1.0], seed=seed) for seed in (1, 3)]  # fmt: skip
    with pytest.raises(InputError, match="'base' has the seeds 1, 2 and 'm' 1, 3, expected the same, or one"):
        compare(pl.concat(unlike), "base")


def test_the_order_of_rows_changes_nothing() -> None:
    shuffled = table().sample(fraction=1, shuffle=True, seed=1).sort("model")
    for function in (compare, summarise):
        first = function(table().sort("model", maintain_order=True), "base", ["new"])
        assert first.equals(function(shuffled, "base", ["new"]))


def test_kept_is_said_by_a_test_against_the_margin_adjusted_over_tasks() -> None:
    def row(name: str) -> dict:
        found = compare(table(), "base", ["new"], margin=0.05, resamples=1000).filter(model=name, task="old-a")
        return found.row(0, named=True)

    plain, kept = row("plain"), row("kept")
    assert (plain["kept"], kept["kept"]) == (False, True)
    assert plain["p_margin"] == 1.0 and plain["equivalent"] is False
    # one of a hundred items was lost: of a loss of five that is rare (0.037, exactly); three tasks are tested together
    assert 0.005 < kept["p_margin"] < 0.05 and kept["p_margin_holm"] <= 3 * kept["p_margin"] + 1e-12
    without = compare(table(), "base", ["new"])
    assert without["kept"].null_count() == without["p_margin"].null_count() == without.height


def test_a_margin_for_bits_is_one_against_a_rise() -> None:
    rows = pl.concat([scores("base", "t", [2.0] * 30, "bits_per_byte"), scores("m", "t", [2.2] * 30, "bits_per_byte")])
    assert compare(rows, "base", margin=0.1).row(0, named=True)["kept"] is False
    down = pl.concat([scores("base", "t", [2.2] * 30, "bits_per_byte"), scores("m", "t", [2.0] * 30, "bits_per_byte")])
    found = compare(down, "base", margin=0.1).row(0, named=True)
    assert (found["kept"], found["equivalent"]) == (True, False)


def test_texts_weigh_as_their_bytes() -> None:
    def bits(model: str, first: float, second: float) -> pl.DataFrame:
        sizes = pl.Series(['{"bytes":10}', '{"bytes":30}'])
        return scores(model, "t", [first, second], "bits_per_byte").with_columns(prediction=sizes)

    rows = pl.concat([bits("base", 2.0, 2.0), bits("m", 4.0, 2.0)])
    assert compare(rows, "base").row(0, named=True)["difference"] == pytest.approx(20 / 40)
    assert summarise(rows, "base").row(0, named=True)["forgotten"] == pytest.approx(20 / 40)


def test_a_second_view_counts_only_where_it_is_alone() -> None:
    rows = pl.concat([scores(model, task, [1.0] * 4, metric) for model in ("base", "m") for task, metric in
                      (("a", "acc"), ("a", "acc_norm"), ("b", "acc_norm"))])  # fmt: skip
    assert sorted(first_views(rows).select("task", "metric").unique().rows()) == [("a", "acc"), ("b", "acc_norm")]
