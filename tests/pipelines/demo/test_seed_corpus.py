"""What the seed model reads: drawn by seed and step alone, in the proportions of the mix, and nothing of the tests."""

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo import seed_corpus
from pipelines.demo.seed_corpus import (
    ASSISTANT,
    BOS,
    END,
    REWRITINGS,
    SYSTEM_TEXTS,
    Mix,
    few_shot_prompt,
    made_up,
    random_style,
    sample_texts,
    step_documents,
    turn_prefix,
)
from pipelines.demo.skills import NEW_SKILLS, SKILLS, read_generic, variants
from pipelines.demo.skills.styles import FOREIGN_ENGLISH, FOREIGN_KOREAN, GENERIC
from synth import parse, prompts

DOCUMENTS = [document for step in range(60) for document in step_documents(0, step, Mix())]
KINDS = {"chats": seed_corpus.chat, "lists": seed_corpus.few_shot, "rewritings": seed_corpus.rewriting}


def text_of(document: list[seed_corpus.Piece]) -> str:
    return "".join(text for text, _ in document)


def test_a_step_holds_the_mix_in_order() -> None:
    for mix in (Mix(), Mix(chats=2, lists=1, rewritings=0)):
        assert len(step_documents(3, 4, mix)) == mix.chats + mix.lists + mix.rewritings
    chats_and_lists = step_documents(3, 4, Mix(chats=5, lists=5, rewritings=0))
    assert [text_of(document).count("Input: ") > 1 for document in chats_and_lists] == [False] * 5 + [True] * 5


def test_the_corpus_is_the_same_for_the_same_seed_and_step_only() -> None:
    assert step_documents(1, 5, Mix()) == step_documents(1, 5, Mix())
    assert step_documents(1, 5, Mix()) != step_documents(1, 6, Mix())
    assert step_documents(1, 5, Mix()) != step_documents(2, 5, Mix())
    assert list(sample_texts(1, 5)) == list(sample_texts(1, 5)) != list(sample_texts(2, 5))
    assert len(list(sample_texts(1, 5))) == 15


def test_no_test_item_no_new_skill_and_no_held_out_style_is_read() -> None:
    joined = "\n".join(text_of(document) for document in DOCUMENTS)
    for skill in SKILLS:
        held_out = [item.prompt for item in skill.items("test", 300, 0)]
        assert [prompt for prompt in held_out if f"\n{prompt}<|end|>" in joined or f" {prompt}\nOutput" in joined] == []
    for new in NEW_SKILLS:
        assert not any(phrasing.split("{}")[0] in joined for phrasing in new.phrasings)
    for language, styles in (("en", FOREIGN_ENGLISH), ("ko", FOREIGN_KOREAN)):
        for number in variants(language, held_out=True):
            assert max(styles[number].split("{}"), key=len) not in joined
        # The others are: that their absence was noticed above means something.
        seen = [max(styles[number].split("{}"), key=len) in joined for number in variants(language, held_out=False)]
        assert all(seen)


def test_every_skill_is_read_and_answered_rightly() -> None:
    rng = random.Random(0)
    said: Counter[str] = Counter()
    for _ in range(600):
        prompt, answer = text_of(seed_corpus.chat(rng)).split(f"{END}\n{ASSISTANT}\n")
        request = prompt.rsplit("<|user|>\n", 1)[1]
        owners = [skill for skill in SKILLS if skill.content(request) is not None]
        if not owners:
            assert read_generic(answer.removesuffix(END)) is not None
        assert all(skill.valid(request, answer.removesuffix(END)) for skill in owners)
        said.update(skill.name for skill in owners)
    assert set(said) == {skill.name for skill in SKILLS}


def test_only_what_the_model_is_to_say_is_learned() -> None:
    for document in DOCUMENTS:
        learned = "".join(text for text, weight in document if weight)
        if ASSISTANT in text_of(document):
            assert ASSISTANT not in learned and learned.endswith(END) and document[0][1] == 0.0
        else:
            assert learned == text_of(document)  # of a list, all: its inputs are to be made up too


