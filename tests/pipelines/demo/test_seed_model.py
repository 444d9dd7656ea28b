"""The seed model that ships: as small, as able and as described as its card says."""

import json
from pathlib import Path

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from pipelines.demo import make_seed_model, seed_scores
from pipelines.demo.seed_corpus import few_shot_prompt
from pipelines.demo.skills import NEW_SKILLS, SKILLS, NewSkill, Skill

FOLDER = Path(make_seed_model.__file__).parent / "seed_model"
SCORES = json.loads((FOLDER / "scores.json").read_text())
CLAIMED = [skill for skill in SKILLS if skill.name in seed_scores.claimed(SCORES)]
ITEMS, BAR = 30, 0.9

claimed_skills = pytest.mark.parametrize("skill", CLAIMED, ids=lambda skill: skill.name)

Loaded = tuple[PreTrainedModel, PreTrainedTokenizerFast]


@pytest.fixture(scope="module")
def seed_model() -> Loaded:
    return seed_scores.load(FOLDER)


def test_twelve_skills_are_claimed_of_every_sort() -> None:
    assert len(CLAIMED) >= 12
    assert {skill.language for skill in CLAIMED} == {"en", "ko", "both"}
    assert sum(skill.compositional for skill in CLAIMED) >= 3
    assert "safety" in {skill.name for skill in CLAIMED}


def test_model_is_small_and_of_the_layout_engines_take(seed_model: Loaded) -> None:
    model, tokenizer = seed_model
    assert (FOLDER / "model.safetensors").stat().st_size <= 8 * 2**20
    assert model.config.architectures == ["LlamaForCausalLM"]
    assert model.config.head_dim == 32
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.max_position_embeddings == tokenizer.model_max_length == 512
    assert model.generation_config is not None
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert len({tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id}) == 3


def test_card_shows_the_measured_scores() -> None:
    assert seed_scores.card_table(SCORES) in (FOLDER / "README.md").read_text()


@claimed_skills
def test_answers_unseen_items_in_its_own_style(seed_model: Loaded, skill: Skill) -> None:
    items = skill.items("test", ITEMS, 1)
    answers = seed_scores.replies(*seed_model, [item.prompt for item in items])
    right = sum(skill.valid(item.prompt, answer) for item, answer in zip(items, answers, strict=True))
    assert right >= BAR * ITEMS


@claimed_skills
def test_continues_a_list_with_a_new_instance(seed_model: Loaded, skill: Skill) -> None:
    shots = skill.items("train", 3, 1)
    texts = seed_scores.continuations(*seed_model, [few_shot_prompt(shots)] * ITEMS, seed=1)
    instances = [seed_scores.read_instance(text) for text in texts]
    inputs = [pair[0] for pair in instances if pair is not None and skill.content(pair[0]) is not None]
    new = [prompt for prompt in inputs if prompt not in {item.prompt for item in shots}]
    assert len(new) >= BAR * ITEMS
    assert len(set(new)) >= ITEMS / 2


@claimed_skills
def test_rewrites_foreign_references_in_its_own_style(seed_model: Loaded, skill: Skill) -> None:
    items = skill.items("test", ITEMS, 2)
    messages = [seed_scores.reference_message(item, number) for number, item in enumerate(items)]
    texts = seed_scores.replies(*seed_model, messages)
    right = sum(skill.valid(item.prompt, text) for item, text in zip(items, texts, strict=True))
    assert right >= BAR * ITEMS


@pytest.mark.parametrize("skill", NEW_SKILLS, ids=lambda skill: skill.name)
def test_rewrites_answers_of_skills_it_does_not_know(seed_model: Loaded, skill: NewSkill) -> None:
    scores = seed_scores.new_skill_scores(*seed_model, skill, ITEMS, seed=3)
    assert scores.rewritten >= 0.8
    assert scores.answered < 0.5
