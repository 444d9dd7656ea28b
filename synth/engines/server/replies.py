"""What comes back: checked field by field, since a server can send anything."""

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from curation.model import Response, Score

from ..requests import Passage, Prompt
from .bodies import is_unicode
from .failures import Failure, Refusal

_ENDS = {"stop": "stop", "eos": "stop", "eos_token": "stop", "stop_sequence": "stop", "length": "length"}
_LOWEST = -9999.0  # what vLLM's server writes for minus infinity, which JSON has not


def answer(reply: dict[str, Any], prompt: Prompt, tokens: bool) -> Response:
    """The response in a reply to a request for text.

    Token ids are empty, and tokens of the prompt 0, where a server other than vLLM's does not tell them.

    Args:
        reply: JSON object.
        prompt: what was sent.
        tokens: whether it was sent as tokens: then the reply must be about these, and tell those of the answer.

    Raises:
        Failure: for a reply that is not of the form expected.
        Refusal: when the server ended the answer for a reason of its own.
    """
    choice = _only_choice(reply)
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    finish = choice.get("finish_reason")
    if finish is not None and finish not in _ENDS:
        raise Refusal(f"the server ended the answer with {finish!r:.80}, expected stop or length")
    if not isinstance(text, str) or finish is None:
        raise Failure(f"a reply whose text is a {type(text).__name__} and whose finish reason is {finish!r:.80}")
    if not is_unicode(text):
        raise Failure("a reply whose text holds half of a UTF-16 pair")
    usage = reply.get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    made = choice.get("token_ids")
    if tokens:
        _check_prompt(choice, prompt.token_ids)
        count = len(prompt.token_ids)
        if not made or not _are_tokens(made):
            raise Failure(f"a reply without the tokens of its answer, found {made!r:.80}")
    if made is not None and (not _are_tokens(made) or len(made) > prompt.max_tokens):
        raise Failure(f"a reply whose tokens are not at most {prompt.max_tokens} ids, found {made!r:.80}")
    request = prompt.request
    return Response(request.id, request.sample, text, tuple(made or ()), _ENDS[finish], count if _is_id(count) else 0)


def score(reply: dict[str, Any], passage: Passage) -> Score:
    """The log-probabilities, nats, in a reply to a request for those of a passage.

    Raises:
        Failure: for a reply that is about other tokens, or has no number for one.
    """
    choice = _only_choice(reply)
    _check_prompt(choice, passage.token_ids)
    rows = choice.get("prompt_logprobs")
    if not isinstance(rows, list) or len(rows) != len(passage.token_ids):
        raise Failure(f"a reply without a log-probability for each of {len(passage.token_ids)} tokens")
    tokens = passage.token_ids[passage.start :]
    values = tuple(_logprob(row, token) for row, token in zip(rows[passage.start :], tokens, strict=True))
    return Score(passage.request.id, values, tokens)


def vectors(reply: dict[str, Any], count: int) -> list[np.ndarray]:
    """Vectors, float32 of shape (dimensions,), in the order of the texts: joined by the index that each one carries.

    Raises:
        Failure: for a reply without exactly one vector of finite numbers a text, all of one size.
    """
    data = reply.get("data")
    rows = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    found = {one["index"]: one.get("embedding") for one in rows if _is_id(one.get("index"))}
    if len(rows) != count or sorted(found) != list(range(count)):
        raise Failure(f"a reply with {len(rows)} vectors, expected one for each of {count} texts")
    made = []
    for place in range(count):
        values = found[place]
        if not isinstance(values, list) or not values or not all(_is_number(one) for one in values):
            raise Failure(f"a reply whose vector {place} is not a list of numbers")
        made.append(np.array(values, np.float64))
    if len({one.size for one in made}) != 1 or any((abs(one) > np.finfo(np.float32).max).any() for one in made):
        raise Failure("a reply with vectors of several sizes, or numbers that are too large")
    return [one.astype(np.float32) for one in made]


def _only_choice(reply: dict[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise Failure(f"a reply without exactly one choice, found {choices!r:.80}")
    return choices[0]


def _check_prompt(choice: dict[str, Any], sent: Sequence[int]) -> None:
    if choice.get("prompt_token_ids") != list(sent):
        raise Failure("a reply to other tokens than those that were sent")


def _logprob(row: Any, token: int) -> float:
    cell = row.get(str(token)) if isinstance(row, dict) else None
    value = cell.get("logprob") if isinstance(cell, dict) else None
    if not _is_number(value):
        raise Failure(f"a reply without the log-probability of token {token}")
    return -math.inf if value <= _LOWEST else float(value)


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and all(_is_id(one) for one in value)


def _is_id(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def _is_number(value: Any) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 and not math.isnan(value)
