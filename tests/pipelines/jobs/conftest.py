"""What the tests of jobs share."""

from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curation.model import Request, Response


class Answering:
    """An engine behind a cache, as jobs open it, whose answers a test writes down."""

    def __init__(self, rule: Callable[[Request], str], name: str = "answering 1") -> None:
        self.rule, self.name, self.fingerprint = rule, name, name[:1] * 32
        self.asked: list[Request] = []
        self.hits = 0

    @property
    def generated(self) -> int:
        return len(self.asked)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request in requests:
            self.asked.append(request)
            text = self.rule(request)
            yield Response(request.id, request.sample, text, tuple(range(len(text.split()))), "stop", 9)


@pytest.fixture(scope="session")
def answering() -> type[Answering]:
    return Answering


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What a step of a job is known by: its configuration and the digests of what it reads."""

    def key(job: Any, carry_out: Callable[..., Any], settings: Any) -> Any:
        monkeypatch.setattr(job, "answering_model", lambda *_: ("m", "digest of the model"))
        monkeypatch.setattr(job, "sampled", lambda run, step, name, config, inputs, *_: [name, config, inputs])
        return carry_out(SimpleNamespace(folder=tmp_path, seed=1), "step", settings, {})

    return key


@pytest.fixture(scope="module")
def quick_children(copies: ForkServerContext) -> Iterator[None]:
    """Children of jobs begin as copies of a process that has imported torch, rather than each with nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("pipelines.child", "pipelines.jobs.curate.asking"):
            patch.setattr(f"{module}.multiprocessing", SimpleNamespace(get_context=lambda _: copies))
        yield
