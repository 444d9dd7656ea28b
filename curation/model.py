"""What a model is asked and what it answers. Types only: engines live in `synth.engines` and are passed in."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import re2

from .errors import InputError

Turn = dict[str, str]  # {"role": "user", "content": "..."}


@dataclass(frozen=True)
class Guide:
    """What an answer must look like, from its first character to its last; a prefill is not part of it.

    Exactly one of the three is set. An answer that was cut off at its most tokens (`length`) is only the start of one.

    Attributes:
        choice: one of these texts, exactly.
        regex: the whole answer matches this, in the syntax of RE2 (no look-around, no back-references).
        json_schema: JSON that obeys this schema (JSON text, draft 2020-12) and has no properties beyond it.

    Raises:
        InputError: when none or several are set, or the one that is cannot be read.
    """

    choice: tuple[str, ...] = ()
    regex: str | None = None
    json_schema: str | None = None

    def __post_init__(self) -> None:
        named = [name for name in ("choice", "regex", "json_schema") if getattr(self, name) not in ((), None)]
        if len(named) != 1:
            sets = " and ".join(named) or "nothing"
            raise InputError(f"guide sets {sets}, expected one of choice, regex, json_schema")
        found, kind = getattr(self, named[0]), tuple if named == ["choice"] else str
        if not isinstance(found, kind):
            expected = "a tuple of texts" if kind is tuple else "its text"
            raise InputError(f"guide {named[0]}: found {found!r:.200}, expected {expected}")
        if fault := _fault_of_guide(self.choice, self.regex, self.json_schema):
            raise InputError(f"guide {named[0]}: {fault}")

    def record(self) -> dict[str, Any]:
        """The one that is set, by its name, as plain JSON values."""
        if self.choice:
            return {"choice": list(self.choice)}
        return {"regex": self.regex} if self.regex is not None else {"json_schema": self.json_schema}


@dataclass(frozen=True)
class Sampling:
    """Every field that decides how tokens are drawn.

    `seed` is the seed of the run; an engine derives the seed of a request from it, the request's id and sample index,
    since an equal prompt with an equal seed gives equal text. Temperature 0 is greedy and ignores the seed. `guide` is
    what the answer must look like; an engine that cannot hold an answer to it refuses the request.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0  # 0: off
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    guide: Guide | None = None

    def record(self) -> dict[str, Any]:
        """Plain JSON values by field, for hashes and the generation column; without `guide` where there is none."""
        plain = {**vars(self), "stop": list(self.stop)}
        del plain["guide"]
        return plain if self.guide is None else {**plain, "guide": self.guide.record()}


@dataclass(frozen=True)
class Request:
    """One text wanted. `prompt` is a raw string, or a conversation that the engine renders by its chat template.

    `id` and `sample` together are unique in a call; responses are joined by them, never by position. `prefill` is the
    start of the answer, given to the model as if it had written it; the response's text is what follows it.
    """

    id: str
    prompt: str | tuple[tuple[str, str], ...]  # raw text, or turns of (role, content)
    sampling: Sampling
    sample: int = 0
    adapter: str | None = None  # folder of a LoRA adapter, none for the base model
    prefill: str = ""


@dataclass(frozen=True)
class Response:
    """What came back. `finish_reason` is `stop`, `length`, or `refused` with `error` saying why nothing was made."""

    id: str
    sample: int
    text: str
    token_ids: tuple[int, ...]
    finish_reason: str
    prompt_tokens: int
    error: str | None = None


@dataclass(frozen=True)
class ScoreRequest:
    """The log-probability wanted of `continuation` after `context` (both raw text, or context as turns).

    `prefill` is the start of the answer, between the two, and is not scored.
    """

    id: str
    context: str | tuple[tuple[str, str], ...]
    continuation: str
    prefill: str = ""


@dataclass(frozen=True)
class Score:
    """Log-probabilities in nats of each token of the continuation; `error` says why there are none."""

    id: str
    logprobs: tuple[float, ...]
    token_ids: tuple[int, ...]
    error: str | None = None

    @property
    def total(self) -> float:
        """Sum of the log-probabilities, nats."""
        return float(sum(self.logprobs))


@dataclass(frozen=True)
class Text:
    """A text to embed, by id."""

    id: str
    text: str


@dataclass(frozen=True)
class Vector:
    """An embedding: float32 of shape (dimensions,)."""

    id: str
    values: np.ndarray


class Generator(Protocol):
    """Makes text. Responses come in any order and are joined by request id and sample index."""

    name: str  # engine and version, for the generation column
    fingerprint: str  # of the model's weights, tokenizer and template

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request exactly once; an unanswerable one is a `refused` response, never an exception."""
        ...


class Scorer(Protocol):
    """Gives the log-probability of a given text."""

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Score every request exactly once; one that cannot be scored carries an error."""
        ...


class Embedder(Protocol):
    """Gives a vector for a text."""

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once."""
        ...


_QUIET = re2.Options()
_QUIET.log_errors = False  # they are raised, and need not stand in a program's output too


@lru_cache(maxsize=1024)  # a run makes one guide a request, of a few different ones
def _fault_of_guide(choice: tuple[str, ...], regex: str | None, json_schema: str | None) -> str | None:
    """Why a guide cannot be read, none where it can."""
    if regex is not None:
        return _fault_of_regex(regex)
    if json_schema is not None:
        return _fault_of_schema(json_schema)
    if not all(isinstance(one, str) and one for one in choice):
        return f"found {choice!r:.200}, expected a tuple of texts that are not empty"
    if len(set(choice)) < len(choice):
        return f"{next(one for one in choice if choice.count(one) > 1)!r:.200} is there twice, expected different texts"
    return _fault_of_text("".join(choice))


def _fault_of_regex(regex: str) -> str | None:
    if not regex or "\x00" in regex:
        return f"found {regex!r:.200}, expected a regular expression"
    if fault := _fault_of_text(regex):
        return fault
    try:
        re2.compile(regex, _QUIET)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else error
        return f"found {regex!r:.200} ({said}), expected a regular expression of RE2"
    return None


def _fault_of_schema(text: str) -> str | None:
    import jsonschema  # here, since its import takes longer than that of everything else here

    try:
        schema = json.loads(text)
        jsonschema.Draft202012Validator.check_schema(schema)
    except (ValueError, RecursionError) as error:
        return f"found {text!r:.200} ({error!s:.200}), expected the JSON text of a schema"
    except jsonschema.SchemaError as error:
        return f"at {error.json_path}: {error.message:.300}, expected a JSON schema of draft 2020-12"
    if not isinstance(schema, dict):
        return f"found {text!r:.200}, expected a JSON object"
    return _fault_of_text(text)


def _fault_of_text(text: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"found the lone surrogate U+{ord(text[error.start]):04X}, expected Unicode text"
    return None
