"""Candidates that must pass do, for every kind of check, in English and Korean, and each in words of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from curation.checks import sandbox
from synth.distill import DistillOptions, right
from synth.distill.item import Item
from synth.distill.verify import passed, verify

MakeItem = Callable[..., Item]
ROWS: list[tuple[dict[str, Any], set[str]]] = [
    ({"reference": "That makes 22.", "answer": "22", "check": "number"}, {"the bare answer", "in a sentence"}),
    ({"reference": "모두 22개입니다.", "answer": "22", "check": "number"}, {"the bare answer", "in a sentence"}),
    ({"reference": "The answer is B.", "answer": "B", "check": "choice", "choices": ["A", "B", "I"]},
     {"the bare answer", "in a sentence"}),
    ({"reference": "It is Seoul.", "answer": "Seoul"}, {"the bare answer", "in a sentence"}),
    ({"reference": "수도는 서울입니다.", "answer": "서울"}, {"the bare answer", "in a sentence"}),
    ({"reference": '{"a": [1, "x"], "b": true}', "answer": '{"a": [1, "x"], "b": true}', "check": "json"},
     {"other spacing", "keys in another order", "in a code block"}),
    ({"reference": '{"a": 1}', "answer": '{"type": "object", "required": ["a"]}', "check": "json_schema"},
     {"other spacing", "in a code block"}),
    ({"reference": "f(a=1, b='x')", "answer": "f(a=1, b='x')", "check": "python_call"},
     {"keywords in another order", "in brackets", "in a code block"}),
    ({"reference": "def f(x):\n    return x + 1", "answer": "assert f(1) == 2", "check": "python_code"},
     {"with a comment", "empty lines", "in a code block"}),
    ({"reference": "print(3)", "answer": "3", "check": "python_output"},
     {"with a comment", "empty lines", "in a code block"}),
    ({"reference": "It's made of oak. The mill isn't old.", "answer": None},
     {"other spacing", "in quotes", "contractions", "sentences in another order"}),
    ({"reference": "물레방아는 오래되었습니다. 마을 사람들은 보리를 빻습니다.", "answer": None, "question": "왜?"},
     {"other spacing", "in quotes", "sentences in another order"}),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "kinds"), ROWS)
def test_what_is_right_by_definition_passes(make_item: MakeItem, columns: dict[str, Any], kinds: set[str]) -> None:
    if str(columns.get("check", "")).startswith("python_") and sandbox.available() is None:
        pytest.skip(f"no sandbox: {sandbox.detect()[1]}")
    item = make_item(**columns)
    made = list(right.answers(item))
    assert {kind for kind, _ in made} == kinds
    texts = [text for _, text in made]
    assert len({*texts, item.reference}) == len(texts) + 1
    for kind, text in made:
        failed = [check for check in verify(item, text, "stop", DistillOptions()) if not check.passed]
        assert not failed, (kind, text, failed)


def test_a_sentence_whose_words_are_choices_names_two(make_item: MakeItem) -> None:
    item = make_item(reference="Yes, it.", answer="it", check="choice", choices=["it", "that"])
    said = [text for kind, text in right.answers(item) if kind == "in a sentence"]
    assert said == ["This is it.", "I say it.", "it, I think."]


@pytest.mark.parametrize(
    ("reference", "answer", "sentences"),
    [
        ("Yes, it floats.", "Yes", 0),  # whoever says yes or no begins with it
        ("Nope, it sinks.", "Nope.", 0),
        ("예, 뜹니다.", "예", 0),
        ("아니요, 가라앉습니다.", "아니요.", 0),
        ("맞습니다. 물에 뜹니다.", "맞습니다", 0),
        ("수도는 서울입니다.", "서울입니다.", 9),  # one of ten is the reference
        ("그것은 돌이었습니다.", "돌이었습니다", 10),
        ("It is Seoul.", "Seoul.", 9),
    ],
)
def test_an_answer_is_put_into_a_sentence_where_the_language_lets_it(
    make_item: MakeItem, reference: str, answer: str, sentences: int
) -> None:
    item = make_item(reference=reference, answer=answer)
    assert passed(verify(item, reference, "stop", DistillOptions()))
    made = list(right.answers(item))
    assert sum(kind == "in a sentence" for kind, _ in made) == sentences
    for kind, text in made:
        failed = [check for check in verify(item, text, "stop", DistillOptions()) if not check.passed]
        assert not failed, (kind, text, failed)


@pytest.mark.parametrize(
    ("choices", "answer", "reference"),
    [
        (["이것", "저것"], "저것", "답은 저것입니다."),  # "바로 이것입니다"
        (["it is", "it was"], "it was", "Here it was."),
        (["one", "it is one"], "one", "The right one: one."),
        (["harmful", "not harmful"], "not harmful", "This looks not harmful."),
    ],
)
def test_no_sentence_names_another_choice(make_item: MakeItem, choices: list[str], answer: str, reference: str) -> None:
    item = make_item(reference=reference, answer=answer, check="choice", choices=choices)
    assert passed(verify(item, reference, "stop", DistillOptions()))
    said = [text for kind, text in right.answers(item) if kind == "in a sentence"]
    assert said and all(passed(verify(item, text, "stop", DistillOptions())) for text in said)


@pytest.mark.parametrize(
    ("call", "bracketed"),
    [
        ("f(1)\ng(2)", False),  # parallel calls: in one pair of brackets they would be no Python
        ("f(1); g(2)", False),
        ("f(1);", False),
        ("f(1)  # the first", False),
        ("# the first\nf(1)", True),
        ("f(1)\n(2)", False),  # would be a call of what the first gives
        ("[f(a=1), g(b=g(c=2))]", True),
        ("f(a='(', b=\")]\", c='# none')", True),
        ("f(\n    a=1,  # inside\n    b=2,\n)", True),
        ("f(a='```', b=1)", True),  # no code block can hold it
        (
            "f(a='가나다라마바사아자차카타파하 가나다라마바사아자차카타파하 🙂', b={'이름': '\\ud83d', 'x': [1, 2]})",
            True,
        ),
    ],
)
def test_calls_in_brackets_are_the_same_expression(make_item: MakeItem, call: str, bracketed: bool) -> None:
    item = make_item(reference=call, answer=call, check="python_call")
    assert passed(verify(item, call, "stop", DistillOptions()))
    made = list(right.answers(item))
    assert made and any(kind == "in brackets" for kind, _ in made) == bracketed
    for kind, text in made:
        failed = [check for check in verify(item, text, "stop", DistillOptions()) if not check.passed]
        assert not failed, (kind, text, failed)


@pytest.mark.parametrize(
    "value",
    [
        "12",
        "-1.5e-3",
        "true",
        "null",
        '"a"',
        "[]",
        "{}",
        '[1, {"a": [null, 0.1, 1E5]}]',
        '{"a": {"c": 1, "b": {"f": 1, "e": 2}}}',
        '{"a": "half of a pair: \\ud83d"}',
        '{"이름": "물레방아", "높이": 3, "뜻": "반쪽 \\ud83d"}',
        '{"이름": "물레방아 🙂", "값": [1.0, -0.0, 123456789012345678901234567890]}',
        '{"code": "```", "b": 2}',
        "[1e400, 2]",  # read as infinite, which JSON cannot write
        "[" * 400 + "]" * 400,
        "[" * 900 + "]" * 900,
    ],
)
@pytest.mark.parametrize("kind", ["json", "json_schema"])
def test_json_is_written_in_other_ways_or_not_at_all(make_item: MakeItem, kind: str, value: str) -> None:
    item = make_item(reference=value, answer=value if kind == "json" else "{}", check=kind)
    own = passed(verify(item, value, "stop", DistillOptions()))
    for how, text in right.answers(item) if own else ():
        text.encode()
        failed = [check for check in verify(item, text, "stop", DistillOptions()) if not check.passed]
        assert not failed, (how, text, failed)


@pytest.mark.parametrize(
    ("columns", "made"),
    [
        ({"reference": "abc", "answer": "[a-z]+", "check": "regex"}, 0),  # what else a pattern takes nobody knows
        ({"reference": "not JSON", "answer": "not JSON", "check": "json"}, 0),
        ({"reference": "f(", "answer": "f(", "check": "python_call"}, 0),
        ({"reference": "ответ: да", "answer": "да"}, 0),  # no sentences in this language
        ({"reference": "답은 Seoul이라고 합니다", "answer": "Seoul"}, 0),  # the bare answer is in another script
        ({"reference": "22", "answer": "22", "check": "number", "question": "모두 몇 개인가요?"}, 10),  # the question's
    ],
)
def test_nothing_is_made_that_would_rightly_fail(make_item: MakeItem, columns: dict[str, Any], made: int) -> None:
    found = [text for _, text in right.answers(make_item(**columns))]
    assert len(found) == made
    assert all(passed(verify(make_item(**columns), text, "stop", DistillOptions())) for text in found)
