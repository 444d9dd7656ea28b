"""Budgets of samples: drawn in their order, or a part of each cluster by its size."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.rehearse import ReplayOptions
from synth.rehearse.budget import held

FOX = [f"The fox went to the river and saw the fish number {n} swim by." for n in range(30)]
SUM = [f"{n} + {n} = {2 * n}; {n} + 1 = {n + 1}" for n in range(10)]
TEXTS = [text for place in range(10) for text in (*FOX[3 * place : 3 * place + 3], SUM[place])]


def kept(costs: list[int] | None = None, **options: Any) -> list[str]:
    found = held(TEXTS, np.array(costs or [1] * 40), ReplayOptions(**options), 1)
    return [TEXTS[at] for at in found.rows]


def test_every_cluster_has_its_part_by_its_size() -> None:
    """Thirty texts of one kind, ten of another: of eight rows six and two, of 13 ten and three."""
    for rows, parts in ((8, (6, 2)), (13, (10, 3)), (40, (30, 10)), (90, (30, 10))):
        chosen = kept(rows=rows, clusters=2)
        assert (len(set(chosen) & set(FOX)), len(set(chosen) & set(SUM))) == parts
    assert kept(rows=8, clusters=2) == FOX[:3] + [SUM[0]] + FOX[3:6] + [SUM[1]]  # of a cluster the first


def test_tokens_are_shared_by_the_tokens_of_the_clusters() -> None:
    """Thirty texts of ten tokens and ten of thirty: each kind has half of 240."""
    costs = [10 if text in FOX else 30 for text in TEXTS]
    chosen = kept(costs, budget_tokens=240, clusters=2)
    assert (len(set(chosen) & set(FOX)), len(set(chosen) & set(SUM))) == (12, 4)


def test_without_clusters_the_first_that_fit_are_taken() -> None:
    assert kept(rows=5) == TEXTS[:5]
    costs = [3, 9, 3, 3, *[50] * 36]
    assert kept(costs, budget_tokens=10) == [TEXTS[0], TEXTS[2], TEXTS[3]]
    assert kept(costs, budget_tokens=10, rows=2) == [TEXTS[0], TEXTS[2]]
    assert kept() == TEXTS


@pytest.mark.parametrize("clusters", [0, 3])
def test_no_texts_are_no_samples(clusters: int) -> None:
    found = held([], np.array([], np.int64), ReplayOptions(rows=3, clusters=clusters), 1)
    assert found.rows.tolist() == found.clusters.tolist() == []


@given(st.lists(st.integers(1, 9), min_size=40, max_size=40), st.integers(1, 200), st.integers(0, 5))
def test_no_budget_is_exceeded_nor_left_where_a_row_would_fit(costs: list[int], budget: int, clusters: int) -> None:
    rows = held(TEXTS, np.array(costs), ReplayOptions(budget_tokens=budget, clusters=clusters), 1).rows
    left = budget - sum(costs[at] for at in rows)
    assert left >= 0 and all(costs[at] > left for at in range(40) if at not in set(rows.tolist()))
