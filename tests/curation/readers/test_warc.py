"""WARC: records in are documents and ledger rows out, whole, cut, compressed and damaged."""

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
import zstandard
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions

PARAGRAPHS = "".join(
    f"<p>This is paragraph {n} of the page number {{0}}, long enough to be kept.</p>" for n in range(5)
)
PAGE = f"<html><head><title>Page {{0}}</title></head><body><article>{PARAGRAPHS}</article></body></html>"


def archive(pages: int, gz: bool = False) -> list[bytes]:
    """Records as warcio writes them: a warcinfo, then a request and a response for each page."""
    records = []
    for number in range(-1, pages):
        out = io.BytesIO()
        writer = WARCWriter(out, gzip=gz)
        if number < 0:
            writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "test"}))
        else:
            headers = [("Content-Type", "text/html; charset=utf-8")]
            writer.write_record(
                writer.create_warc_record(
                    f"http://example.org/{number}",
                    "response",
                    payload=io.BytesIO(PAGE.format(number).encode()),
                    http_headers=StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1"),
                    warc_headers_dict={"WARC-Date": "2024-01-02T03:04:05Z"},
                )
            )
        records.append(out.getvalue())
    return records


def read_all(path: Path, options: ReadOptions | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    options = options or ReadOptions()
    pieces = readers.plan([path], options)
    reads = [each for piece in pieces for each in readers.read(piece, options)]
    documents, ledger = pl.concat([each.documents for each in reads]), pl.concat([each.ledger for each in reads])
    assert sum(each.records for each in reads) == documents.height + ledger.height
    assert sum(each.bytes for each in reads) == path.stat().st_size
    return documents, ledger


def write(path: Path, records: list[bytes]) -> Path:
    content = b"".join(records)
    path.write_bytes(zstandard.compress(content) if path.suffix == ".zst" else content)
    return path


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a.warc.zst", "whole.warc.gz"])
def test_pages_become_documents_and_the_rest_is_in_the_ledger(tmp_path: Path, name: str) -> None:
    records = archive(3, gz=name == "a.warc.gz")
    records = [gzip.compress(b"".join(records), mtime=0)] if name == "whole.warc.gz" else records
    documents, ledger = read_all(write(tmp_path / name, records))
    tables.check(documents, tables.DOCUMENTS, "doc_id")
    assert documents["record"].to_list() == [1, 2, 3]
    assert all(f"page number {n}" in text for n, text in enumerate(documents["text"]))
    assert json.loads(documents["meta"][1]) == {
        "url": "http://example.org/1",
        "date": "2024-01-02T03:04:05Z",
        "content_type": "text/html",
        "title": "Page 1",
        "encoding": "utf-8",
    }
    (event,) = ledger.rows(named=True)
    assert (event["rule"], event["record"]) == ("reader.not_a_page", 0)
    assert json.loads(event["detail"])["found"] == "a record of type 'warcinfo'"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_pieces_give_what_the_whole_gives(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, archive(12, gz=name.endswith(".gz")))
    whole = read_all(path)
    options = ReadOptions(partition_bytes=1500)
    pieces = readers.plan([path], options)
    assert len(pieces) > 4
    for cut, uncut in zip(read_all(path, options), whole, strict=True):
        assert cut.equals(uncut)


def test_an_archive_compressed_as_a_whole_is_one_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "a.warc.gz", [gzip.compress(b"".join(archive(12)), mtime=0)])
    (piece,) = readers.plan([path], ReadOptions(partition_bytes=600))
    assert piece.whole
    assert read_all(path, ReadOptions(partition_bytes=600))[0].height == 12


def damaged(records: list[bytes], at: int, how: str) -> list[bytes]:
    record = records[at]
    changed = {
        "no header": lambda: b"garbage that is no record\r\n\r\n" * 3,
        "no length": lambda: record.replace(b"Content-Length", b"Content-Lengte", 1),
        "cut": lambda: record[: len(record) // 2],
        "flipped": lambda: record[:60] + bytes([record[60] ^ 0xFF]) + record[61:],
    }[how]()
    return [*records[:at], changed, *records[at + 1 :]]


@pytest.mark.parametrize(("name", "how"), [
    ("a.warc", "no header"), ("a.warc", "no length"), ("a.warc.gz", "cut"), ("a.warc.gz", "flipped"),
    ("a.warc.gz", "no header"), ("a.warc.zst", "no header"),
])  # fmt: skip
def test_a_damaged_record_is_a_ledger_row_and_the_rest_goes_on(tmp_path: Path, name: str, how: str) -> None:
    path = write(tmp_path / name, damaged(archive(6, gz=name == "a.warc.gz"), 3, how))
    documents, ledger = read_all(path)
    urls = [json.loads(meta)["url"][-1] for meta in documents["meta"]]
    assert urls == ["0", "1", "3", "4", "5"]
    assert ledger.filter(pl.col("rule") == "reader.damaged").height == 1
    with pytest.raises(InputError, match="found 1 damaged records .*none is allowed with --strict"):
        read_all(path, ReadOptions(strict=True))


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_an_archive_that_ends_early_loses_its_last_record(tmp_path: Path, name: str) -> None:
    records = archive(4, gz=name.endswith(".gz"))
    documents, ledger = read_all(write(tmp_path / name, [*records[:-1], records[-1][:-50]]))
    assert documents.height == 3
    assert ledger["rule"].to_list() == ["reader.not_a_page", "reader.damaged"]


def test_a_record_over_the_limit_is_passed_and_a_bomb_is_refused(tmp_path: Path) -> None:
    options = ReadOptions(max_record_bytes=20_000)
    head = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: %d\r\n\r\n"
    records = archive(3, gz=True)
    large = gzip.compress(head % 30_000 + bytes(30_000) + b"\r\n\r\n", mtime=0)
    documents, ledger = read_all(write(tmp_path / "a.warc.gz", [*records[:2], large, *records[2:]]), options)
    assert documents.height == 3
    assert ledger.filter(pl.col("rule") == "reader.too_large")["value"].to_list() == [30_000 + len(head % 30_000)]
    for name, start in (("long", head % (1 << 40)), ("endless", b"no record")):
        packer = zstandard.ZstdCompressor().compressobj()
        bomb = packer.compress(start) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
        path = tmp_path / f"{name}.warc.zst"
        path.write_bytes(zstandard.compress(b"".join(archive(1))) + bomb)
        with pytest.raises(InputError, match=f"{name}.warc.zst: found a record that expands .* a compression bomb"):
            read_all(path, options)


@pytest.mark.shared_data
def test_real_archives(shared_data: Path) -> None:
    for number, pages in ((0, 20), (1, 16)):
        path = shared_data / f"corpora/web-samples/sample-000{number}.warc.gz"
        documents, ledger = read_all(path)
        assert documents.height >= pages - 2
        assert set(ledger["rule"]) <= {"reader.not_a_page", "reader.no_main_text"}
        cut = read_all(path, ReadOptions(partition_bytes=200_000))
        assert cut[0].equals(documents) and cut[1].equals(ledger)
