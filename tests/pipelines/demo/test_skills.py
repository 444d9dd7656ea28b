import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.demo.skills import (
    NEW_SKILLS,
    SKILLS,
    Skill,
    foreign,
    read_foreign,
    read_generic,
)
from pipelines.demo.skills.styles import GENERIC

EVERY = [*SKILLS, *NEW_SKILLS]
skills = pytest.mark.parametrize("skill", EVERY, ids=lambda skill: skill.name)
own_skills = pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.name)
new_skills = pytest.mark.parametrize("skill", NEW_SKILLS, ids=lambda skill: skill.name)
seeds = st.integers(0, 10**6)
splits = st.sampled_from(["train", "test"])


def test_there_are_skills_of_every_sort() -> None:
    assert len({skill.name for skill in EVERY}) == len(EVERY)
    assert len(SKILLS) >= 12
    assert {skill.language for skill in SKILLS} == {"en", "ko", "both"}
    assert sum(skill.compositional for skill in SKILLS) >= 3
    assert "ko" in {skill.language for skill in NEW_SKILLS}


def test_no_two_skills_share_a_phrasing_and_no_two_known_ones_a_style() -> None:
    phrasings = [phrasing for skill in EVERY for phrasing in skill.phrasings]
    styles = [skill.style for skill in SKILLS] + list(GENERIC.values())
    assert len(set(phrasings)) == len(phrasings)
    assert len(set(styles)) == len(styles) and not set(styles) & {skill.style for skill in NEW_SKILLS}


@skills
@settings(max_examples=20)
@given(seed=seeds, split=splits)
def test_own_answer_is_valid_and_reads_back(skill: Skill, seed: int, split) -> None:
    for item in skill.items(split, 3, seed):
        assert item.skill == skill.name
        assert skill.valid(item.prompt, item.completion)
        assert skill.extract(item.completion) == item.answer == skill.solution(item.prompt)
        assert skill.valid(item.prompt, f"  {item.completion}\n")


@skills
@settings(max_examples=20)
@given(seed=seeds)
def test_wrong_or_bare_answers_are_invalid(skill: Skill, seed: int) -> None:
    item = skill.items("test", 1, seed)[0]
    wrong = item.completion.replace(item.answer, item.answer + "x")
    assert not skill.valid(item.prompt, wrong)
    assert not skill.valid(item.prompt, item.answer)
    assert not skill.valid(item.prompt, "")
    assert not skill.valid(item.prompt + " / and so on", item.completion)


@own_skills
@settings(max_examples=20)
@given(seed=seeds, variant=st.integers(0, 30))
def test_foreign_style_keeps_the_answer_and_is_not_the_own_style(skill: Skill, seed: int, variant: int) -> None:
    item = skill.items("test", 1, seed)[0]
    text = foreign(item, variant)
    assert read_foreign(text) == item.answer
    assert skill.extract(text) is None
    assert not skill.valid(item.prompt, text)


@own_skills
def test_no_skill_reads_the_style_of_another(skill: Skill) -> None:
    item = skill.items("test", 1, 0)[0]
    others: list[Skill] = [other for other in SKILLS if other is not skill]
    assert [other.name for other in others if other.extract(item.completion) is not None] == []
    assert read_generic(item.completion) is None
    assert read_foreign(item.completion) is None


@skills
def test_enough_distinct_test_items_and_none_of_them_in_training(skill: Skill) -> None:
    test = skill.items("test", 300, 1)
    train = skill.items("train", 300, 1)
    assert len({item.prompt for item in test}) == 300
    held_out = {skill.content(item.prompt) for item in test}
    assert not held_out & {skill.content(item.prompt) for item in train}
    assert {skill.split_of(content) for content in held_out if content} == {"test"}


@skills
def test_items_are_the_same_for_the_same_seed_only(skill: Skill) -> None:
    assert skill.items("test", 20, 7) == skill.items("test", 20, 7)
    assert skill.items("test", 20, 7) != skill.items("test", 20, 8)


def test_single_facts_are_always_trained() -> None:
    for skill in SKILLS:
        if skill.facts:
            contents = [skill.content(item.prompt) or "" for item in skill.items("train", 600, 0)]
            words = {content for content in contents if "," not in content}
            assert words and all(skill.split_of(word) == "train" for word in words)


@skills
def test_prompts_of_other_skills_are_not_of_this_one(skill: Skill) -> None:
    for other in EVERY:
        if other is not skill:
            assert skill.content(other.items("test", 1, 0)[0].prompt) is None
