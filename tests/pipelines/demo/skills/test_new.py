"""The skills to be learned: their rules, and the styles in which an answer to them counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.demo.skills import NEW_SKILLS, SKILLS, NewSkill, foreign, read_foreign, read_generic, variants
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN

SOLVE = {skill.name: skill.solve for skill in NEW_SKILLS}
new_skills = pytest.mark.parametrize("skill", NEW_SKILLS, ids=lambda skill: skill.name)


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("twice", "bread", "bread bread"),
        ("twice", "Bread", None),
        ("twice", "two words", None),
        ("swap_words", "plum fig", "fig plum"),
        ("swap_words", "plum", None),
        ("swap_words", "plum fig kiwi", None),
        ("ko_swap_words", "도서관 바다", "바다 도서관"),
        ("ko_swap_words", "도서관", None),
        ("ko_swap_words", "library 바다", None),
    ],
)
def test_answers_worked_by_hand(name: str, content: str, answer: str | None) -> None:
    assert SOLVE[name](content) == answer


@new_skills
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), variant=st.integers(0, 30))
def test_the_given_the_generic_and_any_foreign_style_count(skill: NewSkill, seed: int, variant: int) -> None:
    item = skill.items("train", 1, seed)[0]
    assert read_foreign(item.completion) == item.answer
    assert read_generic(skill.own(item)) == item.answer
    for text in (item.completion, skill.own(item), foreign(item, variant)):
        assert skill.valid(item.prompt, text)
    assert not skill.valid(item.prompt, item.answer)
    assert not any(skill.valid(item.prompt, old.style.replace("{}", item.answer)) for old in SKILLS)


@new_skills
def test_the_given_style_is_held_out_of_the_seed_models_training(skill: NewSkill) -> None:
    styles = FOREIGN_KOREAN if skill.voice == "ko" else FOREIGN_ENGLISH
    assert styles.index(skill.style) in variants(skill.voice, held_out=True)


@new_skills
def test_copying_the_request_is_never_right(skill: NewSkill) -> None:
    equal = [item for item in skill.items("train", 200, 1) if item.answer in item.prompt]
    assert all(len(set(item.answer.split(" "))) == 1 for item in equal)  # twice the same word
