"""Budgets: parts that sum, rows that fit, and never a token more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection import fill, largest_remainder, spend


def test_rows_are_taken_in_their_order_where_they_fit() -> None:
    costs = np.array([5, 4, 3, 1])
    assert fill(np.array([0, 1, 2, 3]), costs, 9).tolist() == [0, 1]
    assert fill(np.array([0, 2, 1, 3]), costs, 9).tolist() == [0, 2, 3]  # 5 + 3, the 4 is too much, the 1 is not
    assert fill(np.array([1, 0]), costs, 3).tolist() == []


def test_a_row_that_costs_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a row costs 0, expected at least 1"):
        fill(np.array([0, 1]), np.array([2, 0]), 5)


def test_groups_get_parts_by_weight_and_leftovers_are_used() -> None:
    """20 tokens for two groups of weights 3 and 1: 15 and 5. Rows of 4 fill 12 and 4; the 4 left buy one row more."""
    costs = np.full(10, 4)
    groups = [np.arange(6), np.arange(6, 10)]
    assert spend(groups, [3, 1], costs, 20).tolist() == [0, 1, 2, 3, 6]
    assert spend(groups, [1, 0], costs, 40).tolist() == [0, 1, 2, 3, 4, 5]  # no weight, no row
    assert spend(groups, [0, 0], costs, 40).tolist() == []
    assert spend([], [], costs, 40).tolist() == []


def test_a_group_picks_within_its_part() -> None:
    def last(rows: np.ndarray, part: int) -> np.ndarray:
        return fill(rows[::-1], costs, part)

    costs = np.ones(6, np.int64)
    assert spend([np.arange(3), np.arange(3, 6)], [1, 1], costs, 4, last).tolist() == [1, 2, 4, 5]


@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    weights=st.lists(st.floats(0, 5), min_size=5, max_size=5),
    prices=st.lists(st.integers(1, 9), min_size=30, max_size=30),
    budget=st.integers(0, 80),
)
def test_never_more_than_the_budget_and_nothing_that_would_still_fit(
    sizes: list[int], weights: list[float], prices: list[int], budget: int
) -> None:
    costs = np.array(prices)
    ends = np.cumsum([0, *sizes])
    groups = [np.arange(a, b) for a, b in zip(ends, ends[1:], strict=False)]
    chosen = spend(groups, weights[: len(groups)], costs, budget)
    assert costs[chosen].sum() <= budget
    assert len(set(chosen.tolist())) == len(chosen) and chosen.tolist() == sorted(chosen.tolist())
    rated = [row for group, weight in zip(groups, weights, strict=False) if weight > 0 for row in group]
    left = budget - costs[chosen].sum()
    assert all(costs[row] > left for row in rated if row not in chosen)
    rows = spend(groups, weights[: len(groups)], np.ones(30, np.int64), budget)
    if any(weight > 0 for weight in weights[: len(groups)]):
        parts = largest_remainder(weights[: len(groups)], budget, sizes)
        assert [int(np.isin(group, rows).sum()) for group in groups] == parts.tolist()
