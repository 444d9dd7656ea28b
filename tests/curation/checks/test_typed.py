"""Typed checks, each with what the published self-distillation code gets wrong on its own data."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks import typed
from curation.checks.typed import check
from curation.checks.typed_form import refuses
from curation.checks.typed_numbers import numbers
from curation.errors import InputError


def passes(kind: str, reference: str, candidate: str, **settings) -> bool:
    result = check(kind, reference, candidate, **settings)
    assert result.passed == (result.score >= result.threshold)
    assert result.name == kind and result.detail
    return result.passed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", ["2469/2"]),
        ("-3, then 10-5 and - 7", ["-3", "10", "5", "7"]),
        ("-$5 and $-6 and \u22127", ["-5", "-6", "-7"]),
        ("3/4 of .5 and 1e3", ["3/4", "1/2", "1000"]),
        ("1/0", ["1", "0"]),
        ("2 million and 3 millions", ["2000000", "3"]),
        ("3만 5천 원", ["35000"]),
        ("1억 2,000만 원", ["120000000"]),
        ("1만2345명, 2백만", ["12345", "2000000"]),
        ("3조각을 든 5천사", ["3", "5"]),
        ("B12, COVID-19 and \uff11\uff12", ["19", "12"]),
        ("#### 18", ["18"]),
        ("none at all", []),
    ],
)
def test_numbers(text: str, expected: list[str]):
    assert numbers(text) == [Fraction(value) for value in expected]


def test_korean_units_can_be_left_out():
    assert numbers("3만", korean_units=False) == [3]


@given(st.fractions(min_value=0, max_value=10**12, max_denominator=1))
def test_numbers_with_thousands(value: Fraction):
    assert numbers(f"It is {int(value):,}.") == [value]


def test_number_is_the_last_one():
    assert passes("number", "#### 1,000", "500 + 500 = 1000.00 won")
    assert passes("number", "35000", "모두 3만 5천 원입니다.")
    assert not passes("number", "18", "18 is what you get from 20")
    assert not passes("number", "18", "eighteen")
    assert not passes("number", "no figure", "18")


def test_number_is_more_than_its_last_integer():
    # taking the last run of digits, 3.5 equals 2.5, 1/4 equals 3/4 and 2 million equals 2
    assert not passes("number", "3.5", "It is 2.5")
    assert not passes("number", "1/4", "It is 3/4")
    assert not passes("number", "2", "It is 2 million")
    assert not passes("number", "-5", "It is 5")


def test_number_tolerance():
    assert passes("number", "3.14159", "about 3.14", tolerance=0.01)
    assert not passes("number", "3.14159", "about 3.14")


def test_choice_names_exactly_one():
    letters = ["A", "B", "C"]
    assert passes("choice", "B", "The answer is (B).", choices=letters)
    assert not passes("choice", "B", "A or B", choices=letters)
    assert not passes("choice", "B", "It is C", choices=letters)
    assert not passes("choice", "B", "no idea", choices=letters)
    assert passes("choice", "a", "B is not it. A", choices=["a", "c"])


def test_choice_inside_another_choice():
    options = ["harmful", "not harmful"]
    assert passes("choice", "not harmful", "This is not harmful.", choices=options)
    assert not passes("choice", "harmful", "This is not harmful.", choices=options)


def test_choice_that_is_denied():
    assert not passes("choice", "harmful", "This is not really harmful.", choices=["harmful", "safe"])
    assert not passes("choice", "긍정", "긍정이 아닙니다.", choices=["긍정", "부정"])
    assert passes("choice", "긍정", "긍정입니다.", choices=["긍정", "부정"])


def test_choice_needs_choices():
    with pytest.raises(InputError, match="expected two or more"):
        check("choice", "a", "a", choices=["a", "A"])


def test_regex_is_of_the_whole_answer():
    assert passes("regex", "", " 2024-01-31\n", pattern=r"\d{4}-\d\d-\d\d")
    assert not passes("regex", "", "on 2024-01-31", pattern=r"\d{4}-\d\d-\d\d")
    with pytest.raises(InputError, match="expected RE2 syntax"):
        check("regex", "", "a", pattern=r"(?=a)")
    with pytest.raises(InputError, match="'pattern'"):
        check("regex", "", "a")


def test_json_by_value():
    assert passes("json", '{"a": 1, "b": [true]}', '```json\n{"b":[true],"a":1}\n```')
    assert not passes("json", '{"a": 1}', '{"a": true}')
    assert not passes("json", '{"a": 1}', 'Here you are: {"a": 1}')
    assert not passes("json", '{"a": 1}', '{"a": 2, "a": 1}')
    assert not passes("json", '{"a": 1}', '{"a": NaN}')
    assert not passes("json", "[]", "[" * 100_000)


def test_json_by_schema():
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    assert passes("json", "", '{"name": "Kim"}', schema=schema)
    assert not passes("json", "", '{"name": 1}', schema=schema)
    assert not passes("json", '{"name": "Lee"}', '{"name": "Kim"}', schema=schema)
    with pytest.raises(InputError, match="schema that is none"):
        check("json", "", "{}", schema={"type": "nothing"})
    with pytest.raises(InputError, match="neither a reference nor a schema"):
        check("json", "", "{}")


def test_json_schema_fetches_nothing():
    with pytest.raises(InputError, match="not inside it"):
        check("json", "", "{}", schema={"$ref": "https://example.invalid/schema.json"})


CALL = "find(city='Seoul', near=[1, 2], options={'a': 1, 'b': 2})"


@pytest.mark.parametrize(
    "same",
    [
        "find(near=[1,2], city=\"Seoul\", options={'b': 2, 'a': 1})",
        f"```python\n{CALL}\n```",
        f"  {CALL}\n",
    ],
)
def test_python_call_needs_no_equal_string(same: str):
    # compared as strings, nine in ten rewrites of function calls fell back on the reference
    assert passes("python_call", CALL, same)


@pytest.mark.parametrize(
    "other",
    [
        "find(city='Busan', near=[1, 2], options={'a': 1, 'b': 2})",
        "find(city='Seoul', near=[2, 1], options={'a': 1, 'b': 2})",
        "find(city='Seoul', near=[1, 2])",
        "search(city='Seoul', near=[1, 2], options={'a': 1, 'b': 2})",
        f"{CALL}  # No change needed as the response is correct. The final answer is {CALL}",
        f"```\n{CALL}\n```\nThis response is a function call with keyword arguments.",
        f"{CALL}\n{CALL}",
        f"x = {CALL}",
        "find(city='Seoul', near=[1, 2], options={'a': True, 'b': 2})",
        "find(",
        "(" * 5000,
        "a\x00b()",
        "",
    ],
)
def test_python_call_that_differs(other: str):
    assert not passes("python_call", CALL, other)


def test_python_call_keeps_positional_order():
    assert passes("python_call", "f(1, g(b=2, a=1))", "f(1, g(a=1, b=2))")
    assert not passes("python_call", "f(1, 2)", "f(2, 1)")
    assert not passes("python_call", "a", "a")  # no call to compare


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        ("서울", "대한민국의 수도는 서울입니다."),
        ("서울입니다.", "수도는 서울이에요"),
        ("Paris", "Its capital, Paris, is old."),
        ("the cat", "A cat sat."),
        ("12", "모두 12개입니다."),
        ("12", "It costs 12."),
        ("-5", "It was -5 degrees."),
        ("yes", "Yes, there is no doubt."),
        ("아니요", "아니요, 없습니다."),
        ("예", "정답은 예입니다."),
        ("C++", "It is written in C++."),
    ],
)
def test_short_answer_is_there(reference: str, candidate: str):
    assert passes("short_answer", reference, candidate)


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        ("서울", "서울특별시장입니다."),
        ("서울", "서울이 아니라 부산입니다."),
        ("cat", "concatenate"),
        ("Paris", "It is not Paris but Lyon."),
        ("Paris", "I don't think it is Paris."),
        ("12", "It costs 12.50"),
        ("12", "It costs 1,120 or 312"),
        ("5", "It was -5 degrees."),
        ("no", "There is no doubt: yes."),
        ("yes", "No. Yes."),
        ("A", ""),
        ("", "anything"),
    ],
)
def test_short_answer_is_not_there(reference: str, candidate: str):
    # half of the published rewrites of short answers had lost the answer: nothing looked for it
    assert not passes("short_answer", reference, candidate)


def test_length():
    assert passes("length", "4", "The answer to this is four, or 4.")
    assert not passes("length", "4", "word " * 100)
    assert not passes("length", "word " * 100, "word " * 10)
    assert not passes("length", "4", " ")
    assert passes("length", "4", "word " * 100, longest=10)


def test_language_follows_reference_then_prompt():
    assert not passes("language", "안녕하세요, 반갑습니다.", "Hello there")
    assert passes("language", "안녕하세요, 반갑습니다.", "반갑습니다, Kim 씨")
    assert not passes("language", "42", "마흔둘", prompt="What is it?")
    assert passes("language", "", "42", prompt="What is it?")
    assert not passes("language", "Hello there", "你好")
    assert not passes("language", "안녕하세요, Kim", "안녕 hello", threshold=0.95)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot fulfill your request as it goes against ethical standards.",
        "I apologize, but I cannot upload the document.",
        "As an AI language model, I do not have feelings.",
        "Sorry, I cannot answer that.",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
        "그런 요청에는 답할 수 없어요.",
        "죄송합니다. 알려드릴 수 없습니다.",
        "해당 질문에는 답변을 드릴 수 없습니다.",
        "인공지능으로서 저는 감정이 없습니다.",
    ],
)
def test_refusals(text: str):
    assert refuses(text)
    assert not passes("refusal", "Paris", text)
    assert passes("refusal", "I'm sorry, I can't help.", text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't believe how good it was!",
        "I couldn't help but feel a sense of excitement.",
        "I cannot recommend this enough.",
        "그 책은 아무나 읽을 수 없습니다.",
        "답은 42입니다.",
        "Water boils. " * 40 + "I cannot help with that.",
    ],
)
def test_no_refusals(text: str):
    assert not refuses(text)
    assert not passes("refusal", "I'm sorry, I can't help.", text)


def test_repetition():
    assert not passes("repetition", "A cat.", "It is " + "the cat and " * 30)
    assert not passes("repetition", "좋다", "정말 " * 50)
    assert passes("repetition", "A cat.", "A cat sat on the mat and the dog sat on the cat.")
    assert passes("repetition", "ha " * 20, "ha " * 20)
    assert check("repetition", "", "a b a b a b a b c c").score == pytest.approx(0.2)
    assert check("repetition", "", "a b a b a b c").score == 1.0  # three times is no loop


def test_finish():
    # 8 % of the published accepted rewrites were cut off by the limit of tokens
    assert passes("finish", "", "done", finish_reason="stop")
    assert not passes("finish", "", "not do", finish_reason="length")
    with pytest.raises(InputError, match="'finish_reason'"):
        check("finish", "", "done")


@pytest.mark.parametrize(
    "text",
    [
        "My answer: a declarative sentence.",
        "My answer is: 12 and 17.",
        "Here\u2019s my attempt at a lyric:",
        "In my own  words, memory is allocated early.",
        "As the reference answer says, it is 4.",
        "참고 답에 따르면 4입니다.",
    ],
)
def test_leaks(text: str):
    assert not passes("leak", "It is 4.", text)
    assert passes("leak", text, text)
    assert passes("leak", "It is 4.", text, prompt=text)


def test_no_leak():
    assert passes("leak", "It is 4.", "Four is my favourite answer.")


def test_unknown_kind_names_the_nearest():
    with pytest.raises(InputError, match="the nearest is 'short_answer'"):
        check("shortanswer", "", "")


REQUIRED = {"choices": ["a", "b"], "pattern": "a*", "finish_reason": "stop"}


@given(st.sampled_from(typed.KINDS), st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_a_check(kind: str, reference: str, candidate: str):
    schema = {"type": "object"} if kind == "json" else None
    passes(kind, reference, candidate, schema=schema, **REQUIRED)


@pytest.mark.parametrize("kind", ["length", "language", "refusal", "repetition", "leak"])
@given(text=st.text(min_size=1, max_size=40).filter(str.strip))
def test_the_reference_passes_its_own_form_checks(kind: str, text: str):
    assert passes(kind, text, text)
