"""CSV and TSV: the rows of RFC 4180, damage to one row alone, and the same rows however the file is cut."""

import csv
import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions, delimited, files


def read_all(path: Path, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    reads = [each for piece in readers.plan([path], options) for each in readers.read(piece, options)]
    documents = pl.concat([each.documents for each in reads])
    ledger = pl.concat([each.ledger for each in reads])
    assert sum(each.records for each in reads) == documents.height + ledger.filter(pl.col("action") == "drop").height
    return documents, ledger


def rows(documents: pl.DataFrame) -> list[tuple[int, str, dict[str, str]]]:
    return [
        (record, text, json.loads(meta)) for record, text, meta in documents.select("record", "text", "meta").rows()
    ]


TABLE = 'id,text,note\r\n1,"two\r\nlines, and ""quotes""",\r\n\r\n2,plain 5" disk,가\r\n3,,"x"\r\n'


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_quoted_fields_hold_anything(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.csv{suffix}"
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    path.write_bytes(pack(b"\xef\xbb\xbf" + TABLE.encode()))
    documents, ledger = read_all(path, ReadOptions())
    tables.check(documents, tables.DOCUMENTS, "doc_id")
    assert rows(documents) == [
        (1, 'two\r\nlines, and "quotes"', {"id": "1", "note": ""}),
        (4, 'plain 5" disk', {"id": "2", "note": "가"}),
        (5, "", {"id": "3", "note": "x"}),
    ]
    assert ledger.height == 0


def test_tabs_and_another_quote_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\tid\n\"He said\" no\t1\n'a\tb'\t2\n")
    documents, ledger = read_all(path, ReadOptions(quote="", max_damaged=1))
    assert rows(documents) == [(1, '"He said" no', {"id": "1"})]
    assert json.loads(ledger["detail"][0])["found"] == "3 fields"
    documents, _ = read_all(path, ReadOptions(quote="'"))
    assert [text for _, text, _ in rows(documents)] == ['"He said" no', "a\tb"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (b"1\n", "1 field"),
        (b"1,2,3\n", "3 fields"),
        (b'1,"a" b\n', "text after the closing quote of field 2"),
        (b'1,"never closed\n', "a quoted field without an end"),
        (b"1,\xff\n", "bytes that are not UTF-8"),
        (b"1," + b"x" * 600 + b"\n", "a record of 602 bytes"),
    ],
)
@pytest.mark.parametrize("partition_bytes", [1, 20, 1 << 20])
def test_a_damaged_row_is_its_line_and_the_rest_goes_on(
    tmp_path: Path, row: bytes, found: str, partition_bytes: int
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n" + b"0,good\n" * 3 + row + b"0,good\n" * 30)
    options = ReadOptions(partition_bytes=partition_bytes, max_record_bytes=500)
    documents, ledger = read_all(path, options)
    assert documents["text"].to_list() == ["good"] * 33
    (event,) = ledger.rows(named=True)
    assert (event["record"], json.loads(event["detail"])["line"]) == (4, 5)
    assert json.loads(event["detail"])["found"] == found
    with pytest.raises(InputError, match=f"a.csv: found 1 damaged records.*line 5: found {found}"):
        list(readers.read(readers.plan([path], ReadOptions(max_record_bytes=500))[0],
                          ReadOptions(max_record_bytes=500, strict=True)))  # fmt: skip


def test_a_quote_too_many_does_not_swallow_the_rows_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text\n"one\n"two"\n"three"\n' + "x\n" * 5)
    documents, ledger = read_all(path, ReadOptions(max_damaged=1))
    assert documents["text"].to_list() == ["two", "three", *"xxxxx"]
    assert ledger["record"].to_list() == [1]


@given(
    table=st.lists(
        st.tuples(*[st.text(st.sampled_from('a,"\n\r\t 가'), max_size=6).filter(lambda cell: cell != "\r")] * 2),
        min_size=1,
        max_size=12,
    ),
    partition_bytes=st.sampled_from([1, 7, 30, 1 << 20]),
)
def test_what_the_csv_module_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]], partition_bytes: int
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text"])
    writer.writerows(table)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(written.getvalue().encode())
    documents, ledger = read_all(path, ReadOptions(partition_bytes=partition_bytes))
    assert [(json.loads(meta)["id"], text) for meta, text in documents.select("meta", "text").rows()] == table
    assert ledger.height == 0


def test_pieces_give_what_the_whole_gives(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,n\n" + "".join(f'"line one\nline, two {n}",{n}\nplain,{n}\n' for n in range(200)) + "odd\n")
    whole, damage = read_all(path, ReadOptions())
    options = ReadOptions(partition_bytes=500)
    pieces = readers.plan([path], options)
    assert len(pieces) > 5 and sum(piece.bytes for piece in pieces) == path.stat().st_size
    documents, ledger = read_all(path, options)
    assert documents.equals(whole) and ledger.equals(damage) and ledger.height == 1


def test_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("번호,text\n1,안녕하세요\n".encode("cp949"))
    documents, _ = read_all(path, ReadOptions(encoding="cp949"))
    assert rows(documents) == [(1, "안녕하세요", {"번호": "1"})]


def test_open_quotes_in_every_line_take_linear_work() -> None:
    calls = 0
    data = b'text\n"a\n' + b'""\n' * 20_000

    class Counted(delimited._Fields):
        def take(self, line: str) -> None:
            nonlocal calls
            calls += 1
            super().take(line)

    original, delimited._Fields = delimited._Fields, Counted  # type: ignore[misc]
    try:
        stream = files.Stream("a.csv", io.BytesIO(data), None, "utf-8", None)
        assert sum(1 for _ in delimited.rows(stream, "csv", ReadOptions(), 0)) == 20_002
    finally:
        delimited._Fields = original  # type: ignore[misc]
    assert calls < 3 * 20_000
