"""Candidates that must pass do, for every kind of check, in English and Korean, and each in words of its own."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from curation.checks import sandbox, typed_spec
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
     {"other spacing", "in quotes", "in bold", "as a list", "contractions", "sentences in another order"}),
    ({"reference": "물레방아는 오래되었습니다. 마을 사람들은 보리를 빻습니다.", "answer": None, "question": "왜?"},
     {"other spacing", "in quotes", "in bold", "as a list", "sentences in another order"}),
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
        ("Yes, it floats.", "Yes", 6),  # whoever says yes or no begins with it
        ("Nope, it sinks.", "Nope.", 6),
        ("예, 뜹니다.", "예", 6),
        ("아니요, 가라앉습니다.", "아니요.", 6),
        ("맞습니다. 물에 뜹니다.", "맞습니다", 6),
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
        (["a", "b", "i"], "b", "The right one: (B)"),  # looked for in capitals alone
    ],
)
def test_no_sentence_names_another_choice(make_item: MakeItem, choices: list[str], answer: str, reference: str) -> None:
    item = make_item(reference=reference, answer=answer, check="choice", choices=choices)
    assert passed(verify(item, reference, "stop", DistillOptions()))
    made = list(right.answers(item))
    assert "in a sentence" in [kind for kind, _ in made]
    assert all(passed(verify(item, text, "stop", DistillOptions())) for _, text in made)


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


def test_a_call_with_a_placeholder_is_written_in_as_many_ways(make_item: MakeItem) -> None:
    call = "open(path='a', token=<session_token>)"
    made = list(right.answers(make_item(reference=call, answer=call, check="python_call")))
    plain = call.replace("<session_token>", "session_token")
    expected = [kind for kind, _ in right.answers(make_item(reference=plain, answer=plain, check="python_call"))]
    assert [kind for kind, _ in made] == expected and len(expected) == 6
    item = make_item(reference=call, answer=call, check="python_call")
    assert all("<session_token>" in text and passed(verify(item, text, "stop", DistillOptions())) for _, text in made)


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
        '[[0, 0, 0, 0, 0], "\\uc11c\\uc6b8"]',  # with letters in the place of escapes most of it were a loop
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
        ({"reference": "abc", "answer": "[a-z]+", "check": "regex"}, 12),
        ({"reference": "2026-11-30", "answer": r"\d{4}-(0[1-9]|1[0-2])-\d\d", "check": "regex"}, 12),
        ({"reference": "12월", "answer": "1[0-2]월", "check": "regex"}, 2),  # 10 and 11
        ({"reference": "가부", "answer": "[가-힣]{2}", "check": "regex"}, 12),
        ({"reference": "A1", "answer": "A1|B2", "check": "regex"}, 0),  # no change of one sign matches
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


ENGLISH = [
    "Seoul",
    "it",
    "is",
    "the",
    "a",
    "not",
    "I",
    "yes",
    "no",
    "that",
    "B.C.",
    "U.S.",
    "'t Hof",
    "well-known",
    "think",
]
KOREAN = [
    "서울",
    "이것",
    "것",
    "아닌",
    "그것은",
    "여기서는",
    "예",
    "아니요",
    "달이다",
    "물입니다",
    "3만",
    "제 생각",
    "바로",
]
FIGURES = [
    "22",
    "-3",
    "1,234.50",
    ".5",
    "3/4",
    "1e3",
    "2 million",
    "3만 5천",
    "1억 2,000만",
    "50%",
    "$5",
    "2024-05-01",
    "0",
]
MARKS = st.sampled_from(["", ".", "!", "?", ",", ")", '"', "。"])
LISTS = st.sampled_from([" ", ", ", "\n", "; ", "/", "-"])


@st.composite
def bare_answers(draw: st.DrawFn) -> dict[str, Any]:
    """A row of a number, of a word or list of words, or of a choice, in English or Korean."""
    korean = draw(st.booleans())
    words = KOREAN if korean else ENGLISH
    kind = draw(st.sampled_from(["short_answer", "number", "choice"]))
    some = st.lists(st.sampled_from(words + FIGURES), min_size=1, max_size=3, unique=True)  # a loop is none
    answer = draw(st.sampled_from(FIGURES)) if kind == "number" else draw(LISTS).join(draw(some)) + draw(MARKS)
    columns = {"answer": answer, "check": kind, "question": "무엇인가요?" if korean else "What is it?"}
    if kind == "choice":
        columns["choices"] = sorted({answer, *draw(some)} | set(draw(st.sampled_from(["AB", "ab", "IJ"]))))
    before = draw(st.sampled_from(["", "모두 살펴보니 " if korean else "Having looked at everything, "]))
    after = draw(st.sampled_from(["", ".", " 입니다." if korean else ", so to say."]))
    return {**columns, "reference": f"{before}{answer}{after}"}


def failing(item: Item, text: str) -> list[Any]:
    return [check for check in verify(item, text, "stop", DistillOptions()) if not check.passed]


def all_right(make_item: MakeItem, columns: dict[str, Any]) -> None:
    """What is made of a row that is judged at all passes where the row's own answer does."""
    item = make_item(**columns)
    assume(typed_spec.problem(item.kind, str(item.answer), item.choices) is None)
    assume(not failing(item, item.reference))
    for kind, text in right.answers(item):
        text.encode()
        assert not failing(item, text), (kind, text)


@given(bare_answers())
def test_every_sentence_of_an_answer_is_right(make_item: MakeItem, columns: dict[str, Any]) -> None:
    all_right(make_item, columns)


TEXTS = st.text(st.characters(codec=None, exclude_characters="`"), max_size=6) | st.sampled_from(
    ["(", "#", "'", '"', "\\", "\n", "🙂", "가 나", "```", "<a>", "\\d", "{x}", "\ud83d"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.sampled_from(["json", "json_schema"]), st.booleans(), st.sampled_from([None, 2]))
def test_all_json_of_a_value_is_right(
    make_item: MakeItem, value: Any, kind: str, escaped: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).encode("utf-8", "backslashreplace").decode()
    all_right(make_item, {"reference": text, "answer": text if kind == "json" else "{}", "check": kind})


@st.composite
def calls(draw: st.DrawFn) -> str:
    """One call or several, nested, with comments, placeholders and strings of any letters."""
    named = st.dictionaries(st.sampled_from(["a", "b", "이름"]), VALUES, max_size=3)

    def one(depth: int) -> str:
        given_ = [repr(value) for value in draw(st.lists(VALUES, max_size=2))]
        given_ += [f"{name}={value!r}" for name, value in draw(named).items()]
        given_ += [f"c=<{name}>" for name in draw(st.lists(st.sampled_from(["token", "열쇠"]), max_size=1))]
        given_ += [f"d={one(depth - 1)}" for _ in range(draw(st.integers(0, min(1, depth))))]
        return f"{draw(st.sampled_from(['f', 'api.get', '찾기']))}({', '.join(given_)})"

    made = [one(2) for _ in range(draw(st.integers(1, 3)))]
    shape = draw(st.sampled_from(["\n", "; ", ", ", "\n\n", "  # next\n"]))
    return shape.join(made) + draw(st.sampled_from(["", "", ";", "  # last", "\n"]))


@given(calls())
def test_all_variants_of_calls_are_right(make_item: MakeItem, call: str) -> None:
    all_right(make_item, {"reference": call, "answer": call, "check": "python_call"})
