import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import selection

WEIGHTS = st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=12).filter(lambda w: sum(w) > 0)


def test_largest_remainder_by_hand():
    # shares of 10: 4.7, 1.6, 1.58, 1.2, 0.61, 0.31 (the classical example in tenths)
    assert selection.largest_remainder([47, 16, 15.8, 12, 6.1, 3.1], 10).tolist() == [5, 2, 1, 1, 1, 0]
    assert selection.largest_remainder([1, 1, 1], 4).tolist() == [2, 1, 1]  # of equal remainders the first
    assert selection.largest_remainder([1, 0], 3).tolist() == [3, 0]
    assert selection.largest_remainder([0, 0], 0).tolist() == [0, 0]


@given(WEIGHTS, st.integers(0, 10_000))
def test_largest_remainder_sums_exactly(weights: list[float], total: int):
    given_out = selection.largest_remainder(weights, total)
    assert given_out.sum() == total
    for share, weight in zip(given_out, weights, strict=True):
        assert abs(int(share) - total * weight / sum(weights)) < 1 + 1e-6


@given(WEIGHTS.flatmap(lambda w: st.tuples(st.just(w), st.lists(st.integers(0, 20), min_size=len(w), max_size=len(w)))),
       st.integers(0, 200))  # fmt: skip
def test_largest_remainder_within_capacities(case: tuple[list[float], list[int]], total: int):
    weights, capacities = case
    given_out = selection.largest_remainder(weights, total, capacities)
    assert (given_out <= capacities).all()
    usable = sum(room for room, weight in zip(capacities, weights, strict=True) if weight > 0)
    assert given_out.sum() == min(total, usable)


@pytest.mark.parametrize(
    ("weights", "total", "capacities"), [([0, 0], 1, None), ([-1, 2], 1, None), ([1], -1, None), ([1, 1], 1, [1])]
)
def test_largest_remainder_refuses(weights: list[float], total: int, capacities: list[int] | None):
    with pytest.raises(ValueError):
        selection.largest_remainder(weights, total, capacities)


def test_nearest_to_centroid_takes_the_nearest_of_each_cluster():
    labels = np.array([0, 0, 0, 0, 1, 1])
    distances = np.array([0.4, 0.1, 0.2, 0.1, 0.9, 0.5])
    assert selection.nearest_to_centroid(labels, distances, 3).tolist() == [1, 3, 5]
    assert selection.nearest_to_centroid(labels, distances, 100).tolist() == [0, 1, 2, 3, 4, 5]
    assert selection.nearest_to_centroid(labels, distances, 0).tolist() == []
    assert selection.nearest_to_centroid(np.empty(0, int), np.empty(0), 5).tolist() == []


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 50), st.integers(0, 1000))
def test_nearest_to_centroid_gives_exactly_what_was_asked(labels: list[int], total: int, seed: int):
    distances = np.random.default_rng(seed).random(len(labels))
    chosen = selection.nearest_to_centroid(np.array(labels, dtype=int), distances, total)
    assert len(chosen) == len(set(chosen.tolist())) == min(total, len(labels))
    for label in set(labels):
        rows = [i for i, other in enumerate(labels) if other == label]
        taken = [distances[i] for i in rows if i in chosen]
        left = [distances[i] for i in rows if i not in chosen]
        assert not taken or not left or max(taken) <= min(left)


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


def test_random_is_seeded_and_without_replacement():
    first = selection.random(100, 30, seed=5)
    np.testing.assert_array_equal(first, selection.random(100, 30, seed=5))
    assert first.tolist() != selection.random(100, 30, seed=6).tolist()
    assert len(set(first.tolist())) == 30 and first.max() < 100
    assert selection.random(3, 10, seed=0).tolist() == [0, 1, 2]
