"""Shards hold the rows in order, fit their size, and are the same however the rows come in frames."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.tables import TableError
from curation.writers.shards import cut

ROWS = st.lists(st.text(st.sampled_from('a가"\n'), max_size=12), max_size=30)


def size(frame: pl.DataFrame) -> int:
    return len(frame.write_ndjson().encode()) - frame.height


@given(texts=ROWS, limit=st.integers(1, 120), cuts=st.lists(st.integers(0, 30), max_size=4))
def test_rows_sizes_and_independence_of_frames(texts: list[str], limit: int, cuts: list[int]) -> None:
    whole = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    shards = list(cut([whole], limit))
    assert pl.concat(shards).equals(whole)
    assert all(shard.height == 1 or size(shard) <= limit for shard in shards)
    for shard, following in zip(shards, shards[1:], strict=False):
        assert size(shard) + size(following[:1]) > limit  # no shard could have held another row
    places = [0, *sorted(cuts), whole.height]
    frames = [whole[start:end] for start, end in zip(places, places[1:], strict=False)]
    assert [shard.rows() for shard in cut(frames, limit)] == [shard.rows() for shard in shards]


def test_no_rows_are_one_empty_shard() -> None:
    (shard,) = cut([pl.DataFrame(schema={"a": pl.Int64})] * 2, 10)
    assert shard.schema == {"a": pl.Int64} and shard.height == 0


def test_frames_that_do_not_fit_together() -> None:
    with pytest.raises(TableError, match="columns are .*expected those of the first frame"):
        list(cut([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": ["1"]})], 10))
    with pytest.raises(TableError, match="no frame to write"):
        list(cut([], 10))
