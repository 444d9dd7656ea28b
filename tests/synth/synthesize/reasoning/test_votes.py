"""Answers of paths: read strictly, told apart by value, counted."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from synth.distill.item import Item
from synth.parse import Rejected
from synth.synthesize.reasoning.votes import by_agreement, extract, key, vote


def item(answer: str | None = None, kind: str = "short_answer", choices: tuple[str, ...] = ()) -> Item:
    return Item("a" * 32, {}, "Q", "", answer, kind, choices)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 + 4 = 7.\nAnswer: 7", "7"),
        ("3 더하기 4는 7.\n답: 7개\n\n", "7개"),
        ("So it is.\n**Answer:** 7", "7"),
        ("So it is.\n**Final answer: 7**", "7"),
        ("정답： 서울", "서울"),
        ("Answer: 7\nAnswer: 8", "several_answers"),
        ("Answer: 7\nThat is all.", "no_answer"),
        ("It is 7.", "no_answer"),
        ("The answer to everything is 42.", "no_answer"),
        ("Thinking.\nAnswer:", "empty_answer"),
        ("", "no_answer"),
    ],
)
def test_the_answer_is_what_the_last_line_marks(text: str, expected: str) -> None:
    found = extract(text)
    assert (found.rule if isinstance(found, Rejected) else found) == expected


def test_a_pattern_of_ones_own_must_match_once() -> None:
    assert extract("The sum is 13.", r"The sum is (\d+)") == "13"
    for text, rule in (("13", "no_answer"), ("The sum is 1. The sum is 2.", "several_answers")):
        found = extract(text, r"The sum is (\d+)")
        assert isinstance(found, Rejected) and found.rule == rule


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("42", "42.0", True), ("$1,000", "1000", True), ("1/2", "0.5", True), ("Seoul", "seoul.", True),
        ("42", "42 apples", False), ("Boeing 747", "Airbus 747", False), ("50%", "50", False),
        ("서울", "부산", False), ("3만", "30000", False),
    ],
)  # fmt: skip
def test_answers_without_a_check_are_told_apart_by_value_or_text(one: str, other: str, same: bool) -> None:
    assert (key(item(), one) == key(item(), other)) is same


def test_the_check_of_a_row_says_how_answers_compare() -> None:
    number = item("42", "number")
    assert key(number, "about 42 apples") == key(number, "42") == "42"
    assert key(number, "3만 5천") == "35000"
    colours = item("red", "choice", ("red", "blue"))
    assert key(colours, "It is red") == "red"
    value = item('{"a": 1}', "json")
    assert key(value, '{"a":1,"b":2}') == key(value, '{"b": 2, "a": 1}')
    for of, said in ((number, "many"), (colours, "red or blue"), (value, "{a")):
        found = key(of, said)
        assert isinstance(found, Rejected) and found.rule == "unreadable_answer"


def test_the_majority_counts_every_path() -> None:
    result = vote(["7", "7", "8", None])
    assert (result.key, result.agreement, result.tied) == ("7", 0.5, False)
    assert list(result.counts.items()) == [("7", 2), ("8", 1)]
    assert vote(["8", "7"]).tied and vote(["8", "7"]) == vote(["7", "8"])
    assert vote([None, None]).key is None and vote([]).agreement == 0.0


def test_classes_of_agreement() -> None:
    rows: Any = [(1.0, True), (0.9, False), (0.5, True), (0.25, False)]
    assert by_agreement(rows) == [
        {"from": 0.25, "to": 0.5, "rows": 1, "right": 0},
        {"from": 0.5, "to": 0.75, "rows": 1, "right": 1},
        {"from": 0.75, "to": 1.0, "rows": 2, "right": 1},
    ]


@pytest.mark.shared_data
def test_every_answer_of_a_real_set_is_read(shared_data: Path) -> None:
    with gzip.open(shared_data / "instructions" / "gsm8k" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["answer"] for line in lines]
    for text in texts:
        found = extract(text, "#### (.+)")
        assert isinstance(found, str)
        assert key(item(), found) == key(item("0", "number"), text.rsplit("#### ")[-1])
