"""Replies with tokens, log-probabilities and vectors: what is read of them, and what is not believed."""

import copy
import math
from typing import Any

import numpy as np
import pytest

from curation.model import Request, Response, Sampling, Score, ScoreRequest
from synth.engines.requests import Passage, Prompt
from synth.engines.server import replies
from synth.engines.server.failures import Failure

PROMPT = Prompt(Request("r", "the cat", Sampling(3), sample=2), (1, 5, 6), 3, None)
PASSAGE = Passage(ScoreRequest("s", "the", " cat"), (1, 5, 6), 1)
ANSWER = {
    "choices": [{"text": "sat", "finish_reason": "stop", "token_ids": [7, 2], "prompt_token_ids": [1, 5, 6]}],
    "usage": {"prompt_tokens": 3},
}
SCORES = {
    "choices": [{
        "prompt_token_ids": [1, 5, 6],
        "prompt_logprobs": [None, {"5": {"logprob": -0.5}, "9": {"logprob": -0.1}}, {"6": {"logprob": -9999.0}}],
    }],
}  # fmt: skip
VECTORS = {"data": [{"index": 1, "embedding": [0, 2.0]}, {"index": 0, "embedding": [3.0, 4]}]}


def changed(reply: dict[str, Any], **fields: Any) -> dict[str, Any]:
    other = copy.deepcopy(reply)
    other["choices"][0].update(fields)
    return other


def test_an_answer_in_tokens() -> None:
    assert replies.answer(ANSWER, PROMPT, True) == Response("r", 2, "sat", (7, 2), "stop", 3)


@pytest.mark.parametrize(
    "fields",
    [{"prompt_token_ids": [1, 5, 7]}, {"prompt_token_ids": None}, {"token_ids": None}, {"token_ids": []},
     {"token_ids": [7, "2"]}, {"token_ids": [7, True]}, {"token_ids": [1 << 32]}, {"token_ids": [7, 7, 7, 2]},
     {"token_ids": {"0": 7}}, {"text": None}, {"text": "\udc00"}, {"finish_reason": None}],
)  # fmt: skip
def test_an_answer_to_other_tokens_or_of_no_tokens_is_a_failure(fields: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="^a reply "):
        replies.answer(changed(ANSWER, **fields), PROMPT, True)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -4}, {"prompt_tokens": "3"}, {"prompt_tokens": True}])
def test_what_a_server_does_not_count_is_zero(usage: Any) -> None:
    reply = {"choices": [{"message": {"content": "sat"}, "finish_reason": "length"}], "usage": usage}
    assert replies.answer(reply, PROMPT, False) == Response("r", 2, "sat", (), "length", 0)


def test_scores_are_those_of_the_continuation() -> None:
    assert replies.score(SCORES, PASSAGE) == Score("s", (-0.5, -math.inf), (5, 6))


@pytest.mark.parametrize(
    "fields",
    [{"prompt_token_ids": [5, 6]}, {"prompt_logprobs": None}, {"prompt_logprobs": [None, {"5": {"logprob": -1}}]},
     {"prompt_logprobs": [None, {"5": {"logprob": None}}, {"6": {"logprob": -1}}]},
     {"prompt_logprobs": [None, {"4": {"logprob": -1}}, {"6": {"logprob": -1}}]},
     {"prompt_logprobs": [None, {"5": {"logprob": float("inf")}}, {"6": {"logprob": -1}}]},
     {"prompt_logprobs": [None, [1], {"6": -1}]}],
)  # fmt: skip
def test_a_score_of_other_tokens_or_without_numbers_is_a_failure(fields: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="^a reply "):
        replies.score(changed(SCORES, **fields), PASSAGE)


def test_vectors_are_joined_by_their_index() -> None:
    found = replies.vectors(VECTORS, 2)
    assert [one.tolist() for one in found] == [[3, 4], [0, 2]] and found[0].dtype == np.float32


@pytest.mark.parametrize(
    "data",
    [None, [], VECTORS["data"][:1], [*VECTORS["data"], VECTORS["data"][0]], [VECTORS["data"][0]] * 2,
     [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
     [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
     [{"index": 0, "embedding": ["1"]}, {"index": 1, "embedding": [1.0]}],
     [{"index": 0, "embedding": [1e200]}, {"index": 1, "embedding": [1.0]}],
     [{"index": 0, "embedding": [10**400]}, {"index": 1, "embedding": [1.0]}], [1, 2]],
)  # fmt: skip
def test_vectors_that_are_not_one_a_text_are_a_failure(data: Any) -> None:
    with pytest.raises(Failure, match="^a reply "):
        replies.vectors({"data": data}, 2)
