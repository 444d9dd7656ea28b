"""What an answer says, with what the published self-distillation code gets wrong on its own data."""

import pytest

from curation.checks.typed import check
from curation.checks.typed_answers import yes_or_no
from curation.errors import InputError


def passes(kind: str, reference: str, candidate: str, **settings) -> bool:
    result = check(kind, reference, candidate, **settings)
    assert result.passed == (result.score >= result.threshold)
    assert result.name == kind and result.detail
    return result.passed


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
    assert passes("number", "3", "4", tolerance=1) and not passes("number", "3", "4.5", tolerance=1)
    assert not passes("number", "3.14159", "about 3.14")


def test_choice_names_exactly_one():
    letters = ["A", "B", "C"]
    assert passes("choice", "B", "The answer is (B).", choices=letters)
    assert not passes("choice", "B", "A or B", choices=letters)
    assert not passes("choice", "B", "It is C", choices=letters)
    assert not passes("choice", "B", "no idea", choices=letters)
    assert passes("choice", "a", "B is not it. A", choices=["a", "c"])
    assert passes("choice", "B", "It is a clear B", choices=letters)  # `a` is a word here


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


@pytest.mark.parametrize(
    ("reference", "said"),
    [("Yes.", "yes"), ("nope", "no"), ("예입니다", "yes"), ("네", "yes"), ("yesterday", None), ("답은 예", None)],
)
def test_yes_and_no_are_told_from_other_answers(reference: str, said: str | None):
    assert yes_or_no(reference) == said


@pytest.mark.parametrize("levels", [500, 990, 100_000])
@pytest.mark.parametrize(
    ("kind", "reference"), [("json", "[1]"), ("json_schema", '{"items": {"$ref": "#"}, "minItems": 1}')]
)
def test_json_nested_too_deeply_is_another_value_and_no_error(kind: str, reference: str, levels: int):
    assert not passes(kind, reference, "[" * levels + "]" * levels)


def test_a_schema_that_is_its_own_definition_ends():
    assert not passes("json_schema", '{"$ref": "#"}', "1")
