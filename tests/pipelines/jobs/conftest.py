"""What the tests of jobs share."""

import multiprocessing
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

# What takes seconds to import. Nothing that starts threads, which a copy of the process would not have.
IMPORTED = ["torch", "transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama", "sklearn"]


@pytest.fixture(scope="module")
def quick_children() -> Iterator[None]:
    """Children of jobs begin as copies of a process that has imported torch, rather than each with nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("pipelines.child", "pipelines.jobs.curate.asking"):
            patch.setattr(f"{module}.multiprocessing", SimpleNamespace(get_context=lambda _: context))
        yield
