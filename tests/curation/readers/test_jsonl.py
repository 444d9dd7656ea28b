"""JSON Lines: what goes in comes out, however it is cut, compressed or written."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions, files, jsonl

SMALL = 200  # bytes: several partitions from a few records


def read_all(path: Path, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Documents and ledger of a file; what every read must hold is asserted on the way."""
    documents, ledgers = [], []
    pieces = readers.plan([path], options)
    for piece in pieces:
        taken = 0
        for read in readers.read(piece, options):
            tables.check(read.documents, tables.DOCUMENTS, "doc_id")
            tables.check(read.ledger, tables.LEDGER)
            dropped = read.ledger.filter(pl.col("action") == "drop").height
            tables.conserve("read", read.records, read.documents.height, dropped, 0)
            documents.append(read.documents)
            ledgers.append(read.ledger)
            taken += read.bytes
        assert taken == piece.bytes
    assert sum(piece.bytes for piece in pieces) == path.stat().st_size
    return tables.check(pl.concat(documents), tables.DOCUMENTS, "doc_id"), pl.concat(ledgers)


def write(path: Path, data: bytes) -> Path:
    """Write bytes, compressed as the name says."""
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.compress(data)
    path.write_bytes(data)
    return path


def lines(*records: Any) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
records = st.lists(st.tuples(texts, st.dictionaries(texts.filter(lambda key: "text" not in key), values, max_size=3)))


@given(
    records=records.filter(len),
    partition=st.integers(1, 300),
    escaped=st.booleans(),
    ended=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    suffix=st.sampled_from(["", ".gz", ".zst"]),
)
def test_texts_and_fields_come_back_whatever_the_partition(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[str, dict[str, Any]]],
    partition: int,
    escaped: bool,
    ended: bool,
    ending: str,
    suffix: str,
) -> None:
    written = ending.join(json.dumps({**fields, "text": text}, ensure_ascii=escaped) for text, fields in records)
    path = tmp_path_factory.mktemp("jsonl") / f"a.jsonl{suffix}"
    write(path, (written + ending * ended).encode())
    documents, ledger = read_all(path, ReadOptions(partition_bytes=partition))
    assert ledger.is_empty()
    assert documents["text"].to_list() == [text for text, _ in records]
    assert [json.loads(meta) for meta in documents["meta"]] == [fields for _, fields in records]
    assert documents["record"].to_list() == list(range(len(records)))
    for row in documents.iter_rows(named=True):
        assert row["doc_id"] == tables.document_id(row["source"], row["file"], row["record"], row["text"])
        assert row["content_id"] == tables.content_id(row["text"])
        assert row["parents"] == [] and row["lang"] is None


def test_partitions_hold_at_most_their_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl.gz", lines(*({"text": "x" * size} for size in (50, 60, 70, 500, 10, 20))))
    reads = list(readers.read(readers.plan([path], ReadOptions())[0], ReadOptions(partition_bytes=SMALL)))
    sizes = [read.documents["text"].str.len_bytes().to_list() for read in reads]
    assert sizes == [[50, 60], [70], [500], [10, 20]]


def test_an_uncompressed_file_is_cut_into_slices_that_read_alike(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines(*({"text": f"{number} " * 9} for number in range(50))))
    whole, _ = read_all(path, ReadOptions())
    options = ReadOptions(partition_bytes=SMALL)
    pieces = readers.plan([path], options)
    assert len(pieces) > 5 and not pieces[0].whole
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    cut, _ = read_all(path, options)
    assert cut.equals(whole)


def test_a_record_has_the_number_of_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"text":"a"}\n\n  \t\n{"text":"b"}\n')
    documents, ledger = read_all(path, ReadOptions(partition_bytes=5))
    assert documents["record"].to_list() == [0, 3]
    assert ledger.is_empty()


def test_byte_order_marks_at_the_start_of_file_line_key_and_text(tmp_path: Path) -> None:
    data = '\ufeff{"text":"a"}\n\ufeff {"text":"b","n":1}\n{"\ufefftext":"c"}\n{"text":"\ufeffd"}\n'
    documents, ledger = read_all(write(tmp_path / "a.jsonl", data.encode()), ReadOptions())
    assert documents["text"].to_list() == ["a", "b", "c", "\ufeffd"]
    assert ledger.is_empty()


