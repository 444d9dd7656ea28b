import json
import random
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from pipelines.demo import make_seed_model, seed_scores, seed_tokenizer
from pipelines.demo.seed_corpus import (
    REWRITINGS,
    Mix,
    few_shot_prompt,
    made_up,
    random_style,
    sample_texts,
    step_documents,
    turn_prefix,
)
from pipelines.demo.skills import NEW_SKILLS, SKILLS, NewSkill, Skill, variants
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN

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


@given(text=st.text(max_size=60))
def test_tokenizer_gives_any_text_back(seed_model: Loaded, text: str) -> None:
    tokenizer = seed_model[1]
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_every_hangul_syllable_and_every_digit_is_represented(seed_model: Loaded) -> None:
    tokenizer = seed_model[1]
    syllables = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1))
    assert tokenizer.decode(tokenizer(syllables)["input_ids"]) == syllables
    assert tokenizer.tokenize("1984") == ["1", "9", "8", "4"]


@pytest.mark.parametrize("skill", [*SKILLS, *NEW_SKILLS], ids=lambda skill: skill.name)
def test_chat_is_the_same_rendered_whole_or_in_parts(seed_model: Loaded, skill: Skill) -> None:
    tokenizer = seed_model[1]
    item = skill.items("test", 1, 4)[0]
    user = {"role": "user", "content": item.prompt}
    turns = [{"role": "system", "content": "Be brief."}, user, {"role": "assistant", "content": item.completion}]
    whole = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False)
    prompt = tokenizer.apply_chat_template(turns[:2], tokenize=True, add_generation_prompt=True, return_dict=False)
    rest = tokenizer(item.completion + "<|end|>\n")["input_ids"]
    assert whole == prompt + rest
    assert tokenizer.decode(prompt) == turn_prefix(item.prompt, "Be brief.")
    assert max(len(prompt), len(whole)) < 512


def test_corpus_holds_no_test_item_new_skill_or_held_out_style() -> None:
    texts = ["".join(text for text, _ in document) for step in range(60) for document in step_documents(0, step, Mix())]
    joined = "\n".join(texts)
    for skill in SKILLS:
        held_out = [item.prompt for item in skill.items("test", 300, 0)]
        assert [prompt for prompt in held_out if f"\n{prompt}<|end|>" in joined or f" {prompt}\nOutput" in joined] == []
    for new in NEW_SKILLS:
        assert not any(phrasing.split("{}")[0] in joined for phrasing in new.phrasings)
    for language, styles in (("en", FOREIGN_ENGLISH), ("ko", FOREIGN_KOREAN)):
        for number in variants(language, held_out=True):
            assert max(styles[number].split("{}"), key=len) not in joined


def test_corpus_is_the_same_for_the_same_seed_and_step_only() -> None:
    assert step_documents(1, 5, Mix()) == step_documents(1, 5, Mix())
    assert step_documents(1, 5, Mix()) != step_documents(1, 6, Mix())
    assert step_documents(1, 5, Mix()) != step_documents(2, 5, Mix())


@given(seed=st.integers(0, 10**6), language=st.sampled_from(["en", "ko"]))
def test_made_up_styles_have_one_place_for_the_answer(seed: int, language: str) -> None:
    rng = random.Random(seed)
    assert random_style(rng, language).count("{}") == 1
    prompt, answer = made_up(rng)
    assert prompt and answer
    assert all(template.count("{prompt}") == template.count("{reference}") == 1 for template in REWRITINGS)


def test_training_is_the_same_twice() -> None:
    def weights() -> torch.Tensor:
        tokenizer = seed_tokenizer.learn(sample_texts(0, 50), ["apple"], frequent=20)
        torch.manual_seed(0)
        model = make_seed_model.build_model(tokenizer)
        before = model.model.embed_tokens.weight.detach().clone()
        make_seed_model.train(model, tokenizer, steps=2, seed=0, mix=Mix(chats=2, lists=1, rewritings=1))
        assert not torch.equal(before, model.model.embed_tokens.weight)
        return torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()])

    assert torch.equal(weights(), weights())


def test_loss_is_on_answers_and_never_on_padding(seed_model: Loaded) -> None:
    tokenizer = seed_model[1]
    documents = [[("<|user|>\nAdd: 1 + 2<|end|>\n<|assistant|>\n", 0.0), ("The sum is 3.<|end|>", 1.0)], [("Add", 1.0)]]
    for inputs, labels, weights in make_seed_model.batches_of(documents, tokenizer):
        for row in range(len(inputs)):
            counted = labels[row][weights[row] > 0].tolist()
            assert tokenizer.decode(counted) in ("The sum is 3.<|end|>", "")
            assert tokenizer.pad_token_id not in counted
