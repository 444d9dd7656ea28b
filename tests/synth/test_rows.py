"""Rows as users keep them: every layout, and one clear sentence for what is no row."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

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


def test_files_of_every_type_are_read_under_their_names(tmp_path: Path) -> None:
    record = {"prompt": "q", "completion": "a"}
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.jsonl.gz").write_bytes(
        gzip.compress(write(tmp_path / "b.jsonl", [record]).read_bytes(), mtime=0)
    )
    (tmp_path / "c.json").write_text(json.dumps([record]))
    pl.DataFrame([record]).write_parquet(tmp_path / "d.parquet")
    frame = load(tmp_path).rows
    assert frame["file"].to_list() == ["b.jsonl", "below/a.jsonl.gz", "c.json", "d.parquet"]
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
        ({"prompt": [{"role": "robot", "content": "x"}], "completion": "a"}, "expected turns of content and a role"),
        ({"prompt": [{"role": "user"}], "completion": "a"}, "expected turns of content and a role"),
        ({"prompt": assistant("x"), "completion": "a"}, "ends with the role 'assistant'"),
        ({"prompt": "q", "completion": user("x")}, "starts with the role 'user'"),
        ({"prompt": "q", "completion": "a", "answer": "a", "check": "numbr"}, "expected one of number, short_answer"),
        ({"prompt": "q", "completion": "a", "check": "number"}, "no 'answer' to check against"),
        ({"prompt": "q", "completion": "a", "answer": ["a"]}, "'answer' is list"),
        ({"messages": user("q")}, "'messages' has one turn"),
        ({"prompt": "\ud83d", "completion": "a"}, "half of a surrogate pair"),
        ({"prompt": "q", "completion": "a", "answer": "\ud83d"}, "half of a surrogate pair"),
        ({}, "found the keys none"),
        (["a"], "found a list, expected a JSON object"),
    ],
)
def test_a_record_that_is_no_row_is_named(tmp_path: Path, record: Any, message: str) -> None:
    path = write(tmp_path / "data.jsonl", [{"prompt": "q", "completion": "a"}, record])
    with pytest.raises(InputError, match=message) as raised:
        load(path, max_damaged=0)
    assert "data.jsonl, line 2:" in str(raised.value)


@pytest.mark.shared_data
def test_real_task_sets_are_read_whole(shared_data: Path) -> None:
    alpaca = load(shared_data / "instructions" / "sdft" / "alpaca.jsonl.gz")
    assert alpaca.rows.height == alpaca.records == 2000
    demonstrations = load(shared_data / "instructions" / "superni" / "sa.extra.jsonl.gz")
    assert demonstrations.rows["task"].unique().to_list() == ["task1312_amazonreview_polarity_classification"]


def test_other_right_texts_and_the_turn_of_a_tool_are_read(tmp_path: Path) -> None:
    prompt = [*user("q"), {"role": "tool", "content": "22"}, *user("and now?")]
    record = {"prompt": prompt, "completion": "a", "references": ["b", "c"]}
    (row,) = load(write(tmp_path / "data.jsonl", [record])).rows.to_dicts()
    assert row["prompt"] == prompt and row["references"] == ["b", "c"]
