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
    return (
        gzip.compress(data, 1, mtime=0)
        if suffix == ".gz"
        else zstandard.ZstdCompressor(write_checksum=True).compress(data)
    )


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
