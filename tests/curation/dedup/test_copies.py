"""Rows with the same key, whatever the partitions: which is kept."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import copies

KEY = ("high", "low")
ROWS = st.lists(st.tuples(st.none() | st.integers(0, 1), st.integers(0, 2), st.none() | st.integers(0, 2)), max_size=14)


def table(rows: list[tuple[int | None, int, int | None]]) -> pl.DataFrame:
    high, low, length = zip(*rows, strict=True) if rows else ((), (), ())
    return pl.DataFrame(
        {
            "doc_id": [f"d{number:02d}" for number in range(len(rows))],
            "high": pl.Series(high, dtype=pl.UInt64),
            "low": pl.Series(low, dtype=pl.UInt64),
            "length": pl.Series(length, dtype=pl.Int64),
        },
        schema_overrides={"doc_id": pl.String},
    )


def find(parts: list[pl.DataFrame], keep_order: Sequence[str] = ("-length",)) -> copies.Copies:
    return copies.find(lambda part, names: parts[part].select(names), len(parts), KEY, keep_order)


@given(ROWS, st.lists(st.integers(0, 14), max_size=3), st.integers(1, 3))
def test_the_first_in_keep_order_whatever_the_partitions(
    rows: list[tuple[int | None, int, int | None]], cuts: list[int], slices: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_SLICE", slices)
        edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
        frame = table(rows)
        found = find([frame[begin:end] for begin, end in zip(edges[:-1], edges[1:], strict=True)])
    groups: dict[tuple[int, int], list[int]] = {}
    for number, (high, low, _) in enumerate(rows):
        if high is not None:
            groups.setdefault((high, low), []).append(number)
    expected = [-1] * len(rows)
    kept = []
    for group in groups.values():
        first = min(group, key=lambda n: (rows[n][2] is None, -(rows[n][2] or 0), n))
        kept += [(first, f"d{first:02d}")] if len(group) > 1 else []
        for number in group:
            expected[number] = first
    assert found.first.tolist() == expected
    assert found.kept.rows() == sorted(kept)
    assert found.starts.tolist() == edges
    assert np.concatenate([found.part(part) for part in range(len(edges) - 1)]).tolist() == expected


def test_a_million_copies_in_ten_partitions_are_ten_rows_to_choose_from() -> None:
    size = 100_000
    parts = [
        pl.DataFrame(
            {
                "doc_id": pl.int_range(part * size, (part + 1) * size, eager=True).cast(pl.String).str.zfill(8),
                "high": pl.repeat(7, size, dtype=pl.UInt64, eager=True),
                "low": pl.repeat(7, size, dtype=pl.UInt64, eager=True),
            }
        )
        for part in range(10)
    ]
    found = find(parts, ("-doc_id",))
    assert (found.first == 999_999).all()
    assert found.kept.rows() == [(999_999, "00999999")]


def test_no_partitions_and_empty_ones() -> None:
    for parts in ([], [table([])], [table([]), table([])]):
        found = find(parts)
        assert found.first.size == 0 and found.kept.rows() == []


def test_cluster_ids() -> None:
    assert copies.cluster_id("a") == int(xxhash.xxh3_64_hexdigest(b"a"), 16) // 2
    found = copies.cluster_ids(pl.Series(["a", "b", "a"]))
    assert found.to_list() == [copies.cluster_id("a"), copies.cluster_id("b"), copies.cluster_id("a")]
    assert copies.cluster_ids(pl.Series([], dtype=pl.String)).dtype == pl.Int64
