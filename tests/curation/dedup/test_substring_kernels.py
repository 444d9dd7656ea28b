"""Prints of runs, against the least hash of each window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup import substring_kernels


def prints(units: list[int], length: int, short: int) -> list[int]:
    out = np.zeros(max(len(units), 1), np.uint64)
    found = substring_kernels.least_grams(np.array(units, np.uint64), 0, len(units), length, short, out)
    return out[:found].tolist()


@settings(max_examples=100)
@given(st.lists(st.integers(1, 3), max_size=30), st.integers(1, 6))
def test_a_print_is_the_least_short_run_of_its_run(units: list[int], length: int) -> None:
    short = (length + 1) // 2
    alone = [prints(units[i : i + short], short, short) for i in range(len(units) - short + 1)]
    windows = [alone[i : i + length - short + 1] for i in range(len(units) - length + 1)]
    assert prints(units, length, short) == [min(window)[0] for window in windows]


@settings(max_examples=100)
@given(st.lists(st.integers(1, 3), max_size=40), st.integers(1, 6))
def test_a_run_that_comes_twice_without_overlap_has_a_print_written_twice(units: list[int], length: int) -> None:
    short = (length + 1) // 2
    out, counts = np.zeros(max(len(units), 1), np.uint64), np.zeros(1, np.int64)
    slots = np.array([0, len(units)])
    substring_kernels.print_rows(np.array(units, np.uint64), slots, 0, 1, length, short, out, counts)
    written = out[: counts[0]].tolist()
    every = prints(units, length, short)
    assert set(written) == set(every)
    for i, value in enumerate(every):
        if units[i : i + length] in [units[j : j + length] for j in range(i + length, len(every))]:
            assert written.count(value) >= 2


def test_a_table_too_small_is_reported() -> None:
    content = np.frombuffer(b"a b c d e f ", np.uint8)
    hashes, at = np.zeros(6, np.uint64), np.zeros(7, np.int64)
    substring_kernels.hash_regions(content, hashes, at)
    assert at.tolist() == [0, 2, 4, 6, 8, 10, 12] and len(set(hashes.tolist())) == 6
    source = np.full(6, -1, np.int32)
    arguments = (content, at, hashes, np.array([0, 6]), np.zeros(1, np.int32), np.zeros(1, np.int64), 1, True, 64, 0, 1)
    assert not substring_kernels.mark_repeats(*arguments, 4, source)
    assert substring_kernels.mark_repeats(*arguments, 16, source) and (source == -1).all()
