import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import selection
from curation.selection import coverage


def test_k_center_covers_the_corners():
    points = np.array([[0, 0], [0.1, 0], [10, 0], [10, 0.1], [5, 5], [5, 5.1], [5, 2]])
    chosen = selection.k_center(points, 4).tolist()
    assert len(chosen) == 4
    assert {tuple(np.round(points[i] / 5)) for i in chosen} >= {(0.0, 0.0), (2.0, 0.0), (1.0, 1.0)}


@given(st.integers(0, 100), st.integers(1, 7), st.integers(1, 4))
def test_k_center_is_within_twice_the_best_radius(seed: int, count: int, total: int):
    points = np.random.default_rng(seed).random((count, 2))

    def radius(chosen: list[int] | tuple[int, ...]) -> float:
        return float(np.linalg.norm(points[:, None] - points[list(chosen)][None], axis=2).min(axis=1).max())

    chosen = selection.k_center(points, total).tolist()
    best = min(radius(some) for some in itertools.combinations(range(count), min(total, count)))
    assert len(set(chosen)) == min(total, count)
    assert radius(chosen) <= 2 * best + 1e-9


def test_k_center_of_equal_and_of_no_points():
    assert selection.k_center(np.ones((4, 2)), 3).tolist() == [0, 1, 2]
    assert selection.k_center(np.empty((0, 2)), 3).tolist() == []


@given(st.integers(0, 30), st.integers(1, 8))
def test_farthest_first_begins_with_what_fewer_rows_would_be(seed: int, total: int):
    points = np.random.default_rng(seed).random((8, 2))
    order = selection.farthest_first(points, 8).tolist()
    assert sorted(order) == list(range(8))
    assert sorted(order[:total]) == selection.k_center(points, total).tolist()


def _worth(points: np.ndarray, chosen: tuple[int, ...] | list[int]) -> float:
    similarities = np.maximum(points @ points.T, 0)
    return float(similarities[:, list(chosen)].max(axis=1).sum()) if len(chosen) else 0.0


@given(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 4))
def test_facility_location_reaches_its_bound(seed: int, count: int, total: int):
    points = np.random.default_rng(seed).normal(size=(count, 3))
    best = max(_worth(points, some) for some in itertools.combinations(range(count), min(total, count)))
    chosen = selection.facility_location(points, total).tolist()
    assert len(set(chosen)) == min(total, count)
    assert _worth(points, chosen) >= (1 - 1 / math.e) * best - 1e-4


@given(st.integers(0, 1000))
def test_lazy_choice_is_the_greedy_choice(seed: int):
    points = np.random.default_rng(seed).normal(size=(25, 4)).astype(np.float32)
    greedy: list[int] = []
    for _ in range(8):
        left = [row for row in range(25) if row not in greedy]
        greedy.append(max(left, key=lambda row: (round(_worth(points, [*greedy, row]), 4), -row)))
    assert _worth(points, selection.facility_location(points, 8)) == pytest.approx(_worth(points, greedy), rel=1e-4)


def test_facility_location_in_blocks_and_at_the_ends(monkeypatch: pytest.MonkeyPatch):
    points = np.random.default_rng(3).normal(size=(60, 5))
    whole = selection.facility_location(points, 12)
    monkeypatch.setattr(coverage, "_BLOCK", 130)
    np.testing.assert_array_equal(selection.facility_location(points, 12), whole)
    assert selection.facility_location(np.ones((4, 2)), 2).tolist() == [0, 1]
    assert selection.facility_location(np.empty((0, 2)), 3).tolist() == []
    assert selection.facility_location(points, 0).tolist() == []
    assert selection.facility_location(points, 99).tolist() == list(range(60))
