"""Parquet: row groups, types and damage."""

import datetime
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=40)


def read_all(path: Path, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    pieces = readers.plan([path], options)
    reads = [read for piece in pieces for read in readers.read(piece, options)]
    assert sum(read.bytes for read in reads) == sum(piece.bytes for piece in pieces)
    documents = pl.concat([read.documents for read in reads])
    ledger = pl.concat([read.ledger for read in reads])
    assert sum(read.records for read in reads) == documents.height + ledger.height
    tables.check(ledger, tables.LEDGER)
    return tables.check(documents, tables.DOCUMENTS, "doc_id"), ledger


@given(texts=texts, group=st.integers(1, 40), partition=st.integers(1, 200), dictionary=st.booleans())
def test_texts_come_back_whatever_the_row_groups(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], group: int, partition: int, dictionary: bool
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    column = pa.array(texts).dictionary_encode() if dictionary else pa.array(texts)
    pq.write_table(pa.table({"n": range(len(texts)), "text": column}), path, row_group_size=group)
    documents, ledger = read_all(path, ReadOptions(partition_bytes=partition))
    assert documents["text"].to_list() == texts
    assert documents["record"].to_list() == list(range(len(texts)))
    assert documents["meta"].to_list() == [f'{{"n":{number}}}' for number in range(len(texts))]
    assert ledger.is_empty()
    row = documents.row(-1, named=True)
    assert row["doc_id"] == tables.document_id("a.parquet", "a.parquet", len(texts) - 1, texts[-1])


def test_partitions_hold_at_most_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["x" * size for size in (50, 60, 90, 500, 10)]}).write_parquet(path)
    options = ReadOptions(partition_bytes=200)
    reads = [read for piece in readers.plan([path], options) for read in readers.read(piece, options)]
    assert [read.documents["text"].str.len_bytes().to_list() for read in reads] == [[50, 60, 90], [500], [10]]


def test_other_columns_become_json(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame(
        {
            "text": ["a"],
            "when": [datetime.datetime(2024, 1, 2, 3, 4, 5)],
            "raw": [b"\x00\xff"],
            "nan": [float("nan")],
            "nested": [{"a": [1, None]}],
            "nothing": pl.Series([None], dtype=pl.String),
        }
    ).write_parquet(path)
    documents, _ = read_all(path, ReadOptions())
    assert json.loads(documents["meta"][0]) == {
        "when": "2024-01-02T03:04:05",
        "raw": "00ff",
        "nan": "nan",
        "nested": {"a": [1, None]},
        "nothing": None,
    }


def test_our_own_documents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"a","n":1}\n')
    first = next(readers.read(readers.plan([path], ReadOptions())[0], ReadOptions())).documents
    first.write_parquet(tmp_path / "documents.parquet")
    again, _ = read_all(tmp_path / "documents.parquet", ReadOptions())
    assert again["text"].to_list() == ["a"]
    assert json.loads(again["meta"][0])["doc_id"] == first["doc_id"][0]


def test_null_and_bytes_that_are_not_utf8_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    raw = pa.array([b"a", b"\xff\xfe", None, b"b"], pa.binary())
    text = pa.StringArray.from_buffers(4, *raw.buffers()[1:], raw.buffers()[0], raw.null_count)
    pq.write_table(pa.table({"text": text}), path)
    documents, ledger = read_all(path, ReadOptions(max_damaged=0.5))
    assert documents["text"].to_list() == ["a", "b"]
    assert ledger["record"].to_list() == [1, 2]
    assert [json.loads(detail)["found"] for detail in ledger["detail"]] == [
        "byte 0xff at byte 1",
        "null in column 'text'",
    ]


def test_a_record_over_the_limit_is_a_ledger_row(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["a", "x" * 300]}).write_parquet(path)
    documents, ledger = read_all(path, ReadOptions(max_record_bytes=200))
    assert documents["text"].to_list() == ["a"]
    assert ledger.select("rule", "value", "threshold").row(0) == ("reader.too_large", 300.0, 200.0)


def test_a_text_column_that_holds_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [1], "body": ["a"]}).write_parquet(path)
    with pytest.raises(InputError, match="a.parquet: column 'text' holds int64, expected text.*'text', 'body'"):
        readers.plan([path], ReadOptions())


def test_a_missing_text_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [1], "body": ["a"]}).write_parquet(path)
    with pytest.raises(InputError, match="found no column 'text', only 'id', 'body'; name .* --text-column"):
        readers.plan([path], ReadOptions())
    documents, _ = read_all(path, ReadOptions(text_column="body"))
    assert documents["text"].to_list() == ["a"]


def test_a_cut_footer_and_damaged_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [str(number) * 9 for number in range(5000)]}).write_parquet(path, compression="zstd")
    data = path.read_bytes()
    path.write_bytes(data[:-10])
    with pytest.raises(InputError, match="a.parquet: cannot be read as Parquet"):
        readers.plan([path], ReadOptions())
    path.write_bytes(data[:100] + bytes(2000) + data[2100:])
    with pytest.raises(InputError, match="a.parquet: found damaged data pages"):
        read_all(path, ReadOptions())


def test_a_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": []}, schema={"text": pl.String}).write_parquet(path)
    documents, ledger = read_all(path, ReadOptions())
    assert documents.is_empty() and ledger.is_empty()


def test_a_row_group_that_is_a_compression_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["a"], "data": ["x" * (100 << 20)]}).write_parquet(path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="expand to .* in row group 0, column 'data', a compression bomb"):
        readers.plan([path], ReadOptions(max_record_bytes=1 << 20))
    assert len(readers.plan([path], ReadOptions())) == 1