def test_nul_lone_surrogates_and_numbers_beyond_json(tmp_path: Path) -> None:
    data = (
        b'{"text":"a\\u0000b"}\n'
        b'{"text":"a\\ud800b\\udc00","m":"\\udfff"}\n'
        b'{"text":"\\ud83d\\ude00","x":NaN,"y":[-Infinity,1e999],"z":123456789012345678901234567890}\n'
    )
    documents, ledger = read_all(write(tmp_path / "a.jsonl", data), ReadOptions())
    assert documents["text"].to_list() == ["a\0b", "a\ufffdb\ufffd", "😀"]
    assert json.loads(documents["meta"][1]) == {"m": "\udfff"}
    assert documents["meta"][2] == '{"x":"NaN","y":["-Infinity","inf"],"z":123456789012345678901234567890}'
    event = ledger.row(0, named=True)
    assert (ledger.height, event["action"], event["rule"]) == (1, "edit", "reader.lone_surrogate")
    assert (event["row_id"], event["record"], event["value"]) == (documents["doc_id"][1], 1, 2.0)
    assert documents["content_id"][1] == tables.content_id("a\ud800b\udc00")  # of the text as it was read


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"text":"a"', "broken JSON"),
        (b'{"text":"a"} x', "more text after the JSON value, at column 13"),
        (b'{"text":"a"}{"text":"b"}', "more text after the JSON value, at column 13"),
        (b'{"text":', "broken JSON (no value at column 9)"),
        (b"plain", "no JSON"),
        (b'["text"]', "a list"),
        (b"17", "a number"),
        (b'"text"', "text"),
        (b"null", "null"),
        (b'{"text":null}', "null in column 'text'"),
        (b'{"text":["a"]}', "a list in column 'text'"),
        (b'{"other":"a","id":1}', "the columns 'other', 'id'"),
        (b"{}", "no columns"),
        (b'{"text":"\xff"}', "byte 0xff at column 10"),
        (b"\x00\x00\x00", "no JSON"),
        (b'{"text":"a\tb"}', "broken JSON (Invalid control character at"),
        (b'{"text":"a","x":' + b"[" * 100_000 + b"}", "JSON nested too deeply"),
        (b'{"text":"a","x":' + b"1" * 5000 + b"}", "a number of thousands of digits"),
    ],
)
def test_a_damaged_record_is_a_ledger_row(tmp_path: Path, line: bytes, found: str) -> None:
    data = lines({"text": "a"}) + line + b"\n" + lines({"text": "b"})
    documents, ledger = read_all(write(tmp_path / "a.jsonl", data), ReadOptions())
    assert documents["text"].to_list() == ["a", "b"]
    assert documents["record"].to_list() == [0, 2]
    (row,) = ledger.iter_rows(named=True)
    assert (row["row_id"], row["file"], row["record"]) == (None, "a.jsonl", 1)
    assert (row["action"], row["rule"], row["stage"]) == ("drop", "reader.damaged", "read")
    detail = json.loads(row["detail"])
    assert detail["line"] == 2 and detail["found"].startswith(found) and detail["expected"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("size", [1000, 10_000])  # of the long line: within a block, and many blocks
def test_a_record_over_the_limit_is_a_ledger_row(tmp_path: Path, suffix: str, size: int) -> None:
    data = lines({"text": "a"}) + b'{"text":"' + b"x" * size + b'"}\n' + lines({"text": "b"})
    options = ReadOptions(max_record_bytes=500, partition_bytes=SMALL)
    documents, ledger = read_all(write(tmp_path / f"a.jsonl{suffix}", data), options)
    assert documents["text"].to_list() == ["a", "b"]
    assert documents["record"].to_list() == [0, 2]
    (row,) = ledger.iter_rows(named=True)
    assert (row["rule"], row["value"], row["threshold"]) == ("reader.too_large", size + 11.0, 500.0)


class Endless(io.RawIOBase):
    """A line of a given length that is never held: what a compression bomb streams."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "the reader must bound what it asks for"
        given, self.left = min(size, self.left), max(0, self.left - size)
        return b"x" * given

    def tell(self) -> int:
        return 0


def stream_of(raw: io.IOBase) -> files.Stream:
    return files.Stream("a.jsonl", raw, None, "utf-8", None)  # type: ignore[arg-type]


def test_a_bomb_is_not_held() -> None:
    held = 0
    for chunk in jsonl.chunks(stream_of(Endless(50_000_000)), block=1 << 20, limit=2 << 20):
        held += 0 if isinstance(chunk, int) else len(chunk)
        assert chunk == 50_000_000
    assert held == 0


@pytest.mark.parametrize(
    ("megabytes", "message"),
    [(40, "none of its 1 records could be read"), (80, "found a record that expands beyond .* a compression bomb")],
)
def test_a_bomb_of_one_line_stops_the_run_in_bounded_memory(tmp_path: Path, megabytes: int, message: str) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"text":"')
        for _ in range(megabytes):
            file.write(b" " * (1 << 20))
    assert path.stat().st_size < 1 << 20
    options = ReadOptions(max_record_bytes=1 << 20)
    with pytest.raises(InputError, match=message):
        read_all(path, options)


@given(
    data=st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\n\n", b"cccccccc"])).map(b"".join),
    block=st.integers(1, 9),
    limit=st.integers(1, 9),
)
def test_chunks_are_the_lines(data: bytes, block: int, limit: int) -> None:
    seen: list[bytes | int] = []
    for chunk in jsonl.chunks(stream_of(io.BytesIO(data)), block, limit):
        if isinstance(chunk, int):
            seen.append(chunk)
        else:
            seen.extend(chunk.removesuffix(b"\n").split(b"\n"))
    expected = data.removesuffix(b"\n").split(b"\n") if data else []
    assert [line if isinstance(line, int) else len(line) for line in seen] == [len(line) for line in expected]
    assert all(line == other for line, other in zip(seen, expected, strict=True) if isinstance(line, bytes))
    assert all(line > limit for line in seen if isinstance(line, int))


@pytest.mark.shared_data
def test_real_files_with_marks_in_keys_and_texts(shared_data: Path) -> None:
    options = ReadOptions(text_column="id")
    (piece,) = readers.plan([shared_data / "near-duplicates/korean-question-pairs.jsonl.gz"], options)
    (read,) = readers.read(piece, options)
    assert read.documents.height == read.records == 6888
    assert read.documents["text"][0] == "1"
