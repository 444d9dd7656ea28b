import json
from pathlib import Path

import polars as pl
import pytest
import zstandard

from curation import tables
from curation.errors import InputError
from train import data

TURNS = [{"role": "user", "content": "q"}]
ANSWER = [{"role": "assistant", "content": "a"}]


def lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_reads_our_own_samples_with_their_ids(tmp_path: Path) -> None:
    frame = tables.complete(
        pl.DataFrame(
            {"prompt": [TURNS], "completion": [ANSWER], "sample_id": ["s1"], "task": ["t"], "origin": ["human"]},
            schema_overrides={"prompt": tables.TURNS, "completion": tables.TURNS},
        ),
        tables.samples_schema("prompt_completion"),
    )
    (tmp_path / "samples").mkdir()
    frame.write_parquet(tmp_path / "samples" / "part-0.parquet")
    rows = data.load(tmp_path / "samples")
    assert rows.schema == data.ROWS
    assert rows["row_id"].to_list() == ["s1"]
    assert rows["turns"].to_list() == [TURNS + ANSWER]
    assert rows["answers_from"].to_list() == [1]


def test_reads_documents(tmp_path: Path) -> None:
    frame = tables.complete(pl.DataFrame({"doc_id": ["d1"], "text": ["hello"]}), tables.DOCUMENTS)
    frame.write_parquet(tmp_path / "documents.parquet")
    rows = data.load(tmp_path / "documents.parquet")
    assert rows.select("row_id", "text", "record").rows() == [("d1", "hello", 0)]


def test_reads_strings_turns_and_messages_from_json(tmp_path: Path) -> None:
    pairs = [{"prompt": "p", "completion": "c", "n": 1}, {"prompt": "", "completion": "한"}]
    (tmp_path / "pairs.jsonl.zst").write_bytes(zstandard.compress("\n\n".join(map(json.dumps, pairs)).encode()))
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    for name, records in (("pairs.jsonl.zst", [0, 2]), ("pairs.json", [0, 1])):
        rows = data.load(tmp_path / name)
        assert rows.select("prompt", "completion").rows() == [("p", "c"), ("", "한")]
        assert rows["record"].to_list() == records
        assert rows["row_id"].n_unique() == 2

    chat = lines(tmp_path / "chat.jsonl", [{"messages": TURNS + ANSWER}])
    assert data.load(chat).select("turns", "answers_from").rows() == [(TURNS + ANSWER, 0)]
    turns = lines(tmp_path / "turns.jsonl", [{"prompt": TURNS, "completion": ANSWER}])
    assert data.load(turns).select("turns", "answers_from").rows() == [(TURNS + ANSWER, 1)]


def test_ids_of_rows_without_one_come_from_their_content(tmp_path: Path) -> None:
    first = lines(tmp_path / "a.jsonl", [{"text": "x"}, {"text": "y"}])
    second = lines(tmp_path / "b.jsonl", [{"text": "y"}])
    assert data.load(first)["row_id"][1] == data.load(second)["row_id"][0]
    named = lines(tmp_path / "c.jsonl", [{"doc_id": "d", "text": "x"}, {"doc_id": 7, "text": "y"}])
    assert data.load(named)["row_id"].to_list() == ["d", "7"]
    some = lines(tmp_path / "d.jsonl", [{"doc_id": "d", "text": "x"}, {"text": "y"}])
    assert data.load(some)["row_id"].to_list() == data.load(first)["row_id"].to_list()


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        lines(tmp_path / f"{name}.jsonl", [{"text": name}])
    (tmp_path / "notes.txt").write_text("not data")
    rows = data.load(tmp_path)
    assert rows.select("file", "text").rows() == [("a.jsonl", "a"), ("b.jsonl", "b")]


def test_a_named_text_column_wins(tmp_path: Path) -> None:
    path = lines(tmp_path / "qa.jsonl", [{"text": "no", "answer": "yes"}])
    assert data.load(path, "answer")["text"].to_list() == ["yes"]
    with pytest.raises(InputError, match="found columns text, answer, expected a column 'reply'"):
        data.load(path, "reply")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}\n{oops', "rows.jsonl, line 2: found broken JSON"),
        ('{"text": "a"}\n[1]', "line 2: found a list, expected a JSON object"),
        ('{"body": "a"}', "found columns body, expected a column 'text'"),
        ('{"text": 3}', "line 1: 'text' is int, expected a string"),
        ('{"prompt": "a", "completion": "b"}\n{"prompt": [], "completion": "b"}', "line 2: 'prompt' is list"),
        ('{"prompt": [{"role": "user"}], "completion": []}', "line 1: 'prompt' has the turn"),
        ('{"messages": "hello"}', "line 1: 'messages' is str, expected a list"),
        ("\n", "found no records"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        data.load(tmp_path / "rows.jsonl")


def test_tables_are_named_too_and_may_be_empty_among_others(tmp_path: Path) -> None:
    table = pl.DataFrame({"text": ["x"], "n": [1]})
    table.clear().write_parquet(tmp_path / "a.parquet")
    table.write_parquet(tmp_path / "b.parquet")
    assert data.load(tmp_path).select("file", "record", "text").rows() == [("b.parquet", 0, "x")]
    with pytest.raises(InputError, match="a.parquet: no rows"):
        data.load(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="found columns text, n, expected a column 'body'"):
        data.load(tmp_path / "b.parquet", "body")
    with pytest.raises(InputError, match="b.parquet, record 1: 'n' is int, expected a string"):
        data.load(tmp_path / "b.parquet", "n")
