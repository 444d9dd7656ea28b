"""What the tests of jobs share."""

from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def quick_children(copies: ForkServerContext) -> Iterator[None]:
    """Children of jobs begin as copies of a process that has imported torch, rather than each with nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("pipelines.child", "pipelines.jobs.curate.asking"):
            patch.setattr(f"{module}.multiprocessing", SimpleNamespace(get_context=lambda _: copies))
        yield
