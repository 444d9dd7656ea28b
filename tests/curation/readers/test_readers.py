"""Reading whatever the format: partitions conserve records, damage is counted per file, strict stops at once."""

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
