"""Arrow buffers as numpy arrays: what is in them, also of slices, chunks and nothing."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import buffers

TEXTS = st.lists(st.text(max_size=20), max_size=10)


def rows(content: np.ndarray, offsets: np.ndarray) -> list[str]:
    return [content[begin:end].tobytes().decode() for begin, end in zip(offsets[:-1], offsets[1:], strict=True)]


@given(TEXTS, st.integers(0, 5), st.integers(0, 5))
def test_texts_come_back_whatever_the_slice_and_the_chunks(texts: list[str], skip: int, cut: int) -> None:
    whole = pl.Series(texts, dtype=pl.String)
    chunked = pl.concat([whole[:cut], whole[cut:]], rechunk=False)
    for series in (whole, chunked, chunked[skip:]):
        content, offsets = buffers.utf8(series)
        assert (content.dtype, offsets.dtype) == (np.uint8, np.int64)
        assert rows(content, offsets) == series.to_list()


def test_missing_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 texts are missing"):
        buffers.utf8(pl.Series(["a", None, None]))


LISTS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), max_size=8)


@given(LISTS, st.integers(0, 5))
def test_lists_there_and_back(values: list[list[int]], skip: int) -> None:
    flat = np.array([value for row in values for value in row], np.uint32)
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in values]))).astype(np.int64)
    column = buffers.lists(flat, offsets)
    assert column.to_list() == values
    assert column.dtype == pl.List(pl.UInt32)
    found, places = buffers.unlisted(column[skip:])
    assert [found[a:b].tolist() for a, b in zip(places[:-1], places[1:], strict=True)] == values[skip:]


def test_no_rows() -> None:
    content, offsets = buffers.utf8(pl.Series([], dtype=pl.String))
    assert content.size == 0 and offsets.tolist() == [0]
    assert buffers.unlisted(pl.Series([], dtype=pl.List(pl.UInt32)))[1].tolist() == [0]


@given(st.lists(st.none() | st.integers(0, 2**64 - 1), max_size=10), st.integers(0, 5), st.integers(0, 5))
def test_numbers_where_there_are_any(values: list[int | None], skip: int, cut: int) -> None:
    whole = pl.Series(values, dtype=pl.UInt64)
    for series in (whole, pl.concat([whole[:cut], whole[cut:]], rechunk=False)[skip:]):
        found = buffers.numbers(series)
        assert found.dtype == np.uint64 and len(found) == len(series)
        assert all(given is None or given == number for given, number in zip(series, found.tolist(), strict=True))
