"""Fields of `meta` are edited as texts are, and the ledger says which."""

import json
import unicodedata

import polars as pl

from curation import fields, normalise, pii, tables
from curation.normalise import Normalisation


def documents(*metas: str | None) -> pl.DataFrame:
    rows = pl.DataFrame({"doc_id": [f"d{n}" for n in range(len(metas))], "meta": metas, "text": "a@b.kr", "file": "f"})
    return tables.complete(rows.with_columns(record=pl.int_range(pl.len())), tables.DOCUMENTS)


def test_personal_data_in_named_fields() -> None:
    metas = [
        {"q": "메일은 kim@naver.com", "card": 4111111111111111, "other": "lee@naver.com"},
        {"other": "x"},
        {"q": None, "card": {"no": "4111 1111 1111 1111"}},
    ]
    frame = documents(*(json.dumps(meta, ensure_ascii=False) for meta in metas), None, "[1]")
    edited = fields.edit(frame, ("q", "card"), pii.replace)
    assert [meta and json.loads(meta) for meta in edited.rows["meta"]] == [
        {"q": "메일은 <EMAIL>", "card": "<CARD>", "other": "lee@naver.com"},
        {"other": "x"},
        {"q": None, "card": '{"no":"<CARD>"}'},
        None,
        [1],
    ]
    assert edited.rows["text"].to_list() == frame["text"].to_list()
    assert [
        (row, rule, json.loads(detail)) for row, rule, detail in edited.ledger.select("row_id", "rule", "detail").rows()
    ] == [
        ("d0", "pii.email", {"field": "q", "offsets": [[4, 17]]}),
        ("d0", "pii.card", {"field": "card", "offsets": [[0, 16]]}),
        ("d2", "pii.card", {"field": "card", "offsets": [[7, 26]]}),
    ]
    tables.check(edited.ledger, tables.LEDGER)


def test_every_field() -> None:
    edited = fields.edit(documents('{"a":"x@y.kr","b":["x@y.kr"]}'), (fields.EVERY,), pii.replace)
    assert json.loads(edited.rows["meta"][0]) == {"a": "<EMAIL>", "b": '["<EMAIL>"]'}


def test_fields_are_normalised_as_texts_are() -> None:
    meta = json.dumps({"q": unicodedata.normalize("NFD", "한글") + "\r\n끝 "}, ensure_ascii=False)
    edited = fields.edit(documents(meta, '{"q":"끝"}'), ("q",), lambda rows: normalise.normalise(rows, Normalisation()))
    assert [json.loads(each)["q"] for each in edited.rows["meta"]] == ["한글\n끝", "끝"]
    assert edited.ledger["row_id"].to_list() == ["d0"]


def test_nothing_to_edit() -> None:
    frame = documents('{"a":"x@y.kr"}')
    for names in ((), ("b",)):
        edited = fields.edit(frame, names, pii.replace)
        assert edited.rows.equals(frame) and edited.ledger.is_empty()
