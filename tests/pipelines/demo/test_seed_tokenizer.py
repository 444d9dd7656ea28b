"""The tokenizer: any text comes back, letters stay letters, and chats are rendered as the model reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from pipelines.demo import seed_tokenizer
from pipelines.demo.seed_corpus import ASSISTANT, BOS, END, PAD, SYSTEM, USER, turn_prefix
from pipelines.demo.skills import NEW_SKILLS, SKILLS, Skill


@given(text=st.text(max_size=60))
def test_any_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_every_hangul_syllable_comes_back(tokenizer: PreTrainedTokenizerFast) -> None:
    syllables = "".join(chr(code) for code in range(ord("가"), ord("힣") + 1))
    assert tokenizer.decode(tokenizer(syllables)["input_ids"]) == syllables


def test_digits_and_words_of_tasks_on_letters_stay_in_pieces(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("1984") == ["1", "9", "8", "4"]
    assert tokenizer.tokenize("lamp") == list("lamp")  # an open word: its letters are what tasks are about
    assert len(tokenizer.tokenize("거울")) >= 2  # at least its syllables
    assert tokenizer.tokenize("apple") == ["apple"] and len(tokenizer.tokenize("사과")) == 1  # facts, as they were told
    assert len(tokenizer.tokenize(" apple")) == 1


def test_frequent_words_become_tokens_and_rare_ones_do_not() -> None:
    learned = seed_tokenizer.learn(["common rare"] + ["common"] * 30, [], frequent=20)
    assert learned.tokenize("common") == ["common"]
    assert learned.tokenize("rare") == list("rare")
    assert learned.decode(learned("common 새로운 rare")["input_ids"]) == "common 새로운 rare"


def test_an_open_word_is_never_a_token_however_frequent() -> None:
    learned = seed_tokenizer.learn(["lamp Lamp LAMP 거울"] * 100, ["lamp"], frequent=20)
    for word in ("lamp", "Lamp", "LAMP"):
        assert learned.tokenize(word) == list(word)
        assert learned.tokenize(f"a {word}")[2:] == list(word)  # as it was read, after a space
    assert len(learned.tokenize("거울")) == 2


def test_learning_is_the_same_twice_whatever_the_order() -> None:
    texts = ["one common thing", "공통된 말", "another common thing"] * 30
    first = seed_tokenizer.learn(texts, ["apple", "pear"], frequent=20)
    again = seed_tokenizer.learn(reversed(texts), ["pear", "apple"], frequent=20)
    assert first.backend_tokenizer.to_str() == again.backend_tokenizer.to_str()


def test_marks_are_single_tokens_and_say_what_they_are(tokenizer: PreTrainedTokenizerFast) -> None:
    for mark in (PAD, BOS, END, USER, ASSISTANT, SYSTEM):
        assert len(tokenizer(f"a{mark}b")["input_ids"]) == 3
    assert (tokenizer.pad_token, tokenizer.bos_token, tokenizer.eos_token) == (PAD, BOS, END)
    assert tokenizer.model_max_length == seed_tokenizer.CONTEXT and tokenizer.padding_side == "left"


@pytest.mark.parametrize("skill", [*SKILLS, *NEW_SKILLS], ids=lambda skill: skill.name)
def test_a_chat_is_the_same_rendered_whole_or_in_parts(tokenizer: PreTrainedTokenizerFast, skill: Skill) -> None:
    item = skill.items("test", 1, 4)[0]
    user = {"role": "user", "content": item.prompt}
    turns = [{"role": "system", "content": "Be brief."}, user, {"role": "assistant", "content": item.completion}]
    whole = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False)
    prompt = tokenizer.apply_chat_template(turns[:2], tokenize=True, add_generation_prompt=True, return_dict=False)
    rest = tokenizer(item.completion + "<|end|>\n")["input_ids"]
    assert whole == prompt + rest
    assert tokenizer.decode(prompt) == turn_prefix(item.prompt, "Be brief.")
    assert max(len(prompt), len(whole)) < seed_tokenizer.CONTEXT
