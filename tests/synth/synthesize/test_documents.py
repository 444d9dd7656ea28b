"""Documents for a method: read from files and from an earlier step, none lost."""

import json
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from synth.synthesize import documents


def test_texts_get_ids_and_the_file_s_name_as_their_source(tmp_path: Path) -> None:
    path = tmp_path / "notes.v2.jsonl"
    path.write_text('{"body": "one"}\n{"body": "two", "text": "no"}\n', encoding="utf-8")
    found = documents.load([path], "body")
    tables.check(found.rows, tables.DOCUMENTS, "doc_id")
    assert found.rows["text"].to_list() == ["one", "two"] and found.rows["source"].unique().to_list() == ["notes"]
    assert found.rows["doc_id"][0] == tables.document_id("notes", path.name, 0, "one")
    assert found.rows.select("file", "record").rows() == [(path.name, 0), (path.name, 1)]


def test_documents_of_a_step_keep_their_ids_and_count_once(tmp_path: Path) -> None:
    row = {"doc_id": "a" * 32, "content_id": "b" * 32, "text": "한 글", "source": "web", "file": "w.warc", "record": 7,
           "lang": "ko", "meta": '{"x":1}', "parents": ["c" * 32]}  # fmt: skip
    pl.DataFrame([row], schema=tables.DOCUMENTS).write_parquet(tmp_path / "part.parquet")
    pl.DataFrame([row], schema=tables.DOCUMENTS).write_parquet(tmp_path / "part2.parquet")
    found = documents.load([tmp_path])
    assert found.rows.to_dicts() == [row]
    assert found.ledger["rule"].to_list() == ["read.repeated"] and found.records == 2


def test_damaged_records_are_ledger_rows_and_too_many_are_an_error(tmp_path: Path) -> None:
    good = [json.dumps({"text": f"text {n}"}) for n in range(20)]
    path = tmp_path / "docs.jsonl"
    path.write_text("\n".join([*good, '{"text": "  "}']) + "\n", encoding="utf-8")
    found = documents.load([path])
    assert found.rows.height == 20
    assert found.ledger.select("file", "record", "rule").rows() == [("docs.jsonl", 20, "read.row")]
    path.write_text("\n".join([*good, '{"text": 3}', '{"tex": "a"}']) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"docs\.jsonl, line 21: .*'text' without text.*\(2 of 22 records"):
        documents.load([path])
    path.write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="found the keys 'prompt', 'completion', expected a text under 'text'"):
        documents.load([path])
