"""Text and Markdown files."""

import gzip
from pathlib import Path

import pytest

from curation import readers, tables
from curation.errors import InputError
from curation.readers import ReadOptions


def one(path: Path, options: ReadOptions | None = None) -> readers.Read:
    options = options or ReadOptions()
    (piece,) = readers.plan([path], options)
    (read,) = readers.read(piece, options)
    assert read.bytes == path.stat().st_size
    return read


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.txt.gz", "A.MD"])
def test_a_file_is_a_document(tmp_path: Path, name: str) -> None:
    text = "# 제목\r\n\r\n본문 \n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode())
    row = one(path).documents.row(0, named=True)
    assert (row["text"], row["file"], row["source"], row["record"], row["meta"]) == (text, name, name, 0, "{}")
    assert row["doc_id"] == tables.document_id(name, name, 0, text)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfabc")
    assert one(path).documents["text"].to_list() == ["abc"]


def test_bytes_that_are_not_utf8_stop_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("정상\n".encode() * 5 + b"\xff\n" + "정상\n".encode() * 5)
    with pytest.raises(InputError, match=r"none of its 1 records.*byte 0xff at offset 35 \(line 6\), expected UTF-8"):
        one(path)


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"abc " * 1_000_000, mtime=0))
    with pytest.raises(InputError, match="found more than 1000 bytes, expected at most 1000"):
        one(path, ReadOptions(max_record_bytes=1000))


def test_another_encoding_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("안녕하세요, 반갑습니다.".encode("cp949"))
    with pytest.raises(InputError, match=r"found text in EUC-KR \(cp949\), expected UTF-8"):
        one(path)
    assert one(path, ReadOptions(encoding="cp949")).documents["text"].to_list() == ["안녕하세요, 반갑습니다."]
