"""Answers that nothing could ever match are found before anything is asked."""

import pytest

from curation.checks import typed
from curation.checks.typed_spec import problem

GOOD = {
    "number": "42", "choice": "b", "regex": "a+", "json": '{"a": 1}', "json_schema": '{"type": "object"}',
    "python_call": "f(a=1)", "python_code": "assert f(1) == 2", "python_output": "3", "short_answer": "Seoul",
}  # fmt: skip


@pytest.mark.parametrize("kind", typed.ANSWER_KINDS)
def test_what_can_be_matched_has_no_problem(kind: str):
    assert problem(kind, GOOD[kind], ("a", "b")) is None


@pytest.mark.parametrize(
    ("kind", "answer", "why"),
    [
        ("number", "none", "has no number"),
        ("choice", "c", "names no choice"),
        ("regex", "(", "no pattern that RE2 reads"),
        ("regex", r"(a)\1", "no pattern that RE2 reads"),
        ("json", '{"a": ', "is not JSON"),
        ("json", "", "neither a reference nor a schema"),
        ("json_schema", '{"type": "thing"}', "is no JSON schema"),
        ("json_schema", "[]", "is no JSON schema"),
        ("json_schema", "{", "is not JSON"),
        ("python_call", "f(a=<b c>)", "is not a Python expression"),
        ("python_call", "1 + 1", "has no call"),
        ("python_code", "f(1) ==", "is no Python"),
        ("python_code", "f(1) == 2", "asserts nothing"),
        ("python_output", " ", "is empty"),
        ("short_answer", ".", "is empty"),
    ],
)
def test_what_cannot_be_matched_says_why(kind: str, answer: str, why: str):
    assert why in str(problem(kind, answer, ("a", "b")))


def test_an_empty_choice_is_none():
    assert problem("choice", "b", ["", "b"]) == "the answer 'b' stands beside an empty choice"
    assert problem("choice", "b", [" ", "b"]) is not None


def test_choices_that_are_none():
    assert "expected two or more" in str(problem("choice", "a", ("a",)))
    assert "expected two or more" in str(problem("choice", "a", ("a", "A")))
