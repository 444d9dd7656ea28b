"""What the tests of synthesis share: engines that answer by a rule, rows, the seed model, and vLLM that runs it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from curation.model import Request, Response, Score, ScoreRequest

if TYPE_CHECKING:
    from synth.engines.cache import Cached

CHECKOUT = Path(__file__).resolve().parents[2]
SEED_MODEL = CHECKOUT / "pipelines" / "demo" / "seed_model"


@dataclass
class ByRule:
    """An engine whose answers a test writes down: what a ladder does with an answer must not hang on a model's mood.

    `rule` gives the text of a request, or text and finish reason; `backwards` gives the answers in reverse.
    """

    rule: Callable[[Request], str | tuple[str, str]]
    backwards: bool = False
    likelihood: Callable[[ScoreRequest], float] = lambda request: -1.0  # a token
    name: str = "by rule 1"
    fingerprint: str = "f" * 32
    asked: list[Request] = field(default_factory=list)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        every = list(requests)
        self.asked.extend(every)
        for request in reversed(every) if self.backwards else every:
            said = self.rule(request)
            text, finish = said if isinstance(said, tuple) else (said, "stop")
            error = "prompt of 9 tokens, limit 8" if finish == "refused" else None
            yield Response(request.id, request.sample, text, tuple(range(len(text.split()))), finish, 9, error)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for request in reversed(list(requests)):
            tokens = request.continuation.split()
            yield Score(request.id, tuple([self.likelihood(request)] * len(tokens)), tuple(range(len(tokens))))


@pytest.fixture(scope="session")
def by_rule() -> type[ByRule]:
    return ByRule


def turns(role: str, text: str | list[dict[str, str]]) -> list[dict[str, str]]:
    return text if isinstance(text, list) else [{"role": role, "content": text}]


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., pl.DataFrame]:
    """A frame of rows from dictionaries of prompt, completion and, where wanted, the other columns."""

    def make(records: list[dict[str, Any]], task: str = "task") -> pl.DataFrame:
        from synth.rows import ROWS

        full = [
            {
                "sample_id": f"{number:032x}",
                "task": task,
                "file": "rows.jsonl",
                "record": number,
                **record,
                "prompt": turns("user", record["prompt"]),
                "completion": turns("assistant", record["completion"]),
            }
            for number, record in enumerate(records)
        ]
        return pl.DataFrame(full, schema=ROWS)

    return make


@pytest.fixture(scope="session")
def seed_model() -> Path:
    """The seed model that ships with the project."""
    return SEED_MODEL


@pytest.fixture(scope="module")
def model(seed_model: Path) -> Path:
    """The model that `engine` runs; a module that teaches one of its own puts it in this place."""
    return seed_model


@pytest.fixture(scope="module")
def engine(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Cached"]:
    """vLLM with `model`, behind a cache, so that the same request is answered once for all tests of a module."""
    from synth.engines import open_engine
    from synth.engines.cache import Cached

    with open_engine("vllm", str(model)) as opened:
        cached = Cached(opened, tmp_path_factory.mktemp("cache") / "engine.sqlite")
        yield cached
        cached.close()
