"""The table of keys: walked in keep order, in parts, and refused when it is too small."""

import numpy as np

from curation.dedup import line_kernels

KEYS = np.array([7, 8, 7, 7, 9], np.uint64)  # documents of 2, 2 and 1 units
SECOND = np.array([1, 1, 1, 2, 1], np.uint64)
OFFSETS = np.array([0, 2, 4, 5])


def mark(ranked: list[int], slots: int = 16, second: np.ndarray = SECOND) -> tuple[bool, list[int]]:
    of = np.full(len(KEYS), -1, np.int32)
    fits = line_kernels.mark_repeated(KEYS, second, OFFSETS, np.array(ranked), 0, 1, slots, 2, True, False, of)
    return fits, of.tolist()


def test_both_halves_of_a_key_count_and_the_first_document_keeps() -> None:
    assert mark([0, 1, 2]) == (True, [-1, -1, 0, -1, -1])
    assert mark([2, 1, 0]) == (True, [1, -1, -1, -1, -1])
    assert mark([0, 1, 2], second=np.ones(5, np.uint64)) == (True, [-1, -1, 0, 0, -1])


def test_a_full_table_is_reported() -> None:
    assert mark([0, 1, 2], slots=2)[0] is False
