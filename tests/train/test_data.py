import gzip
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


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_reads_strings_turns_and_messages_from_json_lines(tmp_path: Path, suffix: str) -> None:
    text = "".join(
        json.dumps(row) + "\n\n"
        for row in [{"prompt": "p", "completion": "c", "n": 1}, {"prompt": "", "completion": "한"}]
    ).encode()
    pack = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.zst": zstandard.compress}[suffix]
    (tmp_path / f"pairs{suffix}").write_bytes(pack(text))
    rows = data.load(tmp_path / f"pairs{suffix}")
    assert rows.select("prompt", "completion").rows() == [("p", "c"), ("", "한")]
    assert rows["row_id"].n_unique() == 2

    chat = lines(tmp_path / "chat.jsonl", [{"messages": TURNS + ANSWER}])
    assert data.load(chat).select("turns", "answers_from").rows() == [(TURNS + ANSWER, 0)]
    turns = lines(tmp_path / "turns.jsonl", [{"prompt": TURNS, "completion": ANSWER}])
    assert data.load(turns).select("turns", "answers_from").rows() == [(TURNS + ANSWER, 1)]


def test_ids_of_rows_without_one_come_from_their_content(tmp_path: Path) -> None:
    first = lines(tmp_path / "a.jsonl", [{"text": "x"}, {"text": "y"}])
    second = lines(tmp_path / "b.jsonl", [{"text": "y"}])
    assert data.load(first)["row_id"][1] == data.load(second)["row_id"][0]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        lines(tmp_path / f"{name}.jsonl", [{"text": name}])
    (tmp_path / "notes.txt").write_text("not data")
    rows = data.load(tmp_path)
    assert rows.select("file", "text").rows() == [("a.jsonl", "a"), ("b.jsonl", "b")]


def test_a_named_text_column_wins(tmp_path: Path) -> None:
    path = lines(tmp_path / "qa.jsonl", [{"text": "no", "answer": "yes"}])
    assert data.load(path, "answer")["text"].to_list() == ["yes"]
    with pytest.raises(InputError, match="no column 'reply', found"):
        data.load(path, "reply")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}\n{oops', "rows.jsonl, line 2: not JSON"),
        ('{"text": "a"}\n[1]', "line 2: found list, expected a JSON object"),
        ('{"body": "a"}', "found columns body, expected a column 'text'"),
        ('{"text": 3}', "record 0: 'text' is int, expected a string"),
        ('{"prompt": "a", "completion": "b"}\n{"prompt": [], "completion": "b"}', "record 1: 'prompt' is list"),
        ('{"prompt": [{"role": "user"}], "completion": []}', "record 0: 'prompt' has the turn"),
        ('{"messages": "hello"}', "record 0: 'messages' is str, expected a list"),
        ("", "the file is empty"),
        ("\n", "no rows"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        data.load(tmp_path / "rows.jsonl")


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        data.load(tmp_path / "none.jsonl")
    (tmp_path / "x.parquet").write_text("text")
    with pytest.raises(InputError, match="x.parquet: not a Parquet file"):
        data.load(tmp_path / "x.parquet")
    (tmp_path / "x.jsonl.gz").write_text("text")
    with pytest.raises(InputError, match="not a whole compressed file"):
        data.load(tmp_path / "x.jsonl.gz")
    (tmp_path / "k.jsonl").write_bytes('{"text": "한국어"}'.encode("cp949"))
    with pytest.raises(InputError, match="k.jsonl: not UTF-8"):
        data.load(tmp_path / "k.jsonl")
    (tmp_path / "x.csv").write_text("text")
    with pytest.raises(InputError, match="not a known type"):
        data.load(tmp_path / "x.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no training rows in this folder"):
        data.load(tmp_path / "empty")
