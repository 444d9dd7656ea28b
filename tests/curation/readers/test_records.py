"""Records as rows: identifiers, other fields as JSON, damage and edits in the ledger."""

import datetime
import decimal
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.readers.options import Damage
from curation.readers.records import Partition, kind, meta_json


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "{}"),
        ({"b": 1, "a": [True, None, "가"]}, '{"b":1,"a":[true,null,"가"]}'),  # in their order
        ({"x": float("nan"), "y": [float("-inf")], "z": 1.5}, '{"x":"nan","y":["-inf"],"z":1.5}'),
        ({"d": datetime.date(2024, 1, 31), "t": datetime.datetime(2024, 1, 31, 9, 5)},
         '{"d":"2024-01-31","t":"2024-01-31T09:05:00"}'),
        ({"b": b"\x00\xff", "n": decimal.Decimal("1.50"), "p": (1, {"q": b"a"})},
         '{"b":"00ff","n":"1.50","p":[1,{"q":"61"}]}'),
        ({"s": "\ud800", "가": 1}, '{"s":"\\ud800","\\uac00":1}'),
        ({1: "a"}, '{"1":"a"}'),
    ],
)  # fmt: skip
def test_other_fields_as_json(fields: dict[Any, Any], expected: str) -> None:
    assert meta_json(fields) == expected
    json.loads(expected)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary(max_size=3)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(st.characters(), max_size=4), VALUES, max_size=4))
def test_any_fields_become_strict_json_in_utf8(fields: dict[str, Any]) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    text = meta_json(fields)
    text.encode()
    assert list(json.loads(text, parse_constant=refuse)) == list(fields)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "true or false"), ("", "text"), (1, "a number"), (1.5, "a number"), ([], "a list"),
     ({}, "an object"), (b"", "bytes")],
)  # fmt: skip
def test_kinds_in_words(value: Any, words: str) -> None:
    assert kind(value) == words


def test_rows_have_their_identifiers() -> None:
    partition = Partition("reviews", "a/b.jsonl")
    partition.add(0, "가나", {"id": 7})
    partition.settle()
    partition.add(5, "", {})
    read = partition.finish(99)
    documents = tables.check(read.documents, tables.DOCUMENTS, "doc_id")
    assert documents.select("text", "source", "file", "record", "lang", "meta").rows() == [
        ("가나", "reviews", "a/b.jsonl", 0, None, '{"id":7}'),
        ("", "reviews", "a/b.jsonl", 5, None, "{}"),
    ]
    assert documents["doc_id"].to_list() == [
        tables.document_id("reviews", "a/b.jsonl", 0, "가나"),
        tables.document_id("reviews", "a/b.jsonl", 5, ""),
    ]
    assert documents["content_id"].to_list() == [tables.content_id("가나"), tables.content_id("")]
    assert documents["parents"].to_list() == [[], []]
    assert (read.records, read.bytes, read.ledger.height) == (2, 99, 0)


def test_damage_and_edits_stand_in_the_ledger() -> None:
    partition = Partition("s", "f")
    partition.add(0, "a\ud800\udfff", {})
    partition.damaged(Damage(1, "no JSON", "a JSON object"))
    partition.damaged(Damage(2, "a record of 9 bytes", "at most 5", "reader.too_large", 9.0, 5.0))
    read = partition.finish(1)
    tables.check(read.ledger, tables.LEDGER)
    columns = ("row_id", "file", "record", "stage", "rule", "action", "value", "threshold")
    assert sorted(read.ledger.select(columns).rows(), key=lambda row: row[2]) == [
        (read.documents["doc_id"][0], "f", 0, "read", "reader.lone_surrogate", "edit", 2.0, None),
        (None, "f", 1, "read", "reader.damaged", "drop", None, None),
        (None, "f", 2, "read", "reader.too_large", "drop", 9.0, 5.0),
    ]
    details = {row["record"]: json.loads(row["detail"]) for row in read.ledger.iter_rows(named=True)}
    assert details[1] == {"line": 2, "found": "no JSON", "expected": "a JSON object"}
    assert read.documents["text"].to_list() == ["a\ufffd\ufffd"]
    assert read.documents["content_id"][0] == tables.content_id("a\ud800\udfff")  # of the text as it was read
    assert read.records == 3


def test_a_finished_partition_is_empty_again() -> None:
    partition = Partition("s", "f")
    partition.add(0, "a", {})
    partition.damaged(Damage(1, "x", "y"))
    partition.finish(1)
    read = partition.finish(0)
    assert (read.documents.height, read.ledger.height, read.records) == (0, 0, 0)
    tables.check(read.documents, tables.DOCUMENTS)
    tables.check(read.ledger, tables.LEDGER)