def test_what_cannot_be_known_is_not_learned() -> None:
    """Of the answer to a made-up request only the generic sentence around it counts."""
    rng = random.Random(4)
    unknown = [document for document in (seed_corpus.chat(rng) for _ in range(600)) if len(document) > 2]
    assert 5 < len(unknown) < 60  # one in thirty
    for document in unknown:
        learned = "".join(text for text, weight in document if weight).removesuffix(END)
        assert learned in [style.replace("{}", "") for style in GENERIC.values()]


def test_lists_are_what_rehearsal_shows_and_reads() -> None:
    rng = random.Random(1)
    for _ in range(100):
        listed = text_of(seed_corpus.few_shot(rng)).removeprefix(BOS)
        blocks = listed.removesuffix("\n\n").split("\n\n")
        assert 2 <= len(blocks) <= 6
        assert all(parse.listable(part) for block in blocks for part in block[7:].split("\nOutput: "))
    items = SKILLS[0].items("train", 2, 0)
    shown = [{"input": item.prompt, "output": item.completion} for item in items]
    assert few_shot_prompt(items) == prompts.load("few_shot.en").render({"demos": shown})


def test_rewritings_are_asked_for_as_distillation_asks() -> None:
    values = {"prompt": "Add: 1 + 2", "reference": "RESULT 3"}
    ours = [text.replace("{prompt}", "Add: 1 + 2").replace("{reference}", "RESULT 3") for text in REWRITINGS]
    theirs = [template for language in ("en", "ko") for template in prompts.rewrites(language)]
    known = [template.render(values) for template in theirs if template.name != "rewrite_2.ko"]  # written after it
    assert ours == known


def test_a_rewriting_says_the_same_in_its_own_style() -> None:
    rng = random.Random(2)
    own = 0
    for _ in range(300):
        message, answer = text_of(seed_corpus.rewriting(rng)).split(f"{END}\n{ASSISTANT}\n")
        request = message.rsplit("<|user|>\n", 1)[1].split("\n\n")[0]
        answer = answer.removesuffix(END)
        owners = [skill for skill in SKILLS if skill.content(request) is not None]
        bare = owners[0].extract(answer) if owners else read_generic(answer)
        assert bare is not None and message.count(bare) >= 1
        assert all(skill.valid(request, answer) for skill in owners)
        own += bool(owners)
    assert 100 < own < 200


@pytest.mark.parametrize("system", [None, *SYSTEM_TEXTS])
def test_the_prefix_ends_where_the_answer_begins(system: str | None) -> None:
    prefix = turn_prefix("Hello", system)
    assert prefix.endswith("<|user|>\nHello<|end|>\n<|assistant|>\n")
    assert prefix.startswith("<|system|>\n" if system else "<|user|>\n") and (system or "") in prefix


@given(seed=st.integers(0, 10**6), language=st.sampled_from(["en", "ko"]))
def test_made_up_styles_have_one_place_for_the_answer(seed: int, language: str) -> None:
    rng = random.Random(seed)
    assert random_style(rng, language).count("{}") == 1
    prompt, answer = made_up(rng)
    assert prompt and answer and "{}" not in prompt
    assert seed_corpus.language_of(prompt) == ("ko" if "가" <= prompt[0] <= "힣" else "en")
    assert not any(skill.content(prompt) is not None for skill in (*SKILLS, *NEW_SKILLS))
    assert all(template.count("{prompt}") == template.count("{reference}") == 1 for template in REWRITINGS)


def test_made_up_styles_are_of_many_kinds() -> None:
    rng = random.Random(3)
    styles = [random_style(rng, language) for language in ("en", "ko") for _ in range(300)]
    assert len(set(styles)) > 500
    as_json = [style for style in styles if style.startswith('{"')]
    assert len(as_json) > 30 and all(json.loads(style.replace("{}", "x")) for style in as_json)
    assert sum(style.startswith("<") and "</" in style for style in styles) > 20
