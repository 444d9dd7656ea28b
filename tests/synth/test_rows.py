"""Rows as users keep them: every layout, and one clear sentence for what cannot be read."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from curation.errors import InputError
from synth import rows

KINDS = ("number", "short_answer")


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def load(*paths: Path, max_damaged: float = 0.001) -> rows.Loaded:
    return rows.load(paths, "new", KINDS, max_damaged)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_every_layout_gives_the_same_rows(tmp_path: Path) -> None:
    system = {"role": "system", "content": "brief"}
    records = [
        {"prompt": "안녕?", "completion": "네"},
        {"prompt": user("안녕?"), "completion": assistant("네")},
        {"messages": user("안녕?") + assistant("네")},
        {"input": "안녕?", "output": "네"},
        {"instruction": "안녕?", "input": "", "output": "네"},
        {"instruction": "a", "input": "b", "output": "c", "task_name": "other", "answer": 7, "check": "number"},
        {"messages": [system, *user("q"), *assistant("a")], "answer": "a"},
    ]
    frame = load(write(tmp_path / "data.jsonl", records)).rows
    assert frame["prompt"].to_list()[:5] == [user("안녕?")] * 5
    assert frame["completion"].to_list()[:5] == [assistant("네")] * 5
    assert frame["prompt"].to_list()[5:] == [user("a\n\nb"), [system, *user("q")]]
    assert frame["task"].to_list() == ["new"] * 5 + ["other", "new"]
    assert frame["answer"].to_list() == [None] * 5 + ["7", "a"]
    assert frame["check"].to_list() == [None] * 5 + ["number", "short_answer"]
    assert frame["record"].to_list() == list(range(7))
    assert frame["sample_id"].n_unique() == 7  # equal rows are still distinct rows


def test_ids_depend_on_content_alone(tmp_path: Path) -> None:
    records = [{"prompt": f"q{i}", "completion": f"a{i}"} for i in range(5)]
    one = load(write(tmp_path / "one.jsonl", records)).rows
    other = load(write(tmp_path / "other.jsonl", records[::-1])).rows
    assert one["sample_id"].to_list() == other["sample_id"].to_list()[::-1]


def test_rows_of_an_earlier_step_keep_their_ids(tmp_path: Path) -> None:
    pl.DataFrame(
        {"prompt": [user("q")], "completion": [assistant("a")], "sample_id": ["f" * 32], "task": ["t"]}
    ).write_parquet(tmp_path / "part-00000.parquet")
    frame = load(tmp_path).rows
    assert frame["sample_id"].to_list() == ["f" * 32] and frame["task"].to_list() == ["t"]


def test_compressed_files_and_arrays_read_alike(tmp_path: Path) -> None:
    records = [{"prompt": "q", "completion": "a"}]
    plain = write(tmp_path / "a.jsonl", records)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.compress(plain.read_bytes()))
    (tmp_path / "d.json").write_text(json.dumps(records))
    frame = load(tmp_path).rows
    assert frame["file"].to_list() == ["a.jsonl", "b.jsonl.gz", "c.jsonl.zst", "d.json"]
    assert frame["prompt"].to_list() == [user("q")] * 4


def test_a_damaged_record_within_the_limit_is_a_ledger_row(tmp_path: Path) -> None:
    records: list[Any] = [{"prompt": f"q{i}", "completion": "a"} for i in range(20)]
    records[4] = {"prompt": "q"}
    loaded = load(write(tmp_path / "data.jsonl", records))
    assert loaded.rows.height == 19 and loaded.records == 20
    assert loaded.ledger.select("file", "record", "action", "row_id").rows() == [("data.jsonl", 4, "drop", None)]
    assert "found the keys 'prompt', expected prompt and completion" in loaded.ledger["detail"][0]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": "q", "completion": ""}, "'completion' is empty"),
        ({"prompt": "", "completion": "a"}, "'prompt' is empty"),
        ({"prompt": None, "completion": "a"}, "'prompt' is NoneType"),
        ({"prompt": [], "completion": "a"}, "'prompt' is an empty list"),
        ({"prompt": [{"role": "robot", "content": "x"}], "completion": "a"}, "expected turns with a role"),
        ({"prompt": [{"role": "user"}], "completion": "a"}, "no 'content'"),
        ({"prompt": assistant("x"), "completion": "a"}, "ends with the role 'assistant'"),
        ({"prompt": "q", "completion": user("x")}, "starts with the role 'user'"),
        ({"prompt": "q", "completion": "a", "answer": "a", "check": "numbr"}, "expected one of number, short_answer"),
        ({"prompt": "q", "completion": "a", "check": "number"}, "no 'answer' to check against"),
        ({"prompt": "q", "completion": "a", "answer": ["a"]}, "'answer' is list"),
        ({"messages": user("q")}, "'messages' has one turn"),
        ({"prompt": "\ud83d", "completion": "a"}, "half of a surrogate pair"),
        ({"prompt": "q", "completion": "a", "answer": "\ud83d"}, "half of a surrogate pair"),
        ({}, "found the keys none"),
        (["a"], "found list, expected an object"),
    ],
)
def test_a_record_that_is_no_row_is_named(tmp_path: Path, record: Any, message: str) -> None:
    path = write(tmp_path / "data.jsonl", [{"prompt": "q", "completion": "a"}, record])
    with pytest.raises(InputError, match=message) as raised:
        load(path, max_damaged=0)
    assert "data.jsonl, record 2:" in str(raised.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "blank.jsonl").write_bytes(b"\n\n")
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "plain.parquet").write_bytes(b'{"prompt": 1}')
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"{}" * 1000)[:30])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    (tmp_path / "object.json").write_text("{}")
    (tmp_path / "latin.jsonl").write_bytes('{"prompt": "é", "completion": "a"}\n'.encode("latin-1"))
    (tmp_path / "folder").mkdir()
    for name, message in {
        "none.jsonl": "no such file",
        "empty.jsonl": "the file is empty",
        "blank.jsonl": "found no records",
        "packed.jsonl": "content is gzip, but the name says text",
        "plain.parquet": "content is text, but the name says Parquet",
        "cut.jsonl.gz": "damaged gzip file",
        "broken.parquet": "damaged Parquet file",
        "object.json": "expected an array",
        "latin.jsonl": "not UTF-8",
        "folder": "found no file of rows",
    }.items():
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)


@pytest.mark.shared_data
def test_real_task_sets_are_read_whole(shared_data: Path) -> None:
    alpaca = load(shared_data / "instructions" / "sdft" / "alpaca.jsonl.gz")
    assert alpaca.rows.height == alpaca.records == 2000
    demonstrations = load(shared_data / "instructions" / "superni" / "sa.extra.jsonl.gz")
    assert demonstrations.rows["task"].unique().to_list() == ["task1312_amazonreview_polarity_classification"]
