"""Files of rows: every format reads alike, damage is a value, and what cannot be read is one clear sentence."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from curation.errors import InputError
from curation.readers import Damage, ReadOptions, files, rows

RECORDS: list[dict[str, Any]] = [
    {"prompt": "질문", "n": 1},
    {"prompt": [{"role": "user", "content": "x"}]},
    {"n": None},
]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS).encode()
GOOD = b'{"a": 1}\n'


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "a.jsonl": LINES,
        "a.NDJSON": LINES.rstrip(),
        "a.jsonl.gz": gzip.compress(LINES, mtime=0),
        "a.jsonl.zst": zstandard.compress(LINES),
        "a.json": json.dumps(RECORDS, indent=1).encode(),
        "a.json.gz": gzip.compress(b"\xef\xbb\xbf\n" + json.dumps(RECORDS).encode(), mtime=0),
        "lines.json": b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n"),
    }.items(),
)
def test_every_format_reads_alike(tmp_path: Path, name: str, data: bytes) -> None:
    assert list(rows.records(put(tmp_path / name, data))) == list(enumerate(RECORDS))


def test_a_parquet_file_gives_records_and_the_columns_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a[1].parquet"  # no pattern
    pl.DataFrame({"prompt": ["q", "r"], "turns": [RECORDS[1]["prompt"], None], "n": [1, 2]}).write_parquet(path)
    assert list(rows.sound_records(path))[1] == (1, {"prompt": "r", "turns": None, "n": 2})
    frame, names = rows.table(path, ["n", "turns", "other"])
    assert (frame.columns, names) == (["turns", "n"], ["prompt", "turns", "n"])
    assert rows.is_table(path) and not rows.is_table(tmp_path / "a.json")


def test_cells_are_as_they_stand(tmp_path: Path) -> None:
    cells = ["2024-01-01", "1", 1, 1.5, True, "", 1 << 80, [1, "x"], "😀"]
    path = put(tmp_path / "a.jsonl", "".join(json.dumps({"x": cell}) + "\n" for cell in [*cells, math.nan]).encode())
    found = [record["x"] for _, record in rows.sound_records(path)]
    assert found[:-1] == cells and math.isnan(found[-1])
    assert [type(cell) for cell in found[:-1]] == [type(cell) for cell in cells]


@pytest.mark.parametrize(
    ("record", "found", "expected"),
    [
        (b"{oops", "broken JSON", "a JSON object"),
        (b'{"a": 1} {"b"', "more text after the JSON value", "a JSON object"),
        (b'["a"]', "a list", "a JSON object"),
        (b"[" * 100_000, "JSON nested too deeply", "a JSON object"),
        (b'{"a": "\xff"}', "byte 0xff at column 8", "UTF-8"),
        (b'{"a": ["\\ud83d"]}', "half of a surrogate pair in 'a'", "Unicode text"),
        (b"x" * 250_000, "a record of 250000 bytes", "at most 200000"),
    ],
)
def test_a_damaged_record_is_a_value_among_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: bytes, found: str, expected: str
) -> None:
    monkeypatch.setattr(ReadOptions, "max_record_bytes", 200_000)
    monkeypatch.setattr(files, "BLOCK", 10_000)  # the limit is looked at where a block has no line end
    path = put(tmp_path / "a.jsonl", GOOD + b" \n" + record + b"\n" + GOOD)
    numbers, (_, damage, _) = zip(*rows.records(path), strict=True)
    assert numbers == (0, 2, 3)  # a blank line is no record
    assert isinstance(damage, Damage) and found in damage.found and damage.expected == expected
    with pytest.raises(InputError) as raised:
        list(rows.sound_records(path))
    assert str(raised.value) == f"{path}, line 3: found {damage.found}, expected {expected}"


def test_damage_in_an_array_is_named_by_its_position(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", b'[{"a": 1}, null, {"b": "\\ud83d"}]')
    assert [type(record) for _, record in rows.records(path)] == [dict, Damage, Damage]
    with pytest.raises(InputError, match="a.json, record 2: found null, expected a JSON object"):
        list(rows.sound_records(path))


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.jsonl": (b"", "found an empty file"),
    "empty.parquet": (b"", "found an empty file"),
    "blank.jsonl": (b"\n\n", "found no records"),
    "blank.json": (b"[]", "found no records"),
    "nothing.jsonl.gz": (gzip.compress(b"", mtime=0), "found no records"),
    "packed.jsonl": (gzip.compress(GOOD, mtime=0), "found gzip, expected JSON Lines as its name says"),
    "plain.jsonl.gz": (GOOD, "found text, expected gzip as its name says"),
    "plain.jsonl.zst": (GOOD, "found text, expected Zstandard as its name says"),
    "plain.parquet": (GOOD, "found text, expected Parquet as its name says"),
    "table.json": (b"PAR1 nothing", "found Parquet, expected JSON Lines as its name says"),
    "array.jsonl": (b'\n[{"a": 1}]', "found a JSON array, expected JSON Lines"),
    "cut.jsonl.gz": (
        gzip.compress(GOOD * 1000, mtime=0)[:-9],
        "found data that ends early, expected a whole gzip file",
    ),
    "cut.jsonl.zst": (zstandard.compress(LINES * 99)[:-1], "found data that ends early, expected a whole Zstandard"),
    "cut.json": (b'[{"a": 1},', "found a broken JSON array"),
    "cut.parquet": (b"PAR1 nothing", "found damaged data"),
    "korean.jsonl": ('{"text": "안녕하세요"}\n'.encode("cp949") * 3, r"found text in EUC-KR \(cp949\), expected UTF-8"),
    "wide.jsonl": ('{"text": "안녕하세요"}\n'.encode("utf-16"), "found text in UTF-16, expected UTF-8"),
    "rows.csv": (b"a,b\n", "found a name that no reader of rows knows, expected one ending in"),
    "rows.txt": (b"a\n", "found a name that no reader of rows knows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    data, message = BROKEN[name]
    with pytest.raises(InputError, match=f"{name}: {message}"):
        list(rows.records(put(tmp_path / name, data)))


def test_no_damage_to_a_parquet_file_ends_in_anything_but_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"prompt": ["q" * length for length in range(20)]}).write_parquet(path)
    whole = path.read_bytes()
    refused = 0
    for bit in range(32, 8 * len(whole), 7):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            rows.table(put(path, damaged))
        except InputError:
            refused += 1
    assert refused > 100


def test_files_of_a_folder_are_those_of_rows_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.parquet", "a.json.gz", "notes.txt", ".hidden.jsonl", ".git/x.jsonl", "empty/x.csv"):
        put(tmp_path / name, GOOD)
    assert [name for _, name in rows.files_of(tmp_path)] == ["a/z.parquet", "a.json.gz", "b.jsonl"]
    assert rows.files_of(tmp_path / "b.jsonl") == [(tmp_path / "b.jsonl", "b.jsonl")]
    with pytest.raises(InputError, match="found no file of rows in the folder, expected names ending in jsonl"):
        rows.files_of(tmp_path / "empty")
    with pytest.raises(InputError, match="none.jsonl: no such file"):
        rows.files_of(tmp_path / "none.jsonl")
