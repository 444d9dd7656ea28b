"""The decision about candidates: who is kept, who is named, and that input order has no part in it."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation.dedup import verify
from curation.errors import InputError

BANDS = ["band_00", "band_01"]


def decide(
    side: pl.DataFrame, candidates: pl.DataFrame, sets: pl.DataFrame, threshold: float = 0.5
) -> list[tuple[str, str, float, int]]:
    return verify.decide(side, candidates, sets, BANDS, threshold, ("-length",)).rows()


def frames(rows: list[tuple[int, int, int, int, set[int]]]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Side table, candidates and sets of rows (length, two band keys, component, shingles), ids d0, d1, ..."""
    ids = pl.Series("doc_id", [f"d{i}" for i in range(len(rows))], dtype=pl.String)
    lengths, one, two, component, sets = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    side = pl.DataFrame(
        [ids, pl.Series("length", lengths, pl.Int64), *(pl.Series(BANDS[i], (one, two)[i], pl.UInt64) for i in (0, 1))]
    )
    candidates = pl.DataFrame([ids, pl.Series("component", component, pl.Int64)])
    shingles = pl.Series("shingles", [sorted(each) for each in sets], pl.List(pl.UInt32))
    return side, candidates, pl.DataFrame([ids, shingles])


def test_the_longest_is_kept_and_similarity_is_exact() -> None:
    rows = [(3, 7, 0, 4, {1, 2, 3}), (4, 7, 1, 4, {1, 2, 3, 4}), (2, 7, 2, 4, {8, 9})]
    assert decide(*frames(rows)) == [("d0", "d1", 0.75, 4)]
    assert decide(*frames(rows), threshold=0.75) == [("d0", "d1", 0.75, 4)]
    assert decide(*frames(rows), threshold=0.76) == []


def test_nothing_is_dropped_for_resembling_a_dropped_row() -> None:
    # d1 goes for d0; d2 resembles d1 alone and stays
    rows = [(9, 5, 0, 0, {1, 2, 3, 4}), (8, 5, 0, 0, {2, 3, 4, 5}), (7, 5, 0, 0, {4, 5, 6, 7})]
    assert decide(*frames(rows)) == [("d1", "d0", 0.6, 0)]


def test_rows_without_a_common_band_are_not_compared() -> None:
    rows = [(2, 1, 1, 0, {1, 2}), (1, 2, 2, 0, {1, 2}), (1, 1, 2, 0, {1, 2})]
    # d2 shares a band with d0, d1 with neither of the kept
    assert decide(*frames(rows)) == [("d2", "d0", 1.0, 0)]


def test_of_several_kept_rows_the_most_similar_is_named() -> None:
    rows = [
        (9, 1, 0, 0, {1, 2, 3, 4}),
        (8, 1, 0, 0, {5, 6, 7}),
        (7, 1, 0, 0, {5, 6, 7, 1}),
        (6, 1, 0, 0, {1, 2, 5, 6}),
    ]
    assert decide(*frames(rows), threshold=0.3) == [("d2", "d1", 0.75, 0), ("d3", "d1", 0.4, 0)]


def test_faults_of_the_caller() -> None:
    side, candidates, sets = frames([(2, 1, 1, 0, {1}), (1, 1, 1, 0, {1})])
    with pytest.raises(ValueError, match="2 candidates, of 1"):
        decide(side[:1], candidates, sets)
    with pytest.raises(ValueError, match="2 candidates"):
        decide(side, candidates, sets.with_columns(shingles=pl.lit([], pl.List(pl.UInt32))))
    with pytest.raises(InputError, match="keep order has the column 'date'"):
        verify.decide(side, candidates, sets, BANDS, 0.5, ("date",))


def test_no_candidates() -> None:
    side, candidates, sets = frames([])
    assert verify.decide(side, candidates, sets, BANDS, 0.5, ("-length",)).schema == verify.DECISIONS


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.just(0), st.sets(st.integers(0, 7), min_size=1)
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(ROWS, st.sampled_from([0.3, 0.5, 1.0]), st.randoms(use_true_random=False))
def test_no_input_order_changes_a_decision_and_every_drop_is_a_duplicate(
    rows: list[tuple[int, int, int, int, set[int]]], threshold: float, shuffle: object
) -> None:
    tables = frames(rows)
    decided = verify.decide(*tables, BANDS, threshold, ("-length",))
    shuffled = []
    for table in tables:
        numbers = list(range(table.height))
        shuffle.shuffle(numbers)  # type: ignore[attr-defined]
        shuffled.append(table[numbers])
    assert_frame_equal(decided, verify.decide(*shuffled, BANDS, threshold, ("-length",)))
    sets = dict(zip(tables[2]["doc_id"], (each for *_, each in rows), strict=True))
    dropped = set(decided["doc_id"])
    for doc_id, kept, similarity, _ in decided.iter_rows():
        assert kept not in dropped
        assert similarity == len(sets[doc_id] & sets[kept]) / len(sets[doc_id] | sets[kept]) >= threshold
