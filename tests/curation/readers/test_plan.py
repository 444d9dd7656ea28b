"""Which files are read, under which names; and what is refused, in one sentence each."""

import gzip
import json
import os
import pickle
from pathlib import Path

import pytest
import zstandard

from curation import readers
from curation.errors import InputError
from curation.readers import ReadOptions

LINE = b'{"text":"a"}\n'


def names(*inputs: str | Path, **options: object) -> list[str]:
    return [piece.file for piece in readers.plan(inputs, ReadOptions(**options))]  # type: ignore[arg-type]


def touch(path: Path, data: bytes = LINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_names_are_relative_to_the_input(tmp_path: Path) -> None:
    touch(tmp_path / "in/b/c.jsonl")
    touch(tmp_path / "in/b/a.md", b"text")
    touch(tmp_path / "in/a.jsonl.gz", gzip.compress(LINE, mtime=0))
    touch(tmp_path / "in/.hidden.jsonl")
    touch(tmp_path / "in/.git/x.jsonl")
    touch(tmp_path / "in/picture.png", b"\x89PNG")
    assert names(tmp_path / "in/b/c.jsonl") == ["c.jsonl"]
    assert names(tmp_path / "in") == ["a.jsonl.gz", "b/a.md", "b/c.jsonl"]
    assert names(f"{tmp_path}/in/*/*.jsonl") == ["b/c.jsonl"]
    assert names(f"{tmp_path}/in/**/*.md") == ["b/a.md"]
    assert names(tmp_path / "in/b", tmp_path / "in/a.jsonl.gz") == ["a.md", "c.jsonl", "a.jsonl.gz"]


def test_the_source_is_the_files_name_or_the_one_given(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.jsonl")
    assert readers.plan([tmp_path / "in"], ReadOptions())[0].source == "a.jsonl"
    assert readers.plan([tmp_path / "in"], ReadOptions(source="reviews"))[0].source == "reviews"


def test_equal_names_get_their_folders(tmp_path: Path) -> None:
    for folder in ("x/train", "x/test", "y/test"):
        touch(tmp_path / folder / "data.jsonl")
    train, test, other = (tmp_path / name / "data.jsonl" for name in ("x/train", "x/test", "y/test"))
    assert names(train, test) == ["train/data.jsonl", "test/data.jsonl"]
    assert names(train, test, other) == ["train/data.jsonl", "x/test/data.jsonl", "y/test/data.jsonl"]
    ids = set()
    for piece in readers.plan([train, test, other], ReadOptions(source="same")):
        ids.update(next(readers.read(piece, ReadOptions())).documents["doc_id"])
    assert len(ids) == 3


def test_a_name_made_longer_does_not_meet_another(tmp_path: Path) -> None:
    for folder in ("a/b", "c", "d"):
        touch(tmp_path / folder / "data.jsonl")
    found = names(tmp_path / "a", tmp_path / "a/../c/data.jsonl", tmp_path / "d/data.jsonl")
    assert found == ["b/data.jsonl", "c/data.jsonl", "d/data.jsonl"]


def test_a_file_given_twice(tmp_path: Path) -> None:
    path = touch(tmp_path / "in/a.jsonl")
    with pytest.raises(InputError, match=r"a.jsonl: found by .*in and by .*a.jsonl, expected each file once"):
        names(tmp_path / "in", path)
    with pytest.raises(InputError, match="found twice by"):
        names(path, path)


def test_slices_travel(tmp_path: Path) -> None:
    (piece,) = readers.plan([touch(tmp_path / "a.jsonl")], ReadOptions())
    assert pickle.loads(pickle.dumps(piece)) == piece
    assert json.loads(json.dumps(piece.to_json()))["file"] == "a.jsonl"


REFUSED = {
    "missing.jsonl": (None, "no such file or folder"),
    "empty.jsonl": (b"", "found an empty file"),
    "empty.txt": (b"", "found an empty file"),
    "hollow.jsonl.gz": (gzip.compress(b"", mtime=0), "found an empty file"),
    "blank.jsonl": (b" \r\n\n", "found an empty file"),
    "mark.txt": (b"\xef\xbb\xbf\n", "found an empty file"),
    "plain.jsonl.gz": (LINE, "found text, expected gzip as its name says"),
    "zstd.jsonl.gz": (zstandard.compress(LINE), "found Zstandard, expected gzip as its name says"),
    "plain.jsonl.zst": (LINE, "found text, expected Zstandard as its name says"),
    "gzip.jsonl": (gzip.compress(LINE, mtime=0), "found gzip, expected JSON Lines as its name says"),
    "zip.jsonl": (b"PK\x03\x04rest", "found a ZIP archive, expected JSON Lines"),
    "twice.jsonl.gz": (gzip.compress(gzip.compress(LINE), mtime=0), "found gzip, expected JSON Lines"),
    "binary.jsonl": (bytes(range(256)) * 4, "found binary data, expected JSON Lines"),
    "binary.txt": (bytes(range(256)) * 4, "found binary data, expected text"),
    "pointer.jsonl": (b"version https://git-lfs.github.com/spec/v1\n", "found a Git LFS pointer, not the file"),
    "text.parquet": (LINE, "found text, expected Parquet as its name says"),
    "start.parquet": (b"PAR1 and then nothing of the kind", "cannot be read as Parquet"),
    "array.json": (b' [{"text":"a"}]', "found a JSON array, expected JSON Lines"),
    "euckr.jsonl": ('{"text":"안녕하세요"}\n'.encode("cp949") * 3, r"found text in EUC-KR \(cp949\), expected UTF-8"),
    "euckr.txt": (
        "본문입니다. 안녕하세요\n".encode("cp949"),
        r"found text in EUC-KR \(cp949\), expected UTF-8; curate reads it with --set encoding=cp949$",
    ),
    "latin.txt": ("Der Käse schmeckt süß\n".encode("latin-1"), "found text in a legacy 8-bit encoding"),
    "sjis.txt": ("これはテストです\n".encode("shift_jis"), "found text in Shift JIS"),
    "utf16.jsonl": ('{"text":"a"}\n'.encode("utf-16"), "found text in UTF-16, expected UTF-8"),
    "utf16le.jsonl": ('{"text":"a"}\n'.encode("utf-16-le"), r"found text in UTF-16 \(little-endian\), expected UTF-8"),
    "utf16be.txt": ("plain text".encode("utf-16-be"), r"found text in UTF-16 \(big-endian\), expected UTF-8"),
    "utf32.txt": ("plain text".encode("utf-32"), "found text in UTF-32, expected UTF-8"),
    "column.jsonl": (b'{"id":1,"answer":"a"}\n{"id":2,"b":1}\n', "no column 'text', only 'id', 'answer', 'b'; name"),
    "long.jsonl": (b'{"id":"' + b"x" * 200_000 + b'"}\n', "found no column 'text', only 'id'"),
    "table.csv": (b"a,b\n1,2\n", "no column 'text', only 'a', 'b'; name"),
    "twice.csv": (b"text,a,a\n1,2,3\n", "found two columns 'a' in the header"),
    "open.csv": (b'"text,a\n1,2\n', "found a quoted field without an end, expected a header"),
    "blank.csv": (b"\n\n", "found an empty file"),
    "blank.csv.gz": (gzip.compress(b"\n" * 100_000, mtime=0), "found no line with text, expected a header"),
    "mac.csv": (b"text,a\r1,2\r", "found lines that end in a carriage return alone"),
    "euckr.csv": (
        "text\n안녕하세요\n반갑습니다\n고맙습니다\n".encode("cp949"),
        r"found text in EUC-KR \(cp949\), expected UTF-8",
    ),
    "zip.html": (b"PK\x03\x04rest", "found a ZIP archive, expected HTML"),
    "text.arrow": (LINE, "found damaged data .*expected a whole Arrow IPC file"),
    "table.xlsx": (b"PK\x03\x04rest", "found a name that no reader knows"),
    "data.arrow.gz": (gzip.compress(b"ARROW1", mtime=0), "found a name that no reader knows"),
    "pages.parquet.gz": (gzip.compress(b"PAR1", mtime=0), "found a name that no reader knows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_reading(tmp_path: Path, name: str) -> None:
    data, message = REFUSED[name]
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        readers.plan([path], ReadOptions())
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_few_damaged_bytes_are_no_other_encoding(tmp_path: Path) -> None:
    good = '{"text":"안녕하세요"}\n'.encode()
    path = touch(tmp_path / "a.jsonl", good * 3 + b'{"text":"\xb0\xa1"}\n' + good * 3)
    (piece,) = readers.plan([path], ReadOptions())
    (read,) = readers.read(piece, ReadOptions())
    assert (read.documents.height, read.ledger.height) == (6, 1)


def test_a_character_cut_by_the_end_of_the_head_is_no_damage(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.txt", b"x" + "가".encode() * 50_000)
    assert names(path) == ["a.txt"]


def test_files_of_a_folder_that_no_reader_knows_are_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b.PDF", "in/소장.hwp", "in/c.txt", ".hidden.zip"):
        (tmp_path / name).write_text('{"text": "a"}')
    assert [piece.file for piece in readers.plan([tmp_path], ReadOptions())] == ["a.jsonl", "in/c.txt"]
    assert readers.passed_over([tmp_path, tmp_path / "a.jsonl"]) == ["b.PDF", "소장.hwp"]


EMPTY = {
    "a.jsonl": b"",
    "b.txt": b" \n",
    "c.parquet": b"",
    "d.jsonl.gz": gzip.compress(b"", mtime=0),
    "e.csv": b"\n",
    "f.html": b"",
    "g.warc.gz": b"",
    "h.csv.zst": zstandard.compress(b"\r\n"),
}


def test_empty_files_beside_others_are_pieces_without_records(tmp_path: Path) -> None:
    for name, data in EMPTY.items():
        touch(tmp_path / name, data)
    touch(tmp_path / "z.jsonl")
    with pytest.raises(InputError, match="a.jsonl: found an empty file, and 8 such files in all, expected at least"):
        readers.plan([tmp_path / name for name in EMPTY], ReadOptions())
    pieces = readers.plan([tmp_path], ReadOptions())
    reads = {piece.file: list(readers.read(piece, ReadOptions())) for piece in pieces}
    assert {name: [each.records for each in found] for name, found in reads.items()} == {
        **dict.fromkeys(EMPTY, [0]), "z.jsonl": [1]}  # fmt: skip
    assert all(sum(each.bytes for each in reads[piece.file]) == piece.bytes for piece in pieces)
    touch(tmp_path / "y.jsonl.gz", gzip.compress(LINE, mtime=0)[:-9])  # damage is none of it
    with pytest.raises(InputError, match="y.jsonl.gz: found data that ends early, expected a whole gzip file"):
        readers.plan([tmp_path], ReadOptions())


def test_folders_and_patterns_with_nothing_to_read(tmp_path: Path) -> None:
    touch(tmp_path / "in/picture.png")
    with pytest.raises(InputError, match="in: found no file to read among 1, expected names ending in jsonl"):
        names(tmp_path / "in")
    with pytest.raises(InputError, match="found no file that this pattern fits"):
        names(f"{tmp_path}/*.jsonl")
    with pytest.raises(InputError, match="found no input"):
        names()


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    assert names(touch(tmp_path / "a[1].jsonl")) == ["a[1].jsonl"]


def test_an_unknown_encoding() -> None:
    with pytest.raises(InputError, match="encoding: found 'utf-9', expected a name such as"):
        ReadOptions(encoding="utf-9")


def test_files_of_several_encodings_are_each_read_in_their_own(tmp_path: Path) -> None:
    law = "제1조(목적) 이 계약은 갑과 을 사이의 임대차에 관한 사항을 정함을 목적으로 한다."
    (tmp_path / "a.txt").write_bytes(law.encode())
    (tmp_path / "b.txt").write_bytes(law.encode("cp949"))
    (tmp_path / "c.txt").write_bytes(law.encode("utf-16"))
    (tmp_path / "d.csv").write_bytes(f"번호,text\n1,{law}\n2,{law}\n".encode("cp949"))
    (tmp_path / "e.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": law}, ensure_ascii=False).encode("cp949")))
    options = ReadOptions(encoding="auto")
    pieces = readers.plan([tmp_path], options)
    assert [piece.encoding for piece in pieces] == ["utf-8", "cp949", "utf-16", "cp949", "cp949"]
    texts = [text for piece in pieces for read in readers.read(piece, options) for text in read.documents["text"]]
    assert texts == [law] * 6
    (tmp_path / "f.txt").write_bytes("Der Käse schmeckt süß".encode("latin-1"))
    with pytest.raises(InputError, match=r"f\.txt: found text in a legacy 8-bit encoding.* --set encoding=cp1252$"):
        readers.plan([tmp_path], options)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.jsonl")).write_text('{"text": "a"}\n')
    except OSError:
        pytest.skip("this file system takes only names that are text")
    with pytest.raises(InputError, match="no UTF-8 text"):
        readers.plan([tmp_path], ReadOptions())
