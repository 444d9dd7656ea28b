"""Streams: compression that is damaged, and text in other encodings."""

import gzip
from pathlib import Path

import pytest
import zstandard

from curation import readers
from curation.errors import InputError
from curation.readers import ReadOptions, files

DATA = b"".join(b'{"text":"record %d"}\n' % number for number in range(30_000))


def compress(suffix: str, data: bytes) -> bytes:
    return gzip.compress(data, 1) if suffix == ".gz" else zstandard.ZstdCompressor(write_checksum=True).compress(data)


def texts(path: Path, options: ReadOptions | None = None) -> list[str]:
    options = options or ReadOptions()
    return [
        text
        for piece in readers.plan([path], options)
        for read in readers.read(piece, options)
        for text in read.documents["text"]
    ]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_stream_that_ends_early(tmp_path: Path, suffix: str) -> None:
    whole = compress(suffix, DATA)
    path = tmp_path / f"a.jsonl{suffix}"
    for cut in (len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match=f"a.jsonl{suffix}: found data that ends early, expected a whole"):
            texts(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_stream_that_is_damaged(tmp_path: Path, suffix: str) -> None:
    whole = bytearray(compress(suffix, DATA))
    whole[-6] ^= 0xFF if suffix == ".gz" else 0  # the checksum
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=f"a.jsonl{suffix}: found damaged data .*expected a whole"):
        texts(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_of_several_members(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(compress(suffix, DATA) + compress(suffix, b'{"text":"last"}\n'))
    found = texts(path)
    assert (len(found), found[-1]) == (30_001, "last")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp949", "utf-8-sig"])
def test_another_encoding_is_read_as_it_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes("".join(f'{{"text":"가나다 {number}"}}\n' for number in range(99)).encode(encoding))
    assert texts(path, ReadOptions(encoding=encoding, partition_bytes=300))[-1] == "가나다 98"


def test_an_encoding_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n' * 9000 + b'{"text":"\xff"}\n')
    with pytest.raises(InputError, match="a.jsonl: found bytes near offset .* that are not ascii"):
        texts(path, ReadOptions(encoding="ascii"))


def test_formats_by_name() -> None:
    assert files.format_of("a.JSONL.GZ") == ("jsonl", "gz")
    assert files.format_of("a.b.ndjson.zst") == ("jsonl", "zst")
    assert files.format_of("README.md") == ("plain", None)
    assert files.format_of("a.gz") is None
    assert files.format_of("jsonl") is None


RECORD = b'{"text":"a"}\n'


def test_one_record_that_is_not_utf8_is_damage_and_not_another_encoding() -> None:
    one = RECORD + '{"text":"안녕"}\n'.encode("cp949") + RECORD
    assert files.other_encoding(one, lines_are_records=True) is None
    assert files.other_encoding(one) == "EUC-KR (cp949)"  # a text of three lines is one document
    assert files.other_encoding('{"text":"안녕"}\n'.encode("cp949"), lines_are_records=True) == "EUC-KR (cp949)"
    assert files.other_encoding('{"text":"안녕"}\n'.encode("cp949") * 3, lines_are_records=True) == "EUC-KR (cp949)"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("안녕하세요, 반갑습니다", "cp949", "EUC-KR (cp949)"),
        ("똠방각하와 펲시콜라를 좋아합니다", "cp949", "EUC-KR (cp949)"),  # two syllables beyond EUC-KR
        ("これはテストです", "shift_jis", "Shift JIS"),
        ("Käse schmeckt süß", "latin-1", "a legacy 8-bit encoding such as Windows-1252"),
        ("plain", "utf-16", "UTF-16"),
    ],
)
def test_an_encoding_is_named(text: str, encoding: str, name: str) -> None:
    assert files.other_encoding(text.encode(encoding)) == name
    assert files.other_encoding(text.encode()) is None


def test_a_run_of_zeros_is_one_damaged_line_of_a_text() -> None:
    zeros = bytes(5000) + b"\n"
    assert files.is_binary(zeros)
    assert not files.is_binary(RECORD + zeros + RECORD)
    assert files.is_binary(bytes(range(256)) * 4)
    # a twentieth of a line: one control character among twenty
    assert files.is_binary(b"\x01" + b"x" * 19) and not files.is_binary(b"\x01" + b"x" * 20)
    assert not files.is_binary(b"")


def test_what_is_found_in_words() -> None:
    assert files.describe(b"\x1f\x8b\x08") == "gzip"
    assert files.describe(b"PK\x03\x04") == "a ZIP archive"
    assert files.describe("가나다라마바사".encode("cp949")) == "EUC-KR (cp949) text"
    assert files.describe(bytes(20)) == "binary data"
    assert files.describe(b"a,b\n") == "text"
