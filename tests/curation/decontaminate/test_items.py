import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from curation.decontaminate.items import items, texts
from curation.errors import InputError


def test_every_text_of_a_row_is_an_item_with_its_place(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A stone."}]
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as stream:
        stream.write(
            json.dumps({"id": 3, "prompt": turns, "choices": ["one", "two"], "none": None, "empty": " "}) + "\n"
        )
    pl.DataFrame({"question": ["Who?", "Where?"]}).write_parquet(tmp_path / "b.parquet")
    found = items([tmp_path])
    assert found.rows() == [
        ("prompt", "What is it?\nA stone.", "a.jsonl.gz", 0),
        ("choices", "one", "a.jsonl.gz", 0),
        ("choices", "two", "a.jsonl.gz", 0),
        ("question", "Who?", "b.parquet", 0),
        ("question", "Where?", "b.parquet", 1),
    ]
    assert items([tmp_path / "b.parquet"], ["question"]).height == 2


def test_a_field_that_no_row_has_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "x"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl.*'promt'.*did you mean 'prompt'"):
        items([tmp_path / "a.jsonl"], ["promt"])


def test_texts_of_nested_values() -> None:
    assert list(texts({"a": ["x", {"b": "y"}], "c": 3})) == ["x", "y"]


def test_files_of_several_shapes_need_one_of_the_fields_each(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "Who?", "id": 1}\n')
    (tmp_path / "b.jsonl").write_text('{"paragraph": "A text.", "id": 2}\n')
    assert items([tmp_path], ["question", "paragraph"])["text"].to_list() == ["Who?", "A text."]
    with pytest.raises(InputError, match=r"b.jsonl: no row has the field 'question', expected one of id, paragraph"):
        items([tmp_path], ["question"])
    with pytest.raises(InputError, match=r"b.jsonl: no row has the field 'answer', .* id, paragraph, question"):
        items([tmp_path], ["question", "paragraph", "answer"])
