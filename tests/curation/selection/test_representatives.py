import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import selection


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


def test_random_is_seeded_and_without_replacement():
    first = selection.random(100, 30, seed=5)
    np.testing.assert_array_equal(first, selection.random(100, 30, seed=5))
    assert first.tolist() != selection.random(100, 30, seed=6).tolist()
    assert len(set(first.tolist())) == 30 and first.max() < 100
    assert selection.random(3, 10, seed=0).tolist() == [0, 1, 2]


def test_medoid_and_boundary_takes_both_ends():
    labels = np.array([0] * 6 + [1] * 3)
    distances = np.array([5, 1, 2, 6, 3, 4, 0.5, 0.1, 0.9])
    # quotas of 6: four of the first cluster, two of the second
    assert selection.medoid_and_boundary(labels, distances, 6).tolist() == [0, 1, 2, 3, 7, 8]
    np.testing.assert_array_equal(
        selection.medoid_and_boundary(labels, distances, 6, 0), selection.nearest_to_centroid(labels, distances, 6)
    )
    assert selection.medoid_and_boundary(labels, distances, 6, 1).tolist() == [0, 3, 4, 5, 6, 8]
    assert selection.medoid_and_boundary(np.empty(0, int), np.empty(0), 3).tolist() == []
    with pytest.raises(ValueError, match="expected 0 to 1"):
        selection.medoid_and_boundary(labels, distances, 6, 1.5)


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 50), st.floats(0, 1))
def test_medoid_and_boundary_gives_exactly_what_was_asked(labels: list[int], total: int, share: float):
    distances = np.random.default_rng(len(labels)).random(len(labels))
    chosen = selection.medoid_and_boundary(np.array(labels, dtype=int), distances, total, share)
    assert len(chosen) == len(set(chosen.tolist())) == min(total, len(labels))


def test_top_takes_the_best_and_never_what_has_no_score():
    scores = np.array([1.0, np.nan, 3.0, 3.0, -1.0])
    assert selection.top(scores, 2).tolist() == [2, 3] and selection.top(scores, 1).tolist() == [2]
    assert selection.top(scores, 9).tolist() == [0, 2, 3, 4] and selection.top(scores, 0).tolist() == []
