import json
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.errors import InputError
from train.data import rows as data

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
        ('{"prompt": "a", "chosen": "b", "rejected": "c"}', "worse answer are learned by method dpo, orpo"),
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


def test_reads_sharegpt_s_form(tmp_path: Path) -> None:
    told = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    path = lines(tmp_path / "rows.jsonl", [{"conversations": told, "id": "x"}, {"conversations": told, "system": "s"}])
    rows = data.load(path)
    assert rows["turns"].to_list() == [TURNS + ANSWER, [{"role": "system", "content": "s"}, *TURNS, *ANSWER]]
    assert rows["answers_from"].to_list() == [0, 0]
    both = lines(tmp_path / "both.jsonl", [{"conversations": [{"from": "system", "value": "t"}, *told], "system": "s"}])
    with pytest.raises(InputError, match="line 1: 'system' has text, and 'conversations' has a turn of 'system'"):
        data.load(both)


def test_reads_alpaca_s_form_as_turns_or_under_its_prompt(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", [{"instruction": "q", "input": "", "output": "a", "text": "all of it"}])
    assert data.load(path).select("turns", "answers_from", "text").rows() == [(TURNS + ANSWER, 1, None)]
    (row,) = data.load(path, chat=False).iter_rows(named=True)
    assert row["prompt"].endswith("### Instruction:\nq\n\n### Response:") and row["completion"] == "a"
    assert row["turns"] is None
    assert data.load(path, "text")["text"].to_list() == ["all of it"]


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
conversations = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), max_size=5)
SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


@given(st.lists(conversations, min_size=1, max_size=4))
def test_one_conversation_is_the_same_in_every_form(tmp_path_factory: pytest.TempPathFactory, said: list) -> None:
    folder = tmp_path_factory.mktemp("forms")
    turns = [[{"role": role, "content": content} for role, content in one] for one in said]
    shared = [[{"from": SHAREGPT[role], "value": content} for role, content in one] for one in said]
    lines(folder / "messages.jsonl", [{"messages": one} for one in turns])
    lines(folder / "shared.jsonl", [{"conversations": one} for one in shared])
    pl.DataFrame({"messages": turns}, schema={"messages": tables.TURNS}).write_parquet(folder / "messages.parquet")
    found = [data.load(folder / name).drop("file") for name in ("messages.jsonl", "shared.jsonl", "messages.parquet")]
    assert found[0].equals(found[1]) and found[0].equals(found[2])
    assert found[0]["turns"].to_list() == turns


keys = st.sampled_from(["role", "content", "from", "value", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from([*data.CONTENT, "sample_id"]), values, max_size=4), min_size=1, max_size=3)
)
def test_whatever_stands_in_a_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, records: list
) -> None:
    path = lines(tmp_path_factory.mktemp("any") / "rows.jsonl", records)
    for chat in (True, False):
        try:
            rows = data.load(path, chat=chat)
        except InputError as error:
            assert str(error).startswith(str(path)) and "expected" in str(error)
        else:
            assert rows.schema == data.ROWS and rows["record"].to_list() == list(range(len(records)))


@pytest.mark.parametrize("column", ["tools", "images", "image", "audio"])
def test_what_belongs_to_a_row_and_is_no_text_is_refused(tmp_path: Path, column: str) -> None:
    row = {"messages": TURNS + ANSWER}
    held = [{**row, column: [{"name": "f"}] if column == "tools" else "a.png"}]
    message = f"'{column}' holds something, expected nothing: rows are trained on as texts alone"
    for nothing in (None, [], ""):
        assert data.load(lines(tmp_path / "rows.jsonl", [{**row, column: nothing}])).height == 1
    with pytest.raises(InputError, match="rows.jsonl, line 2: " + message):
        data.load(lines(tmp_path / "rows.jsonl", [row, *held]))
    pl.DataFrame(held).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="rows.parquet, record 1: " + message):
        data.load(tmp_path / "rows.parquet")
    assert data.load(lines(tmp_path / "t.jsonl", [{"text": "x", column: "a.png"}])).height == 1


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        ({"messages": TURNS + ANSWER}, {"text": "b"}, "text"),
        ({"messages": TURNS + ANSWER}, {"prompt": "b", "completion": "c"}, "prompt"),
        ({"prompt": TURNS, "completion": ANSWER}, {"instruction": "b", "output": "c"}, "instruction"),
        ({"conversations": [{"from": "human", "value": "q"}]}, {"text": "b"}, "text"),
    ],
)
def test_a_row_of_another_form_is_not_read_as_empty(tmp_path: Path, first: dict, second: dict, column: str) -> None:
    path = lines(tmp_path / "rows.jsonl", [first, second])
    with pytest.raises(InputError, match=f"line 2: '{column}' stands in a row without '.*', the form of the file's"):
        data.load(path)


def test_documents_may_stand_among_questions(tmp_path: Path) -> None:
    rows = [
        {"prompt": TURNS, "completion": ANSWER},
        {"text": "read"},
        {"prompt": TURNS, "completion": ANSWER, "text": "x"},
    ]
    for read in (
        data.load(lines(tmp_path / "a.jsonl", rows)),
        data.load(lines(tmp_path / "b.jsonl", [{"prompt": "q", "completion": "a"}, *rows[1:2]])),
    ):
        assert read["text"].to_list()[:2] == [None, "read"]
        assert read.filter(pl.col("text").is_not_null()).height == 1


def test_answers_that_were_not_liked_are_not_learned_by_mistake(tmp_path: Path) -> None:
    """The rows of KTO look like those of any other method but for their label; many are there to be avoided."""
    labels = {"a": True, "b": None, "c": True}
    liked = [{"prompt": "p", "completion": text, "label": label} for text, label in labels.items()]
    assert data.load(lines(tmp_path / "liked.jsonl", liked))["completion"].to_list() == ["a", "b", "c"]
    mixed = lines(tmp_path / "mixed.jsonl", [*liked, liked[0] | {"label": False}])
    with pytest.raises(InputError, match=r"mixed.jsonl, line 4: 'label' is false: .* kto"):
        data.load(mixed)
    pl.read_ndjson(mixed).write_parquet(tmp_path / "mixed.parquet")
    with pytest.raises(InputError, match="'label' is false"):
        data.load(tmp_path / "mixed.parquet")
    for other in ("spam", 0, ["x"], {"a": 1}, 1.5):  # a label of something else says nothing of the answer
        assert data.load(lines(tmp_path / "other.jsonl", [liked[0] | {"label": other}, liked[0]])).height == 2
