"""Open text: a paraphrase in like words passes, another statement does not."""

import pytest

from synth.distill import open_text

QUESTION = "When was the bridge opened, and by whom?"
REFERENCE = "The bridge was opened in 1,937 by the mayor of the city, who did not attend the dinner."


def failing(reference: str, candidate: str, question: str = QUESTION) -> list[str]:
    return [check.name for check in open_text.checks(reference, candidate, question, 0.6, 0.5) if not check.passed]


def test_the_reference_itself_and_a_paraphrase_pass() -> None:
    assert failing(REFERENCE, REFERENCE) == []
    assert failing(REFERENCE, "In 1937 the city's mayor opened this bridge, but he did not attend a dinner.") == []
    assert failing("다리는 시장이 1937년에 개통했습니다.", "1937년에 시장이 다리를 개통했어요.", "다리는?") == []


@pytest.mark.parametrize(
    ("candidate", "failed"),
    [
        ("The bridge was opened in 1938 by the mayor of the city, who did not attend the dinner.", "open.numbers"),
        ("The bridge was opened by the mayor of the city, who did not attend the dinner.", "open.numbers"),
        ("The bridge was opened in 1937 by the mayor of the city, who did attend the dinner.", "open.negation"),
        ("In 1937 it was not me.", "open.recall"),
        (
            "The bridge was opened in 1937 by the mayor of the city, who did not attend the dinner, though jugglers, "
            "acrobats, musicians, painters, bakers, sailors and clowns entertained crowds",
            "open.precision",
        ),
    ],
)
def test_each_sign_catches_what_it_is_for(candidate: str, failed: str) -> None:
    assert failed in failing(REFERENCE, candidate)


def test_korean_negation_is_seen() -> None:
    assert "open.negation" in failing("시장은 저녁에 참석하지 않았다.", "시장은 저녁에 참석했다.")
    assert failing("시장은 저녁에 안 왔다.", "시장은 저녁에 오지 않았다.", "저녁에?") == []


def test_a_reference_of_function_words_verifies_nothing() -> None:
    assert "open.recall" in failing("It is what it is.", "It is what it is.")


def test_numbers_of_the_question_may_be_repeated() -> None:
    assert failing("It is larger.", "Of 4 and 9, 9 is larger.", "Compare 4 and 9") == []


def test_thousands_are_one_number_and_lists_are_several() -> None:
    assert open_text.numbers("1,000,000 and 3.5 or 1,5") == {"1000000", "3.5", "1,5"}
