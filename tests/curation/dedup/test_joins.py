"""Compiled joins against plain Python: equal keys, components, the greedy choice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import joins


def packed(sets: list[list[int]], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in sets]))).astype(np.int64)
    return np.array([value for row in sets for value in row], dtype), offsets


# keys that share halves, or their place in the table
KEYS = st.tuples(st.sampled_from([0, 1, 2, 1 << 32, 1 << 33, (1 << 64) - 1]), st.integers(0, 1), st.booleans())


@given(st.lists(KEYS, max_size=20))
def test_first_row_with_the_same_key(rows: list[tuple[int, int, bool]]) -> None:
    keys, more = np.array([row[0] for row in rows], np.uint64), np.array([row[1] for row in rows], np.uint64)
    first = np.empty(len(rows), np.int64)
    joins.first_with_key(keys, more, np.array([row[2] for row in rows], bool), first)
    assert first.tolist() == [rows.index(row) if row[2] else -1 for row in rows]


def test_ten_million_rows_of_one_key_and_a_long_path() -> None:
    count = 10_000_000
    keys, first, parent = np.zeros(count, np.uint64), np.empty(count, np.int64), np.arange(count)
    joins.first_with_key(keys, keys, np.ones(count, bool), first)
    assert not first.any()
    joins.unite(np.maximum(parent - 1, 0), parent)  # each with the one before it
    joins.flatten(parent)
    assert not parent.any()


@given(st.lists(st.lists(st.integers(-1, 11), min_size=12, max_size=12), max_size=3))
def test_components(bands: list[list[int]]) -> None:
    parent = np.arange(12)
    label = list(range(12))
    for band in bands:
        joins.unite(np.array(band), parent)
        for row, other in enumerate(band):
            if other >= 0:
                low, high = sorted((label[row], label[other]))
                label = [low if each == high else each for each in label]
    joins.flatten(parent)
    assert parent.tolist() == label


def greedily(sets: list[set[int]], keys: np.ndarray, threshold: float) -> tuple[list[int], list[float]]:
    """Rows in keep order: each that resembles a kept one it shares a band with goes, the most similar is named."""
    kept: list[int] = []
    gone, similarity = [], []
    for row, values in enumerate(sets):
        best, best_row = -1.0, -1
        for other in kept:
            if any(keys[band, row] == keys[band, other] for band in range(len(keys))):
                jaccard = len(values & sets[other]) / len(values | sets[other])
                if jaccard >= threshold and jaccard > best:
                    best, best_row = jaccard, other
        gone.append(best_row)
        similarity.append(best)
        if best_row < 0:
            kept.append(row)
    return gone, similarity


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 9), min_size=1), st.integers(0, 1), st.integers(0, 1)), max_size=14),
    st.sampled_from([0.1, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]),
)
def test_the_greedy_choice_is_the_plain_one(rows: list[tuple[set[int], int, int]], threshold: float) -> None:
    sets = [values for values, _, _ in rows]
    values, offsets = packed([sorted(each) for each in sets], np.uint32)
    keys = np.array([[one for _, one, _ in rows], [two for _, _, two in rows]], np.uint64).reshape(2, len(rows))
    gone, similarity = np.empty(len(rows), np.int64), np.empty(len(rows))
    joins.keep_greedily(values, offsets, keys, threshold, 10, gone, similarity)
    assert (gone.tolist(), similarity.tolist()) == greedily(sets, keys, threshold)


@pytest.mark.parametrize(("threshold", "gone"), [(0.5, 0), (0.50001, -1)])
def test_the_threshold_is_inclusive(threshold: float, gone: int) -> None:
    values, offsets = packed([[0, 1, 2], [1, 2, 3]], np.uint32)  # two of four in common
    found, similarity = np.empty(2, np.int64), np.empty(2)
    joins.keep_greedily(values, offsets, np.zeros((1, 2), np.uint64), threshold, 4, found, similarity)
    assert found.tolist() == [-1, gone]


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 9), min_size=1), st.integers(0, 1), st.integers(0, 2)), max_size=14),
    st.sampled_from([0.1, 1 / 3, 0.5, 0.7, 1.0]),
)
def test_small_components_are_decided_alike(rows: list[tuple[set[int], int, int]], threshold: float) -> None:
    rows = sorted(rows, key=lambda row: row[2])  # the last is the component
    values, offsets = packed([sorted(each) for each, _, _ in rows], np.uint32)
    keys = np.array([[key for _, key, _ in rows]], np.uint64).reshape(1, len(rows))
    starts = np.array([sum(row[2] < number for row in rows) for number in range(4)])
    gone, similarity = np.empty(len(rows), np.int64), np.empty(len(rows))
    joins.keep_by_pairs(values, offsets, keys, starts, threshold, gone, similarity)
    for begin, end in zip(starts[:-1], starts[1:], strict=True):
        expected, alike = greedily([each for each, _, _ in rows[begin:end]], keys[:, begin:end], threshold)
        assert gone[begin:end].tolist() == [row + begin if row >= 0 else -1 for row in expected]
        assert similarity[begin:end].tolist() == alike
