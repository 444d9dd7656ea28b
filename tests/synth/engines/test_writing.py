"""An answer while it is written: what ends it, and what its text is."""

from collections.abc import Callable

import pytest
from transformers import PreTrainedTokenizerFast

from curation.model import Request, Response, Sampling
from synth.engines.requests import Prompt
from synth.engines.writing import Writing

END = 2


@pytest.fixture(scope="module")
def tokenizer(write_tokenizer: Callable[..., PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    return write_tokenizer()


def write(
    tokenizer: PreTrainedTokenizerFast, tokens: list[int], stop: tuple[str, ...] = (), longest: int = 50
) -> Response:
    asked = Request("r", "the", Sampling(max_tokens=longest, stop=stop), sample=3)
    writing = Writing(Prompt(asked, tuple(tokenizer("the")["input_ids"]), longest, None), tokenizer, frozenset({END}))
    for token in tokens:
        assert writing.finish_reason is None
        writing.add(token)
    return writing.response()


def ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_the_end_token_ends_and_is_not_text(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = [*ids(tokenizer, " cat"), END]
    assert write(tokenizer, tokens) == Response("r", 3, " cat", tuple(tokens), "stop", 2)


def test_an_end_token_as_the_last_token_allowed_is_an_end(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = [*ids(tokenizer, " cat"), END]
    assert write(tokenizer, tokens, longest=len(tokens)).finish_reason == "stop"


def test_the_longest_answer_is_cut(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = ids(tokenizer, " zqzq")
    assert write(tokenizer, tokens, longest=len(tokens)).finish_reason == "length"


def test_a_stop_string_may_lie_across_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = ids(tokenizer, " zq\n\nzq")
    first = len(ids(tokenizer, " zq\n\nz"))
    response = write(tokenizer, tokens[:first], stop=("\nz", "never"))
    assert (response.text, response.finish_reason, len(response.token_ids)) == (" zq\n", "stop", first)


def test_of_two_stop_strings_the_first_complete_one_cuts(tokenizer: PreTrainedTokenizerFast) -> None:
    response = write(tokenizer, ids(tokenizer, "the"), stop=("he", "the"))
    assert response.text in {"t", ""}
    assert response.finish_reason == "stop"


@pytest.mark.parametrize("stop", [(), ("하늘나라",)])
def test_half_a_character_is_not_text(tokenizer: PreTrainedTokenizerFast, stop: tuple[str, ...]) -> None:
    tokens = ids(tokenizer, "쀍쀍")
    assert len(tokens) == 6
    assert write(tokenizer, tokens, stop).text == "쀍쀍"
    assert write(tokenizer, tokens[:5], stop).text == "쀍"
