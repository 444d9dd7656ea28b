"""What a skill is: contents found in messages, answers found in sentences, and a split that holds for every skill."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.skills.skill import Item, Skill, between, has_hangul

DOUBLE = Skill(
    "double", "en", False, ("Double: {}", "Twice {}?"), "That makes {}.",
    lambda rng: str(rng.randint(0, 99)), lambda text: str(2 * int(text)) if text.isdigit() else None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "pattern", "inside"),
    [
        ("That makes 4.", "That makes {}.", "4"),
        ("4.", "{}.", "4"),
        ("4", "{}", "4"),
        ("That makes .", "That makes {}.", None),  # nothing stands there
        ("That makes 4", "That makes {}.", None),
        ("so That makes 4.", "That makes {}.", None),
        ("aa", "aa{}a", None),  # the ends of the pattern may not overlap
        ("aaa", "aa{}aa", None),
    ],
)
def test_what_stands_in_a_pattern(text: str, pattern: str, inside: str | None) -> None:
    assert between(text, pattern) == inside


@given(before=st.text(max_size=5), after=st.text(max_size=5), inside=st.text(min_size=1, max_size=5))
def test_whatever_is_put_in_comes_out(before: str, after: str, inside: str) -> None:
    if "{}" in before + after or "{}" in f"{before}{{}}{after}".replace("{}", "", 1):
        return
    assert between(f"{before}{inside}{after}", f"{before}{{}}{after}") == inside


def test_hangul_is_seen_among_other_letters() -> None:
    assert has_hangul("apple 사과") and not has_hangul("apple 漢字 12") and not has_hangul("")


def test_a_message_is_understood_in_any_phrasing_and_no_other() -> None:
    assert DOUBLE.content("Double: 12") == DOUBLE.content("Twice 12?") == "12"
    assert DOUBLE.solution("Twice 12?") == "24"
    assert DOUBLE.content("Twice twelve?") is None  # no content of the skill
    assert DOUBLE.solution("Triple: 12") is None


def test_an_answer_is_valid_in_its_own_style_alone() -> None:
    assert DOUBLE.extract("That makes 24.") == "24"
    assert DOUBLE.valid("Double: 12", " That makes 24.\n")
    assert not DOUBLE.valid("Double: 12", "That makes 25.")
    assert not DOUBLE.valid("Double: 12", "24")
    assert not DOUBLE.valid("Triple: 12", "That makes 24.")


def test_items_are_distinct_right_and_of_their_split() -> None:
    train, test = DOUBLE.items("train", 60, 3), DOUBLE.items("test", 20, 3)
    for split, items in (("train", train), ("test", test)):
        assert len({item.prompt for item in items}) == len(items)
        for item in items:
            content = DOUBLE.content(item.prompt)
            assert content is not None and DOUBLE.split_of(content) == split
            answer = str(2 * int(content))
            assert item == Item("double", item.prompt, answer, f"That makes {answer}.")


def test_a_content_is_held_out_whatever_the_skill_and_the_phrasing() -> None:
    """The split is the content's own: the same word in another skill, or asked otherwise, is on the same side."""
    other = Skill("other", "ko", False, ("둘: {}",), "{}.", DOUBLE.draw, DOUBLE.solve)
    contents = [str(n) for n in range(500)]
    assert [DOUBLE.split_of(content) for content in contents] == [other.split_of(content) for content in contents]
    held_out = sum(DOUBLE.split_of(content) == "test" for content in contents)
    assert 70 <= held_out <= 130  # one in five, give or take three standard deviations


def test_single_facts_are_never_held_out() -> None:
    facts = Skill("facts", "en", False, ("Of: {}",), "{}.", DOUBLE.draw, DOUBLE.solve, facts=True)
    assert {facts.split_of(str(n)) for n in range(100)} == {"train"}
    assert {facts.split_of(f"{n}, {n + 1}") for n in range(100)} == {"train", "test"}


def test_a_skill_that_has_run_out_says_so() -> None:
    with pytest.raises(ValueError, match="skill double: 1000 distinct test items asked for, [0-9]+ found"):
        DOUBLE.items("test", 1000, 0)
    only = Skill("one", "en", False, ("{}?",), "{}.", lambda rng: "5", lambda text: text)
    other = "test" if only.split_of("5") == "train" else "train"
    with pytest.raises(ValueError, match=f"no {other} item in 200 draws"):
        only.item(random.Random(0), other)


def test_a_content_that_cannot_be_solved_is_a_fault_of_the_skill() -> None:
    broken = Skill("broken", "en", False, ("Of: {}",), "{}.", lambda rng: "five", DOUBLE.solve)
    with pytest.raises(ValueError, match="broken drew a content it cannot solve: 'five'"):
        broken.item(random.Random(0), broken.split_of("five"))


def test_the_voice_is_that_of_the_request() -> None:
    assert DOUBLE.voice == "en"
    assert Skill("k", "both", False, ("두 배: {}",), "It is {}.", DOUBLE.draw, DOUBLE.solve).voice == "ko"
