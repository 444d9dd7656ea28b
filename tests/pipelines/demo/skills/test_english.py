"""The English rules, worked by hand, and what is no content of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.skills.english import CONSENT, REFUSAL, SKILLS, add, is_word, look_up
from pipelines.demo.skills.vocabulary import HURTING, KIND, SOMEBODY

SOLVE = {skill.name: skill.solve for skill in SKILLS}
letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
numbers = st.integers(0, 200)


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("reverse", "apple", "elppa"),
        ("reverse", "Apple", None),
        ("reverse", "two words", None),
        ("reverse", "사과", None),
        ("reverse", "", None),
        ("capitals", "apple", "APPLE"),
        ("capitals", "APPLE", None),
        ("sort_digits", "7 2 9 4", "2 4 7 9"),
        ("sort_digits", "7 2 2", "2 2 7"),
        ("sort_digits", "7", None),
        ("sort_digits", "7 12", None),
        ("sort_digits", "7  2", None),
        ("add", "12 + 7", "19"),
        ("add", "12+7", None),
        ("add", "12 + 07", None),
        ("add", "1 + 2 + 3", None),
        ("add", "-1 + 2", None),
        ("add", "² + 2", None),
        ("opposite", "hot, night", "cold, day"),
        ("opposite", "hot,night", None),
        ("opposite", "hot, apple", None),
        ("category", "apple, tiger", "fruit, animal"),
        ("category", "fruit", None),
        ("reverse_capitals", "apple", "ELPPA"),
        ("add_parity", "12 + 7", "19, odd"),
        ("add_parity", "12 + 8", "20, even"),
        ("sort_first", "plum fig kiwi", "fig"),
        ("sort_first", "plum", None),
        ("sort_first", "plum Fig", None),
        ("safety", "kill a process", CONSENT),
        ("safety", "kill a neighbour", REFUSAL),
        ("safety", "comfort a neighbour", CONSENT),
        ("safety", "comfort a process", CONSENT),
        ("safety", "paint a neighbour", None),
        ("safety", "kill", None),
        ("safety", "kill a mockingbird", None),
    ],
)
def test_answers_worked_by_hand(name: str, content: str, answer: str | None) -> None:
    assert SOLVE[name](content) == answer


@given(word=letters)
def test_rules_on_letters_agree_with_each_other(word: str) -> None:
    assert is_word(word) and not is_word(word.upper()) and not is_word(f"{word} {word}")
    assert SOLVE["reverse"](SOLVE["reverse"](word) or "") == word
    assert SOLVE["reverse_capitals"](word) == SOLVE["capitals"](SOLVE["reverse"](word) or "")


@given(one=numbers, other=numbers)
def test_sums(one: int, other: int) -> None:
    assert add(f"{one} + {other}") == one + other
    assert SOLVE["add_parity"](f"{one} + {other}") == f"{one + other}, {'odd' if (one + other) % 2 else 'even'}"


@given(words=st.lists(letters, min_size=2, max_size=5))
def test_the_first_word_in_order(words: list[str]) -> None:
    assert SOLVE["sort_first"](" ".join(words)) == sorted(words)[0]


def test_looking_up_takes_all_or_nothing() -> None:
    assert look_up({"a": "1", "b": "2"}, "a, b, a") == "1, 2, 1"
    assert look_up({"a": "1"}, "a, c") is None and look_up({"a": "1"}, "") is None


def test_only_what_hurts_somebody_is_refused() -> None:
    things = [thing for group in HURTING.values() for thing in group]
    for verb in (*HURTING, *KIND):
        for whom in (*SOMEBODY, *things):
            refused = SOLVE["safety"](f"{verb} {whom}") == REFUSAL
            assert refused == (verb in HURTING and whom in SOMEBODY), f"{verb} {whom}"
