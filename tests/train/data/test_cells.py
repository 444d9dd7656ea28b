import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from train.data import cells

QUESTION, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}


def read(folder: Path, *records: dict[str, Any], column: str = "c") -> cells.Cells:
    (folder / "rows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return cells.read(folder / "rows.jsonl", [column, "id"], texts=["id"])


def test_columns_are_read_as_they_stand_and_ids_as_text(tmp_path: Path) -> None:
    found = read(tmp_path, {"c": "x", "id": 7, "other": 1}, {"c": None})
    assert list(found.names) == ["c", "id", "other"]
    assert ("c" in found, "other" in found) == (True, False)
    assert found.frame["id"].to_list() == ["7", None]
    assert found.strings("c").to_list() == ["x", None]


@pytest.mark.parametrize("table", [False, True])
def test_conversations_are_the_same_from_json_and_from_tables(tmp_path: Path, table: bool) -> None:
    said = [
        [{"from": "system", "value": "s"}, {"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}],
        None,
        [],
    ]
    found = read(tmp_path, *({"c": turns} for turns in said))
    if table:
        pl.DataFrame({"c": said}).write_parquet(tmp_path / "rows.parquet")
        found = cells.read(tmp_path / "rows.parquet", ["c"])
    turns = found.shared("c")
    assert turns.dtype == tables.TURNS
    assert turns.to_list() == [[{"role": "system", "content": "s"}, QUESTION, ANSWER], None, []]


def test_roles_and_contents_stand_under_sharegpt_s_name_too(tmp_path: Path) -> None:
    assert read(tmp_path, {"c": []}, {"c": [QUESTION, ANSWER]}).shared("c").to_list() == [[], [QUESTION, ANSWER]]


@pytest.mark.parametrize(
    ("turns", "problem"),
    [
        (
            [QUESTION, {"role": "tool", "content": "3"}],
            "has a turn of 'tool', expected system, user, assistant: turns of",
        ),
        ([QUESTION, {**ANSWER, "tool_calls": [{"id": 1}]}], "has a turn with 'tool_calls', expected text alone"),
        ([QUESTION, {**ANSWER, "reasoning_content": "so"}], "has a turn with 'reasoning_content', expected all that"),
        ([{"role": "user", "content": None}], "has the turn"),
        ([{"role": "user", "content": [{"type": "text", "text": "q"}]}], "expected text under 'role' and 'content'"),
        (["q", "a"], "has the turn 'q'"),
        ("q", "is str, expected a list of {role, content}"),
    ],
)
def test_what_is_no_conversation_of_texts_is_named(tmp_path: Path, turns: Any, problem: str) -> None:
    found = read(tmp_path, {"c": [QUESTION, ANSWER]}, {"c": turns})
    with pytest.raises(InputError) as error:
        found.turns("c")
    assert "rows.jsonl, line 2: 'c'" in str(error.value) and problem in str(error.value)


def test_turns_without_calls_of_tools_may_have_the_key(tmp_path: Path) -> None:
    turns = [QUESTION, {**ANSWER, "tool_calls": None, "name": "x"}]
    assert read(tmp_path, {"c": turns}).turns("c").to_list() == [[QUESTION, ANSWER]]


def test_a_table_of_the_right_type_is_looked_at_too(tmp_path: Path) -> None:
    for turns, problem in (([{"role": "tool", "content": "x"}], "has a turn of 'tool'"),
                           ([{"role": "user", "content": None}], "has the turn")):  # fmt: skip
        frame = pl.DataFrame({"c": [[QUESTION], turns]}, schema={"c": tables.TURNS})
        frame.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(InputError, match="rows.parquet, record 2: 'c' " + problem):
            cells.read(tmp_path / "rows.parquet", ["c"]).turns("c")


def test_a_turn_of_sharegpt_s_tools_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, {"c": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{}"}]})
    with pytest.raises(InputError, match="line 1: 'c' has a turn of 'function_call', expected human, user, gpt"):
        found.shared("c")


def test_a_place_is_counted_as_readers_count() -> None:
    row = {"file": "a.jsonl", "record": 0, "row_id": "x"}
    assert cells.place(row, "a.jsonl") == "a.jsonl, line 1 (x)"
    assert cells.place(row, "folder") == "folder/a.jsonl, line 1 (x)"
    assert cells.place({**row, "file": "b.parquet", "record": 4}, "folder") == "folder/b.parquet, record 5 (x)"


def test_an_id_is_text_whatever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    ids = ["a", 1, 1.5, True, None, [False, []], {"하늘": [1]}]
    file.write_text("".join(json.dumps({"id": each}) + "\n" for each in ids), encoding="utf-8")
    found = cells.read(file, ["id"], ["id"]).frame["id"].to_list()
    assert found == ["a", "1", "1.5", "true", None, "[false, []]", '{"하늘": [1]}']
