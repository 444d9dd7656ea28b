import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from curation.errors import InputError
from curation.target import texts


def test_texts_of_rows_and_plain_files_do_not_depend_on_their_order(tmp_path: Path):
    rows = [{"body": "둘째 글"}, {"body": "  "}, {"body": [{"role": "user", "content": "a"}, {"content": "b"}]}]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    pl.DataFrame({"body": ["first", None]}).write_parquet(tmp_path / "table.parquet")
    (tmp_path / "plain.txt").write_bytes(b"\xef\xbb\xbfWhole file,\ntwo lines")
    (tmp_path / "zipped.md.gz").write_bytes(gzip.compress(b"# Heading", mtime=0))
    (tmp_path / "other.bin").write_bytes(b"\0")
    found, without = texts.read([tmp_path], "body")
    assert found["text"].to_list() == ["# Heading", "Whole file,\ntwo lines", "a\nb", "first", "둘째 글"]
    assert without == 2
    singly = [file for file in texts.files_of([tmp_path])][::-1]
    assert texts.read(singly, "body")[0].equals(found)


def test_a_field_that_no_row_has_is_named_with_the_nearest(tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text('{"body": "x"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl: no row has the field 'bodi', .* did you mean 'body'"):
        texts.read([tmp_path / "rows.jsonl"], "bodi")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"text\nx\n", "expected one ending in jsonl"),
        ("rows.jsonl", b'{"text": "x"}\nnone\n', r"line 2: .*expected a JSON object"),
        ("rows.jsonl", b'{"text": " "}\n', "found only empty ones"),
        ("plain.txt", b"fine\n" * 20000 + b"\xff", "byte 0xff at 100000, expected UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        texts.read([tmp_path / name], "text")


def test_a_folder_without_texts_and_a_missing_file_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no file of target texts in the folder"):
        texts.files_of([tmp_path])
    with pytest.raises(InputError, match="no such file"):
        texts.files_of([tmp_path / "none.jsonl"])
