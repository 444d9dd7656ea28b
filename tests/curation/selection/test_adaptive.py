"""Forgetting read from an evaluation, and budgets that follow it, worked by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.errors import InputError
from curation.selection import AdaptiveOptions, allocate, forgetting
from curation.selection.adaptive import weights


def table(*rows: tuple[str, str, str, float], **columns: Any) -> pl.DataFrame:
    """Rows of (model, task, item, score); an item named `x@3` is of cluster 3, a task named `t:m` has metric m."""
    found = []
    for model, task, item, score in rows:
        name, _, metric = task.partition(":")
        cluster = item.partition("@")[2]
        found.append(
            {"model": model, "stage": "s", "seed": 1, "task": name, "item": item, "metric": metric or "exact_match",
             "score": score, "cluster": int(cluster) if cluster else None, **columns}
        )  # fmt: skip
    return tables.complete(pl.DataFrame(found, infer_schema_length=None), tables.EVALUATION)


def test_the_rest_after_the_floor_goes_by_what_was_lost_above_the_margin() -> None:
    """Lost 0.5, 0.1 and 0: above a margin of 0.1 only 0.4. Of 100, a floor of 0.3 is 10 each, and 70 for the first."""
    assert allocate([0.5, 0.1, 0.0], 100, 0.1, 0.3).tolist() == [80, 10, 10]
    assert weights([0.5, 0.3, -0.2], 0.1, 0.0).tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert allocate([0.5, 0.3, 0.0], 100, 0.1, 0.0).tolist() == [67, 33, 0]


def test_where_nothing_was_forgotten_all_parts_are_equal() -> None:
    assert allocate([0.0, -0.5, 0.02], 10, 0.02, 0.0).tolist() == [4, 3, 3]
    assert allocate([], 10, 0.0, 0.5).tolist() == []
    assert allocate([0.3, 0.4], 0, 0.0, 0.5).tolist() == [0, 0]


@given(
    lost=st.lists(st.floats(-1, 1), min_size=1, max_size=8), total=st.integers(0, 10_000),
    margin=st.floats(0, 1), floor=st.floats(0, 1),
)  # fmt: skip
def test_parts_sum_and_keep_to_the_floor_and_the_order(
    lost: list[float], total: int, margin: float, floor: float
) -> None:
    parts = allocate(lost, total, margin, floor)
    assert parts.sum() == total
    assert (parts >= int(floor * total / len(lost) * (1 - 1e-12))).all()
    order = np.argsort(lost, kind="stable")
    assert (np.diff(parts[order]) >= -1).all()  # who lost more gets no less, but for the one of rounding


def test_tasks_and_clusters_worked_by_hand() -> None:
    scores = {"a@0": (1, 0), "b@0": (1, 1), "c@1": (1, 0), "d@1": (0, 0), "e": (1, 1)}
    rows = [(model, "quiz", item, pair[at]) for at, model in enumerate(("old", "new")) for item, pair in scores.items()]
    found = forgetting(table(*rows), AdaptiveOptions())
    assert found.rows() == [
        ("quiz", None, 5, 0.8, 0.4, pytest.approx(0.4)),
        ("quiz", 0, 2, 1.0, 0.5, 0.5),
        ("quiz", 1, 2, 0.5, 0.0, 0.5),
    ]


def test_seeds_are_averaged_and_metrics_too_and_second_views_left_out() -> None:
    one = table(("old", "t", "a", 1.0), ("new", "t", "a", 0.0), ("old", "t:rouge_l", "a", 0.5),
                ("new", "t:rouge_l", "a", 0.5), ("old", "t:choice_per_byte", "a", 1.0))  # fmt: skip
    other = table(("new", "t", "a", 1.0), seed=2)
    (row,) = forgetting(pl.concat([one, other]), AdaptiveOptions()).to_dicts()
    assert row == {"task": "t", "cluster": None, "items": 1, "before": 0.75, "after": 0.5, "forgotten": 0.25}


def test_bits_per_byte_are_lost_when_they_rise() -> None:
    (row,) = forgetting(
        table(("old", "books:bits_per_byte", "a", 2.0), ("new", "books:bits_per_byte", "a", 2.5)), AdaptiveOptions()
    ).to_dicts()
    assert row["forgotten"] == 0.25 and (row["before"], row["after"]) == (2.0, 2.5)


def test_the_order_of_rows_says_only_which_model_is_first() -> None:
    rows = [("old", "t", "a", 1.0), ("mid", "t", "a", 0.8), ("new", "t", "a", 0.3), ("old", "s", "b", 0.5),
            ("mid", "s", "b", 0.5), ("new", "s", "b", 0.25)]  # fmt: skip
    found = forgetting(table(*rows), AdaptiveOptions())
    assert found["task"].to_list() == ["s", "t"] and found["forgotten"].to_list() == [0.25, pytest.approx(0.7)]
    turned = forgetting(table(*rows[::-1]), AdaptiveOptions(before="old", after="new"))
    assert turned.equals(found)
    (s, t) = forgetting(table(*rows), AdaptiveOptions(after="mid"))["forgotten"]
    assert s == 0.0 and t == pytest.approx(0.2)


def test_tables_that_cannot_be_compared_are_refused() -> None:
    rows = [("old", "t", "a", 1.0), ("new", "t", "b", 1.0)]
    with pytest.raises(InputError, match=r"task 't', exact_match: 'old' has 1 items and 'new' 1, 2 of them unlike"):
        forgetting(table(*rows), AdaptiveOptions())
    with pytest.raises(InputError, match="found 1 models, expected one before and one after"):
        forgetting(table(rows[0]), AdaptiveOptions())
    with pytest.raises(InputError, match="no model 'newest', expected one of 'old', 'new'"):
        forgetting(table(*rows), AdaptiveOptions(after="newest"))
    with pytest.raises(InputError, match="'old' is both before and after"):
        forgetting(table(*rows), AdaptiveOptions(after="old"))
    with pytest.raises(InputError, match="margin is -0.1, expected 0 to 1"):
        AdaptiveOptions(margin=-0.1)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf"), -0.5])
def test_scores_that_are_no_numbers_from_0_on_are_named(score: float) -> None:
    """NaN would decide over every part; of a model that is not compared nothing is asked."""
    rows = [("old", "a", "x", 1.0), ("new", "a", "x", score), ("old", "b", "y", 1.0), ("new", "b", "y", 0.0)]
    with pytest.raises(InputError, match=r"task 'a', item 'x' of 'new' has the score .* \(1 of 4 scores are such\)"):
        forgetting(table(*rows), AdaptiveOptions())
    others = [("old", "a", "x", 1.0), ("odd", "a", "x", score), ("new", "a", "x", 0.5)]
    assert forgetting(table(*others), AdaptiveOptions())["forgotten"].to_list() == [0.5]
