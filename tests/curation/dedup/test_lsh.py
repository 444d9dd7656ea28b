import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation.dedup import lsh

BANDS = lsh.band_columns(2)


def side(rows: list[tuple[int, int] | None]) -> pl.DataFrame:
    keys = [[None if row is None else row[band] for row in rows] for band in range(2)]
    return pl.DataFrame(
        {"doc_id": [f"d{i:02d}" for i in range(len(rows))], **dict(zip(BANDS, keys, strict=True))},
        schema={"doc_id": pl.String, **{band: pl.UInt64 for band in BANDS}},
    )


def test_star_edges_are_fewer_than_rows():
    first, other = lsh.star_edges(pl.Series([7, 9, None, 7, 9, 7, 2**64 - 1], dtype=pl.UInt64))
    assert sorted(zip(first.tolist(), other.tolist(), strict=True)) == [(0, 3), (0, 5), (1, 4)]


def test_components_join_over_bands():
    frame = side([(1, 5), (1, 6), (2, 6), (3, 7), None, (4, 8), (4, 9), None])
    assert lsh.components(frame, BANDS).rows() == [("d00", 0), ("d01", 0), ("d02", 0), ("d05", 1), ("d06", 1)]


def test_a_key_counts_in_its_own_band_only():
    assert lsh.components(side([(1, 2), (2, 1)]), BANDS).height == 0


def test_no_rows():
    result = lsh.components(side([]), BANDS)
    assert result.height == 0 and result.schema == {"doc_id": pl.String, "component": pl.Int64}
    assert lsh.components(side([None, None]), BANDS).height == 0


KEYS = st.one_of(st.none(), st.tuples(st.integers(0, 6), st.integers(0, 6)))


@given(st.lists(KEYS, max_size=20), st.integers(0, 1000))
def test_components_are_those_of_the_graph_in_any_order(rows: list, seed: int):
    frame = side(rows)
    result = lsh.components(frame, BANDS)
    shuffled = frame[np.random.default_rng(seed).permutation(len(rows))] if rows else frame
    assert_frame_equal(result, lsh.components(shuffled, BANDS))
    groups = [{i} for i in range(len(rows))]
    for i, one in enumerate(rows):
        for j, two in enumerate(rows):
            if one and two and (one[0] == two[0] or one[1] == two[1]) and groups[i] is not groups[j]:
                groups[i] |= groups[j]
                for member in groups[i]:
                    groups[member] = groups[i]
    expected = sorted({tuple(sorted(group)) for group in groups if len(group) > 1})
    found = result.group_by("component", maintain_order=True).agg("doc_id")["doc_id"].to_list()
    assert [[f"d{i:02d}" for i in group] for group in expected] == found
