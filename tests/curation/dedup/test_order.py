"""Keep order: what comes first is kept, whatever order the rows came in."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import order
from curation.errors import InputError

ROWS = st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=10)
ORDERS = st.lists(st.sampled_from(["length", "-length", "quality", "-quality", "doc_id", "-doc_id"]), max_size=3)


def frame(rows: list[tuple[int | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "doc_id": [f"d{i}" for i in range(len(rows))],
            "length": [row[0] for row in rows],
            "quality": [row[1] for row in rows],
        },
        schema={"doc_id": pl.String, "length": pl.Int64, "quality": pl.Int64},
    )


def ids(rows: list[tuple[int | None, int | None]], *keys: str) -> list[str]:
    return order.ranked(frame(rows), keys)["doc_id"].to_list()


def test_the_default_keeps_the_longest_and_of_equal_ones_the_smallest_id() -> None:
    assert ids([(1, 0), (3, 0), (3, 0)], *order.KEEP_ORDER) == ["d1", "d2", "d0"]


def test_ascending_descending_and_missing_last() -> None:
    rows = [(2, None), (None, 1), (1, 2)]
    assert ids(rows, "length") == ["d2", "d0", "d1"]
    assert ids(rows, "-length") == ["d0", "d2", "d1"]
    assert ids(rows, "-quality") == ["d2", "d1", "d0"]
    assert ids(rows) == ["d0", "d1", "d2"]
    assert ids(rows, "-doc_id") == ["d2", "d1", "d0"]


def test_a_column_to_sort_by_before() -> None:
    grouped = frame([(1, 1), (2, 0), (3, 1)])
    assert order.ranked(grouped, ["-length"], first=["quality"])["doc_id"].to_list() == ["d1", "d2", "d0"]


def test_names_without_signs() -> None:
    assert order.columns(["-length", "doc_id"]) == ["length", "doc_id"]


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="keep order has the column 'qualty'.*the nearest is 'quality'"):
        order.ranked(frame([]), ["-qualty"])
    with pytest.raises(InputError, match="'zzz', expected some of .*'quality'\\]$"):
        order.ranked(frame([]), ["zzz"])


@given(ROWS, ORDERS, st.randoms(use_true_random=False))
def test_as_plain_sorting_in_any_input_order(
    rows: list[tuple[int | None, int | None]], keys: list[str], shuffle: object
) -> None:
    def rank(row: tuple[str, int | None, int | None]) -> list[tuple[bool, float]]:
        named = dict(zip(("doc_id", "length", "quality"), (int(row[0][1:]), *row[1:]), strict=True))
        signed = [(named[key.removeprefix("-")], -1 if key.startswith("-") else 1) for key in [*keys, "doc_id"]]
        return [(value is None, 0 if value is None else sign * value) for value, sign in signed]

    given_rows = frame(rows)
    expected = [row[0] for row in sorted(given_rows.iter_rows(), key=rank)]
    numbers = list(range(len(rows)))
    shuffle.shuffle(numbers)  # type: ignore[attr-defined]
    assert order.ranked(given_rows[numbers], keys)["doc_id"].to_list() == expected


def test_what_is_no_number_counts_as_missing() -> None:
    rows = pl.DataFrame({"doc_id": ["a", "b", "c"], "quality": [float("nan"), 0.1, None]})
    for keys in (["-quality"], ["quality"]):
        assert order.ranked(rows, keys)["doc_id"].to_list() == ["b", "a", "c"]


def test_every_column_of_the_pipeline_can_decide() -> None:
    rows = pl.DataFrame(
        {
            "doc_id": ["a", "b", "c", "d"],
            "quality": [0.5, 0.5, 0.9, None],
            "length": [10, 20, 5, 99],
            "date": ["2024-01-02", "2023-12-31", None, "2020-01-01"],
            "batch": [1, 0, 1, 0],
        }
    )
    expected = {("-quality", "-length"): "cbad", ("date",): "dbac", ("-date",): "abdc", ("batch", "-length"): "dbac"}
    for keys, ids in expected.items():
        for frame in (rows, rows.reverse()):
            assert "".join(order.ranked(frame, keys)["doc_id"]) == ids


def test_length_is_counted_where_it_is_not_there() -> None:
    rows = pl.DataFrame({"doc_id": ["a", "b"], "text": ["가나", "x"], "quality": [0.1, 0.2]})
    assert order.measured(rows, ["-length", "quality"]).rows() == [("a", 2, 0.1), ("b", 1, 0.2)]
    assert order.measured(rows.with_columns(length=7), ["-length"]).rows() == [("a", 7), ("b", 7)]
    with pytest.raises(InputError, match="'qualty'"):
        order.measured(rows, ["qualty"])
