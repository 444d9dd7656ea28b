"""Closed answers are told from open ones, and conflicts from differences."""

from fractions import Fraction

import pytest

from curation.consistency import answers
from curation.consistency.answers import NUMBER, OPEN, OPTION, PHRASE, YES_NO


@pytest.mark.parametrize(
    ("text", "kind", "form"),
    [
        ("42", NUMBER, "42"),
        ("42 km.", NUMBER, "42"),
        ("$1,200", NUMBER, "1200"),
        ("5만 원", NUMBER, "50000"),
        ("3개입니다", NUMBER, "3"),
        ("Two steps.\n#### 72", NUMBER, "72"),
        ("Yes", YES_NO, "yes"),
        ("No, because it rains in May.", YES_NO, "no"),
        ("False", YES_NO, "no"),
        ("예", YES_NO, "yes"),
        ("아니요.", YES_NO, "no"),
        ("(B)", OPTION, "b"),
        ("B. Paris", OPTION, "b"),
        ("③", OPTION, "③"),
        ("Paris", PHRASE, "paris"),
        ("Paris.", PHRASE, "paris"),
        ("The Passenger", PHRASE, "passenger"),
        ("서울입니다", PHRASE, "서울"),
        ("영어", PHRASE, "영어"),
        ("26 January 2023", PHRASE, "26 january 2023"),
    ],
)
def test_closed(text: str, kind: str, form: str) -> None:
    found = answers.read(text)
    assert (found.kind, found.text) == (kind, form)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It depends.",
        "여행은 언제나 좋죠.",
        "많이 힘들었겠네요",
        "위로해 드립니다",
        "Anna Lee and Bob Moss",
        "apples, pears",
        "a phrase of more than five words",
        "Antidisestablishmentarianism is onelongphrase",
        "Turn left at 5, then drive 3 km",
    ],
)
def test_open(text: str) -> None:
    assert answers.read(text).kind == OPEN


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("42", "43", True),
        ("42", "42.0", False),
        ("42 km", "43 km", True),
        ("42", "43 km", True),
        ("5 km", "3 miles", False),  # units may convert
        ("Yes", "No, never in May", True),
        ("True", "예", False),
        ("A", "(C)", True),
        ("Paris", "London", True),
        ("Paris", "Paris, France", False),  # a list is open
        ("Anil Gopireddy", "Gopireddy", False),
        ("positive", "positve", False),  # one letter
        ("2023-01-26", "26 January 2023", False),
        ("26 March 2023", "26 January 2023", True),
        ("UN", "United Nations", False),
        ("서울", "부산입니다", True),
        ("서울", "서울입니다.", False),
        ("Yes", "Paris", False),  # kinds differ
        ("42", "about forty", False),
        ("That is a long story.", "Paris", False),
    ],
)
def test_conflict(one: str, other: str, expected: bool) -> None:
    assert answers.conflict(answers.read(one), answers.read(other)) is expected
    assert answers.conflict(answers.read(other), answers.read(one)) is expected


def test_numbers_are_exact() -> None:
    assert answers.read("0.1").value == Fraction(1, 10)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Name a fruit", True),
        ("Write a poem about rain", True),
        ("책 한 권 추천해 줘", True),
        ("Who wrote it?", False),
        ("수도는 어디인가요?", False),
        ("Is there a surname for it?", False),
    ],
)
def test_requests_for_one_of_many(prompt: str, expected: bool) -> None:
    assert answers.is_open(prompt) is expected
