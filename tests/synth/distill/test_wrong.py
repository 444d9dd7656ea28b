"""Candidates that must not pass do not, for every kind of check, in English and Korean."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks import sandbox, typed
from synth.distill import DistillOptions, wrong
from synth.distill.item import Item
from synth.distill.verify import passed, verify
from tests.synth.distill.test_right import VALUES, calls

MakeItem = Callable[..., Item]
OPTIONS = DistillOptions()
ROWS: dict[str, dict[str, Any]] = {
    "number": {"reference": "That makes 22.", "answer": "22"},
    "choice": {"reference": "The answer is B.", "answer": "B", "choices": ["A", "B", "C"]},
    "regex": {"reference": "abc", "answer": "[a-z]+"},
    "json": {"reference": '{"a": [1, "x"], "b": true}', "answer": '{"a": [1, "x"], "b": true}'},
    "json_schema": {"reference": '{"a": 1}', "answer": '{"type": "object", "required": ["a"]}'},
    "python_call": {"reference": "f(a=1, b='x')", "answer": "f(a=1, b='x')"},
    "python_code": {"reference": "def f(x):\n    return x + 1", "answer": "assert f(1) == 2"},
    "python_output": {"reference": "print(3)", "answer": "3"},
    "short_answer": {"reference": "It is Seoul.", "answer": "Seoul"},
}


@pytest.mark.parametrize("kind", typed.ANSWER_KINDS)
def test_wrong_answers_fail_and_the_reference_passes(make_item: MakeItem, kind: str) -> None:
    if kind in ("python_code", "python_output") and sandbox.available() is None:
        pytest.skip(f"no sandbox: {sandbox.detect()[1]}")
    columns = dict(ROWS[kind])
    item = make_item(check=kind, **columns)
    assert passed(verify(item, item.reference, "stop", OPTIONS))
    made = list(wrong.answers(item, 1))
    assert made
    for how, text in made:
        assert not passed(verify(item, text, "stop", OPTIONS)), how


def test_an_answer_that_stands_twice_is_not_exchanged(make_item: MakeItem) -> None:
    """The letters of a short answer stand in other words too."""
    number = make_item(reference="22, that is 22.", answer="22", check="number")
    choice = make_item(reference="Answer: A", answer="A", check="choice", choices=["A", "B"])
    assert list(wrong.answers(number, 1)) == list(wrong.answers(choice, 1)) == []


@pytest.mark.parametrize(
    ("question", "reference"),
    [
        ("When does the ferry leave?", "The ferry leaves at noon on weekdays."),
        ("배는 언제?", "배는 평일 정오에 떠납니다."),
    ],
)
@pytest.mark.parametrize("answer", [None, "noon"])
def test_no_bad_form_passes_and_each_fails_for_its_reason(
    make_item: MakeItem, question: str, reference: str, answer: str | None
) -> None:
    if answer is not None and "noon" not in reference:
        answer = "정오"
    item = make_item(question=question, reference=reference, answer=answer)
    assert passed(verify(item, reference, "stop", OPTIONS))
    reasons = {"cut off": "finish", "empty": "length", "leak": "leak", "turns": "markers", "order": "orders",
               "refusal": "refusal", "loop": "repetition", "other language": "language"}  # fmt: skip
    for how, text, finish in wrong.forms(item):
        failed = [check.name for check in verify(item, text, finish, OPTIONS) if not check.passed]
        assert reasons.pop(how) in failed, how
    assert not reasons


@pytest.mark.parametrize(
    ("question", "reference", "answer", "kind", "choices"),
    [
        ("이 후기의 감정은?", "positive", "positive", "choice", ["positive", "negative"]),
        ("다음 낱말을 영어로 옮기세요: 달", "moon", "moon", "short_answer", None),
        ("다음 문장을 영어로 옮기세요: 나는 달을 보았다.", "I saw the moon.", None, None, None),
        ("1번 방의 불을 켜는 함수를 쓰세요.", "light(room=1, on=True)", "light(room=1, on=True)", "python_call", None),
        ("Translate into Korean: moon", "달", "달", "short_answer", None),
        ("구슬 3개와 4개는 모두 몇 개인가요?", "7", "7", "number", None),
    ],
)
def test_the_other_language_is_other_than_that_of_the_reference(
    make_item: MakeItem, question: str, reference: str, answer: str | None, kind: str | None, choices: list[str] | None
) -> None:
    given = {name: value for name, value in (("check", kind), ("choices", choices)) if value is not None}
    item = make_item(question=question, reference=reference, answer=answer, **given)
    ((text, finish),) = [(text, finish) for how, text, finish in wrong.forms(item) if how == "other language"]
    assert "language" in [check.name for check in verify(item, text, finish, OPTIONS) if not check.passed]


def test_where_nothing_has_letters_no_language_is_another(make_item: MakeItem) -> None:
    item = make_item(question="12 + 10 =", reference="22", answer="22", check="number")
    assert "other language" not in [how for how, _, _ in wrong.forms(item)]


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        (".*24.*", ["another sign"] * 2),
        (r"(?s).*\b24\b.*", ["another sign"] * 2),
        (r"It is \d+\.", ["words after it", *["another sign"] * 5]),
        (".*", []),
    ],
)
def test_a_pattern_that_takes_whatever_follows_has_no_words_after_it(
    make_item: MakeItem, pattern: str, kinds: list[str]
) -> None:
    item = make_item(reference="It is 24.", answer=pattern, check="regex")
    made = list(wrong.answers(item, 1))
    assert [how for how, _ in made] == kinds
    assert not any(passed(verify(item, text, "stop", OPTIONS)) for _, text in made)


@pytest.mark.parametrize(
    "value",
    [
        "12",
        "0.0",
        "-0.0",
        "1e308",
        "[1e400]",
        "[1e17, 2]",
        '"\\ud83d"',
        '{"이름": "\\ud83d"}',
        '{"a": {}}',
        "[[]]",
        "[" * 900 + "]" * 900,
    ],
)
@pytest.mark.parametrize("kind", ["json", "json_schema"])
def test_other_json_is_another_value_or_none(make_item: MakeItem, kind: str, value: str) -> None:
    """Half of a number is one, a great number with one more is itself, and what is infinite cannot be written."""
    item = make_item(reference=value, answer=value if kind == "json" else "{}", check=kind)
    for how, text in wrong.answers(item, 1):
        text.encode()
        assert not passed(verify(item, text, "stop", OPTIONS)), (how, text)


@pytest.mark.parametrize("call", ["f(1)      # the right call", "f(1)\nf(1)", "(" * 9000])
def test_half_of_a_call_is_none(make_item: MakeItem, call: str) -> None:
    item = make_item(reference=call, answer="f(1)", check="python_call")
    for how, text in wrong.answers(item, 1):
        assert not passed(verify(item, text, "stop", OPTIONS)), (how, text)


@given(VALUES, st.sampled_from(["json", "json_schema"]))
def test_no_wrong_json_of_a_value_passes(make_item: MakeItem, value: object, kind: str) -> None:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    item = make_item(reference=text, answer=text if kind == "json" else "{}", check=kind)
    for how, other in wrong.answers(item, 1):
        assert not passed(verify(item, other, "stop", OPTIONS)), (how, other)


@given(calls())
def test_no_changed_call_passes(make_item: MakeItem, call: str) -> None:
    item = make_item(reference=call, answer=call, check="python_call")
    for how, other in wrong.answers(item, 1):
        assert not passed(verify(item, other, "stop", OPTIONS)), (how, other)
