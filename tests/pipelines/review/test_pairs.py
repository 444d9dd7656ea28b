"""Pairs of answers from preference rows and from two files of answers to the same prompts."""

import json
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from curation.errors import InputError
from curation.review.sampling import SampleOptions
from pipelines.review import pairs
from pipelines.review.deck import CARDS


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def turns(*contents: str) -> list[dict[str, str]]:
    roles = ["user", "assistant"] * len(contents)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


def preferences(count: int) -> list[dict[str, object]]:
    return [{"prompt": f"질문 {n}", "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(count)]


def test_preference_rows_are_pairs_of_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", preferences(30))
    drawn = pairs.draw([path], SampleOptions(size=10))
    cards = tables.check(drawn.cards, CARDS, "row_id")
    assert cards.height == 10 and drawn.facts == {"pairs": 30}
    assert cards["probability"].unique().to_list() == [pytest.approx(1 / 3)]
    assert cards["question"].unique().to_list() == ["pair"] and cards["kept"].null_count() == 10
    for prompt, text, other in cards.select("prompt", "text", "other").iter_rows():
        number = prompt.removeprefix("질문 ")
        assert (text, other) == (f"good {number}", f"bad {number}")


def test_a_table_of_samples_is_read(tmp_path: Path) -> None:
    row = {"prompt": turns("one", "two", "three"), "chosen": turns("a"), "rejected": turns("b")}
    frame = pl.DataFrame([row], schema=tables.SAMPLE_KINDS["preference"])
    frame.write_parquet(tmp_path / "made.parquet")
    cards = pairs.draw([tmp_path], SampleOptions()).cards
    assert cards.select("prompt", "text", "other").rows() == [("user: one\n\nassistant: two\n\nuser: three", "a", "b")]


def test_rows_in_another_order_are_the_same_sample(tmp_path: Path) -> None:
    rows = preferences(40)
    one = pairs.draw([write(tmp_path / "a.jsonl", rows)], SampleOptions(size=15)).cards
    other = pairs.draw([write(tmp_path / "b.jsonl", rows[::-1])], SampleOptions(size=15)).cards
    assert one.equals(other)


def test_equal_pairs_are_several_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", preferences(1) * 3)
    assert pairs.draw([path], SampleOptions()).cards["row_id"].n_unique() == 3


def test_two_files_are_joined_by_prompt_and_what_is_left_over_is_counted(tmp_path: Path) -> None:
    first = [{"prompt": prompt, "completion": f"first {n}"} for n, prompt in enumerate("aabcd")]
    second = [{"prompt": turns(prompt), "completion": turns(f"second {n}")} for n, prompt in enumerate("baae")]
    second.append({"prompt": "c", "completion": "first 3"})
    files = [write(tmp_path / "x.jsonl", first), write(tmp_path / "y.jsonl", second)]
    drawn = pairs.draw(files, SampleOptions())
    assert set(drawn.cards.select("prompt", "text", "other").rows()) == {
        ("a", "first 0", "second 1"),
        ("a", "first 1", "second 2"),
        ("b", "first 2", "second 0"),
    }
    assert drawn.facts == {"pairs": 3, "same answer on both sides": 1, "prompts in one file only": 2}
    assert pairs.sides_of(files) == ("x.jsonl", "y.jsonl")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"chosen": "a", "rejected": "b"}, "line 1: found no 'prompt', expected a text or a list of turns"),
        ({"prompt": "p", "chosen": 3, "rejected": "b"}, "found 'chosen' of another form"),
        ({"prompt": "p", "chosen": "a", "rejected": [{"role": "user"}]}, "found 'rejected' of another form"),
        ({"prompt": "p", "chosen": "a", "rejected": []}, "found 'rejected' of another form"),
    ],
)
def test_rows_of_another_form_are_refused(tmp_path: Path, row: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        pairs.draw([write(tmp_path / "p.jsonl", [row])], SampleOptions())


def test_files_that_hold_nothing_to_compare_are_refused(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [{"prompt": "a", "completion": "1"}])
    b = write(tmp_path / "b.jsonl", [{"prompt": "b", "completion": "1"}])
    with pytest.raises(InputError, match="no prompt in both"):
        pairs.draw([a, b], SampleOptions())
    with pytest.raises(InputError, match="all answers are the same"):
        pairs.draw([a, a], SampleOptions())
    with pytest.raises(InputError, match="found 3 files"):
        pairs.sides_of([a, b, a])


def test_sides_of_files_with_one_name_are_told_apart_by_folder() -> None:
    first, second = pairs.sides_of([Path("x/made.jsonl"), Path("y/made.jsonl")])
    assert first != second


def test_the_state_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", preferences(2))
    before = pairs.state([path])
    assert pairs.state([path]) == before
    write(path, preferences(3))
    assert pairs.state([path]) != before
