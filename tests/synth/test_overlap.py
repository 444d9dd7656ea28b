"""Sets in pairs: what they share is counted as sets of Python count it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.overlap import jaccard, of_pairs

SETS = st.frozensets(st.sampled_from([0, 1, 2, 5, 7, 2**31, 2**32 - 1]))


def frame(pairs: list[tuple[list[int], list[int]]]) -> pl.DataFrame:
    schema = {name: pl.List(pl.UInt32) for name in ("one", "other")}
    return pl.DataFrame(pairs, schema=schema, orient="row")


@given(st.lists(st.tuples(SETS, SETS), max_size=12), st.integers(0, 3), st.integers(0, 3))
def test_it_is_the_share_of_the_union(pairs: list[tuple[frozenset[int], frozenset[int]]], skip: int, last: int) -> None:
    rows = frame([(sorted(one), sorted(other)) for one, other in pairs])
    wanted = [len(one & other) / len(one | other) if one | other else 0.0 for one, other in pairs]
    found = rows.select(jaccard("one", "other"))["one"].to_list()
    assert found == pytest.approx(wanted)
    part = rows.slice(skip, last)  # a view, whose buffers begin elsewhere
    assert part.select(jaccard("one", "other"))["one"].to_list() == pytest.approx(wanted[skip : skip + last])


def test_it_filters_and_groups() -> None:
    rows = frame([([1, 2], [1, 2]), ([1, 2], [2, 3]), ([], [])]).with_columns(key=pl.Series(["a", "a", "b"]))
    assert rows.filter(jaccard("one", "other") >= 0.5)["key"].to_list() == ["a"]
    grouped = rows.group_by("key").agg(share=jaccard("one", "other").max()).sort("key")
    assert grouped["share"].to_list() == [1.0, 0.0]


def test_pairs_are_taken_by_their_rows() -> None:
    sets = frame([([1, 2], [2]), ([3], [1, 2, 4])])
    found = of_pairs(sets["one"], sets["other"], np.array([0, 0, 1]), np.array([1, 0, 1]))
    assert found.tolist() == [2 / 3, 0.5, 0.0]
    assert of_pairs(sets["one"], sets["other"], np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []
