"""Open text: a paraphrase in like words passes, another statement does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.distill import open_text
from synth.distill.open_text import OpenLimits

QUESTION = "When was the bridge opened, and by whom?"
REFERENCE = "The bridge was opened in 1,937 by Anna Keller. She did not attend the dinner of the city council."
KOREAN = "다리는 1937년에 시장이 개통했습니다. 시장은 저녁 만찬에 참석하지 않았습니다."
LIMITS = OpenLimits(0.8, 0.7, 0.8, 0.7)


def failing(*references: str, candidate: str, question: str = QUESTION) -> list[str]:
    return [one.name for one in open_text.checks(references, candidate, question, LIMITS) if not one.passed]


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (REFERENCE, REFERENCE),
        (REFERENCE, "In 1937 Anna Keller opened this bridge. The city council's dinner she did not attend."),
        (REFERENCE, "- The bridge was opened in 1937 by Anna Keller.\n- She didn't attend the city council dinner."),
        ("There are three rivers in the valley.", "The valley has 3 rivers."),
        (KOREAN, "시장이 1937년에 다리를 개통했어요. 저녁 만찬에 시장은 참석하지 않았어요."),
    ],
)
def test_the_reference_itself_and_a_paraphrase_pass(reference: str, candidate: str) -> None:
    assert failing(reference, candidate=candidate) == []


@pytest.mark.parametrize(
    ("reference", "candidate", "failed"),
    [
        (REFERENCE, REFERENCE.replace("1,937", "1,938"), "open.numbers"),
        (REFERENCE, REFERENCE.replace("in 1,937 ", ""), "open.numbers"),
        (REFERENCE, REFERENCE.replace("Keller", "Miller"), "open.names"),
        (REFERENCE, REFERENCE.replace("did not", "did"), "open.polarity"),
        (REFERENCE, "The bridge was opened in 1937 by Anna Keller.", "open.kept"),
        (REFERENCE, REFERENCE + " Jugglers and acrobats entertained a cheerful crowd.", "open.grounded"),
        (REFERENCE, REFERENCE.replace("dinner", "wedding"), "open.exchanged"),
        (KOREAN, KOREAN.replace("1937", "1938"), "open.numbers"),
        (KOREAN, KOREAN.replace("참석하지 않았습니다", "참석했습니다"), "open.polarity"),
        (KOREAN, KOREAN.replace("만찬", "결혼식"), "open.exchanged"),
        (KOREAN, "다리는 1937년에 시장이 개통했습니다.", "open.kept"),
        (KOREAN, KOREAN + " 광대와 곡예사가 군중을 즐겁게 했습니다.", "open.grounded"),
    ],
)
def test_each_sign_catches_what_it_is_for(reference: str, candidate: str, failed: str) -> None:
    assert failed in failing(reference, candidate=candidate)


def test_a_sentence_may_be_cut_in_two_and_denied_twice() -> None:
    one = "The bridge was opened by Anna Keller, the mayor of the northern county."
    assert failing(one, candidate="Anna Keller opened the bridge. She was mayor of the northern county.") == []
    twice = "Nobody says that the bridge was not opened in 1,937 by Anna Keller."
    assert "open.polarity" not in failing(REFERENCE, candidate=f"{twice} {REFERENCE.split('. ')[1]}")


def test_a_word_of_its_own_in_a_copied_sentence_stands_for_another() -> None:
    """Nothing of the reference is missing, and still the sentence says something that nobody said."""
    added = REFERENCE.replace("dinner of the city council", "dinner of the bankrupt city council")
    assert failing(REFERENCE, candidate=added) == ["open.exchanged"]


def test_any_of_several_references_will_do() -> None:
    other = "Anna Keller gave the opening speech at the bridge in 1937."
    assert failing(REFERENCE, candidate=other) != []
    assert failing(REFERENCE, other, candidate=other) == []
    half = REFERENCE.split(". ")[1] + " Anna Keller gave a speech."  # agreeing with a part of each is with none
    assert failing(REFERENCE, other, candidate=half) != []


def test_a_reference_of_function_words_verifies_nothing() -> None:
    assert "open.recall" in failing("It is what it is.", candidate="It is what it is.")


def test_numbers_of_the_question_may_be_repeated() -> None:
    assert failing("The larger is nine.", candidate="Of 4 and 9, the larger is 9.", question="Larger: 4 or 9?") == []


_WORDS = st.lists(st.text("abcdefghijklmnop", min_size=6, max_size=9), min_size=3, max_size=12, unique=True)


@given(words=_WORDS, number=st.integers(2, 10**6), change=st.integers(1, 10**6))
def test_a_text_agrees_with_itself_and_not_with_another_number(words: list[str], number: int, change: int) -> None:
    text = f"The {' '.join(words)} were {number}."
    assert failing(text, candidate=text, question="How many?") == []
    assert "open.numbers" in failing(text, candidate=f"The {' '.join(words)} were {number + change}.", question="?")
