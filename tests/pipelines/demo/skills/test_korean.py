"""The Korean rules, worked by hand, and what is no content of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.skills.korean import SKILLS, is_korean_word
from pipelines.demo.skills.vocabulary import CATEGORY, ENGLISH, KOREAN

SOLVE = {skill.name: skill.solve for skill in SKILLS}
syllables = st.text(st.characters(min_codepoint=ord("가"), max_codepoint=ord("힣")), min_size=1, max_size=7)


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("ko_reverse", "도서관", "관서도"),
        ("ko_reverse", "library", None),
        ("ko_reverse", "도서 관", None),
        ("ko_reverse", "", None),
        ("ko_count", "도서관", "3"),
        ("ko_count", "ㅋㅋ", None),  # jamo are no syllables
        ("ko_topic", "도서관", "도서관은"),
        ("ko_topic", "사과", "사과는"),
        ("ko_topic", "말", "말은"),  # ㄹ is a final consonant
        ("ko_topic", "가", "가는"),  # the first syllable of all
        ("ko_topic", "힣", "힣은"),  # and the last
        ("ko_to_en", "사과, 바다", "apple, sea"),
        ("ko_to_en", "사과, 컴퓨터", None),
        ("en_to_ko", "apple, sea", "사과, 바다"),
        ("ko_category", "사과, 바다", "fruit, nature"),
        ("ko_category", "apple", None),
        ("ko_reverse_topic", "사과", "과사는"),
        ("ko_reverse_topic", "은행", "행은은"),
        ("ko_reverse_topic", "apple", None),
    ],
)
def test_answers_worked_by_hand(name: str, content: str, answer: str | None) -> None:
    assert SOLVE[name](content) == answer


@given(word=syllables)
def test_rules_on_syllables_agree_with_each_other(word: str) -> None:
    assert is_korean_word(word)
    backwards = SOLVE["ko_reverse"](word)
    assert backwards is not None and SOLVE["ko_reverse"](backwards) == word
    assert SOLVE["ko_count"](word) == SOLVE["ko_count"](backwards) == str(len(word))
    assert SOLVE["ko_reverse_topic"](word) == SOLVE["ko_topic"](backwards)


def test_the_particle_follows_the_final_consonant() -> None:
    """은 after every syllable whose decomposition has three jamo, 는 after one with two (Unicode, section 3.12)."""
    import unicodedata

    for code in range(ord("가"), ord("힣") + 1, 7):
        closed = len(unicodedata.normalize("NFD", chr(code))) == 3
        assert SOLVE["ko_topic"](chr(code)) == chr(code) + ("은" if closed else "는")


def test_every_noun_translates_there_and_back_and_has_its_category() -> None:
    for korean, english in ENGLISH.items():
        assert SOLVE["ko_to_en"](korean) == english and SOLVE["en_to_ko"](english) == korean == KOREAN[english]
        assert SOLVE["ko_category"](korean) == CATEGORY[english]


def test_the_voice_is_korean_but_for_the_translation_from_english() -> None:
    assert {skill.name for skill in SKILLS if skill.voice == "en"} == {"en_to_ko"}
