"""Taking spans of characters out of texts, against slices of Python strings."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import tables
from curation.dedup import spans


def documents(*texts: str) -> pl.DataFrame:
    rows = {
        "doc_id": [f"d{i}" for i in range(len(texts))],
        "text": list(texts),
        "file": "f",
        "record": range(len(texts)),
    }
    return tables.complete(
        pl.DataFrame(rows, schema_overrides={"text": pl.String, "record": pl.Int64}), tables.DOCUMENTS
    )


def of(*rows: tuple[str, int, int, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=spans.SPANS, orient="row")


def test_offsets_are_characters_and_the_ledger_says_what_went() -> None:
    frame = documents("가나다라 마바사", "untouched", "x🙂y🙂z")
    edited = spans.apply(
        frame,
        of(
            ("d2", 3, 4, "b", "d1"),
            ("d2", 1, 2, "a", "d1"),
            ("d0", 0, 5, "a", "d1"),
            ("d0", 1, 2, "a", "d2"),
            ("d9", 0, 1, "a", None),
        ),
        "cut",
    )
    assert edited.rows["text"].to_list() == ["마바사", "untouched", "xyz"]
    assert edited.rows.drop("text").equals(frame.drop("text"))
    assert edited.ledger.schema == tables.LEDGER
    columns = ["row_id", "file", "record", "stage", "action", "rule", "value", "duplicate_of", "detail"]
    assert edited.ledger.select(columns).rows() == [
        ("d0", "f", 0, "cut", "edit", "a", 5.0, None, '{"spans":1,"offsets":[[0,5]]}'),
        ("d2", "f", 2, "cut", "edit", "a+b", 2.0, "d1", '{"spans":2,"offsets":[[1,2],[3,4]]}'),
    ]  # fmt: skip


def test_nothing_to_do() -> None:
    frame = documents("a")
    edited = spans.apply(frame, tables.empty(spans.SPANS), "cut")
    assert edited.rows.equals(frame) and edited.ledger.is_empty()


def test_spans_that_do_not_fit_are_a_fault() -> None:
    with pytest.raises(ValueError, match="document d1: a span ends at 9, after it"):
        spans.apply(documents("long enough", "short"), of(("d0", 0, 9, "a", None), ("d1", 0, 9, "a", None)), "cut")
    for start, end in ((-1, 2), (2, 2)):
        with pytest.raises(ValueError, match="empty or begins before"):
            spans.apply(documents("text"), of(("d0", start, end, "a", None)), "cut")


def test_of_very_many_spans_the_first_thousand_are_listed() -> None:
    rows = [("d0", 2 * i, 2 * i + 1, "a", None) for i in range(1500)]
    ledger = spans.apply(documents("ab" * 1500, "cd"), of(*rows, ("d1", 1, 2, "a", None)), "cut").ledger
    first, second = (json.loads(detail) for detail in ledger["detail"])
    assert (first["spans"], first["offsets"][-1], len(first["offsets"])) == (1500, [1998, 1999], 1000)
    assert second == {"spans": 1, "offsets": [[1, 2]]}


PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=4)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.text("a \n가\u00a0🙂", max_size=12), PAIRS), max_size=4))
def test_what_stays_is_what_no_span_covers(rows: list[tuple[str, list[tuple[int, int]]]]) -> None:
    expected, given_spans = [], []
    for number, (text, pairs) in enumerate(rows):
        within = [(min(a, b), min(max(a, b) + 1, len(text))) for a, b in pairs if min(a, b) < len(text)]
        given_spans += [(f"d{number}", start, end, "r", None) for start, end in within]
        gone = {i for start, end in within for i in range(start, end)}
        left = "".join(character for i, character in enumerate(text) if i not in gone)
        expected.append(left.rstrip() if len(text) - 1 in gone else left)
    frame = documents(*(text for text, _ in rows))
    edited = spans.apply(frame, of(*given_spans), "cut")
    assert edited.rows["text"].to_list() == expected
    before = dict(zip(frame["doc_id"], frame["text"], strict=True))
    after = dict(zip(frame["doc_id"], expected, strict=True))
    for row in edited.ledger.to_dicts():
        text, offsets = before[row["row_id"]], json.loads(row["detail"])["offsets"]
        assert sum(end - start for start, end in offsets) == row["value"] == len(text) - len(after[row["row_id"]])
        for start, end in reversed(offsets):
            text = text[:start] + text[end:]
        assert text == after[row["row_id"]]
