"""Reading whatever the format: partitions conserve records, damage is counted per file, strict stops at once."""

import tracemalloc
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions

GOOD, BAD = b'{"text":"a"}\n', b'{"text":\n'


def read(path: Path, options: ReadOptions) -> list[readers.Read]:
    return [each for piece in readers.plan([path], options) for each in readers.read(piece, options)]


def test_every_format_gives_the_same_tables(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text":"one","n":1}\n{"text":"two","n":2}\n')
    pl.DataFrame({"text": ["one", "two"], "n": [1, 2]}).write_parquet(tmp_path / "b.parquet")
    (tmp_path / "c.md").write_text("one")
    options = ReadOptions()
    tables_read = [
        each.documents for piece in readers.plan([tmp_path], options) for each in readers.read(piece, options)
    ]
    for documents in tables_read:
        tables.check(documents, tables.DOCUMENTS, "doc_id")
    jsonl, parquet, plain = tables_read
    assert jsonl.select("content_id", "text", "record", "meta").equals(
        parquet.select("content_id", "text", "record", "meta")
    )
    assert jsonl["content_id"][0] == plain["content_id"][0]
    assert pl.concat(tables_read)["doc_id"].n_unique() == 5


@pytest.mark.parametrize("partition_bytes", [1, 30, 100, 1 << 20])
def test_records_and_bytes_add_up(tmp_path: Path, partition_bytes: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD * 5 + BAD + GOOD * 5)
    reads = read(path, ReadOptions(partition_bytes=partition_bytes))
    assert sum(each.records for each in reads) == 11
    assert sum(each.documents.height for each in reads) == 10
    assert sum(each.ledger.height for each in reads) == 1
    assert sum(each.bytes for each in reads) == path.stat().st_size


@pytest.mark.parametrize(
    ("good", "bad", "max_damaged", "stops"),
    [(5, 1, 0.001, False), (5, 2, 0.001, True), (98, 2, 0.02, False), (97, 3, 0.02, True), (0, 1, 1.0, True)],
)
def test_damage_up_to_the_limit_and_beyond(
    tmp_path: Path, good: int, bad: int, max_damaged: float, stops: bool
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD * good + BAD * bad)
    options = ReadOptions(max_damaged=max_damaged)
    if stops:
        with pytest.raises(InputError, match=f"a.jsonl: .*the first is line {good + 1}: found broken JSON"):
            read(path, options)
    else:
        (whole,) = read(path, options)
        assert (whole.documents.height, whole.ledger.height) == (good, bad)


def test_strict_stops_before_the_next_partition(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD * 3 + BAD + GOOD * 300)
    options = ReadOptions(strict=True)
    with pytest.raises(
        InputError, match="found 1 damaged records .*none is allowed with --strict; the first is line 4"
    ):
        read(path, options)
    path.write_bytes(GOOD * 3)
    assert read(path, options)[0].records == 3


def test_slices_leave_the_count_of_damage_to_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD * 4 + BAD * 2 + GOOD * 4)
    options = ReadOptions(partition_bytes=30)
    pieces = readers.plan([path], options)
    assert len(pieces) > 1 and not any(piece.whole for piece in pieces)
    reads = [each for piece in pieces for each in readers.read(piece, options)]
    records = sum(each.records for each in reads)
    damaged = sum(each.ledger.height for each in reads)
    assert (records, damaged) == (10, 2)
    with pytest.raises(InputError, match="found 2 damaged records among 10, expected at most 1"):
        readers.check_damage("a.jsonl", records, damaged, options)


HOSTILE = {
    "NUL": "text with a\x00b and more words",
    "no spaces": "가" * 5000,
    "only emoji": "\U0001f600\U0001f469\u200d\U0001f467" * 50,
    "right to left": "مرحبا \u202eabc\u202c",
    "NFD": unicodedata.normalize("NFD", "한국어 문장"),
    "separators": "a\u2028b\u2029c\x85d\x0be",
    "empty": "",
    "quotes": "a \"quoted\" 'text', with\ttabs\nand lines\r\nof two kinds",
    "mark": "\ufeffa",
}


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "parquet", "arrow", "txt"])
def test_any_text_is_read_as_it_was_written(tmp_path: Path, form: str) -> None:
    for name, text in HOSTILE.items():
        if form == "txt" and name in ("empty", "mark"):  # nothing to read, and a mark that is no text
            continue
        path = tmp_path / f"{name}.{form}"
        table = pl.DataFrame({"text": [text, "next"]})
        if form == "parquet":
            table.write_parquet(path)
        elif form == "arrow":
            table.write_ipc(path)
        elif form == "txt":
            path.write_bytes(text.encode())
        elif form == "jsonl":
            table.write_ndjson(path)
        else:
            table.write_csv(path, separator="," if form == "csv" else "\t", quote_style="always")
        (only,) = read(path, ReadOptions())
        assert only.documents["text"].to_list() == ([text] if form == "txt" else [text, "next"]), name


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_hundred_megabytes_on_one_line_are_never_held(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    with path.open("wb") as file:
        file.write(GOOD if form == "jsonl" else b"text\na\n")
        file.writelines(b"x" * (1 << 20) for _ in range(100))
        file.write(b"\n" + (GOOD if form == "jsonl" else b"b\n"))
    tracemalloc.start()
    reads = read(path, ReadOptions(max_record_bytes=4 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(each.documents.height for each in reads) == 2
    assert [value for each in reads for value in each.ledger["value"]] == [100 << 20]
    assert peak < 40 << 20


def test_records_that_are_no_documents_are_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(b"<html><body><script>x</script></body></html>")
    (only,) = read(path, ReadOptions(strict=True))
    assert (only.records, only.damaged, only.documents.height, only.ledger.height) == (1, 0, 0, 1)
