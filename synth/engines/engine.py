"""What an engine is inside this package: a generator and scorer that can also prepare and answer one chunk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

from .requests import Passage, Prompt

Progress = Callable[[int, int], None]  # (requests answered since the last call, tokens generated since the last call)
T = TypeVar("T")


class Unfinished(InputError):
    """A chunk that had to stop, with what was answered of it until then.

    Attributes:
        made: answers or scores by their place in the chunk.
    """

    def __init__(self, reason: str, made: Mapping[int, Any]) -> None:
        super().__init__(reason)
        self.made = made


class Engine(Protocol):
    """A model that is open. One chunk is one call of `answer` or `measure`, on an empty prefix cache."""

    name: str  # engine and version
    fingerprint: str  # of the model
    setting: str  # number type and device, which decide the last bits of what comes out
    asking: str  # fingerprint of all else that decides how a request is sent: limits, code, versions of libraries
    chunk: int  # requests of one call

    def prompt(self, request: Request) -> Prompt:
        """A request as it will be sent."""
        ...

    def passage(self, request: ScoreRequest) -> Passage:
        """A text to score as it will be sent."""
        ...

    def answer(self, prompts: Sequence[Prompt], progress: Progress | None = None) -> list[Response]:
        """One response a prompt, in order; none of the prompts is refused."""
        ...

    def measure(self, passages: Sequence[Passage], progress: Progress | None = None) -> list[Score]:
        """One score a passage, in order; none of the passages is refused."""
        ...

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Answer every request exactly once, in order."""
        ...

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        """Score every request exactly once, in order."""
        ...

    def close(self) -> None:
        """Give the model's memory back; closing twice does nothing."""
        ...


def windows(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a sequence into lists of `size`, the last one shorter: by position alone, so always at the same places."""
    source = iter(items)
    while window := list(islice(source, size)):
        yield window


def generate(engine: Engine, requests: Iterable[Request], progress: Progress | None = None) -> Iterator[Response]:
    """Answer requests chunk by chunk without a cache."""
    for window in windows(requests, engine.chunk):
        prompts = [engine.prompt(request) for request in window]
        answers = iter(engine.answer([prompt for prompt in prompts if prompt.refusal is None], progress))
        for prompt in prompts:
            yield next(answers) if prompt.refusal is None else prompt.refused()


def score(engine: Engine, requests: Iterable[ScoreRequest], progress: Progress | None = None) -> Iterator[Score]:
    """Score requests chunk by chunk without a cache."""
    for window in windows(requests, engine.chunk):
        passages = [engine.passage(request) for request in window]
        scores = iter(engine.measure([passage for passage in passages if passage.refusal is None], progress))
        for passage in passages:
            yield next(scores) if passage.refusal is None else passage.refused()
