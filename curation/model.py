"""What a model is asked and what it answers. Types only: engines live in `synth.engines` and are passed in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Turn = dict[str, str]  # {"role": "user", "content": "..."}


@dataclass(frozen=True)
class Sampling:
    """Every field that decides how tokens are drawn.

    `seed` is the seed of the run; an engine derives the seed of a request from it, the request's id and sample index,
    since an equal prompt with an equal seed gives equal text. Temperature 0 is greedy and ignores the seed.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0  # 0: off
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Request:
    """One text wanted. `prompt` is a raw string, or a conversation that the engine renders by its chat template.

    `id` and `sample` together are unique in a call; responses are joined by them, never by position.
    """

    id: str
    prompt: str | tuple[tuple[str, str], ...]  # raw text, or turns of (role, content)
    sampling: Sampling
    sample: int = 0
    adapter: str | None = None  # folder of a LoRA adapter, none for the base model


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
    """The log-probability wanted of `continuation` after `context` (both raw text, or context as turns)."""

    id: str
    context: str | tuple[tuple[str, str], ...]
    continuation: str


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
