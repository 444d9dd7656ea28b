"""Tasks and drafts as they are after the base model answered, written down."""

from collections.abc import Callable, Sequence

import pytest

from curation.model import Request, Response, Sampling
from synth.drop import Drop
from synth.rehearse.demos import Demo, Task
from synth.rehearse.draft import Draft

SAMPLING = Sampling(32, 0.9, 0.6)


def task(demos: Sequence[tuple[str, str]], name: str = "task", system: str | None = None, language: str = "en") -> Task:
    """A task of these demonstrations (input, output)."""
    shown = tuple(Demo(f"{number:032x}", *pair) for number, pair in enumerate(demos))
    return Task(name, system, shown, (), 0, 0, language)


def draft(of: Task, number: int, input: str, output: str = "made up", drop: Drop | None = None) -> Draft:
    """The draft number `number` of a task, as if the base model had made up this instance."""
    request = Request(f"{of.name}-{number:04d}", "a list", SAMPLING)
    response = Response(request.id, 0, f" {input}\nOutput: {output}", tuple(range(5)), "stop", 7)
    return Draft(of.name, (of.demos[0], of.demos[1]), request, response, input, output, drop=drop)


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Task]:
    return task


@pytest.fixture(scope="session")
def make_draft() -> Callable[..., Draft]:
    return draft
