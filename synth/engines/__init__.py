"""Engines: a model that answers requests and scores texts, in vLLM or in transformers, behind one protocol."""

import contextlib
from collections.abc import Iterator

from curation.errors import InputError

from .engine import Engine, Progress
from .options import EngineOptions

KINDS = ("auto", "vllm", "transformers")
__all__ = ["KINDS", "Engine", "EngineOptions", "Progress", "open_engine"]


@contextlib.contextmanager
def open_engine(
    kind: str, model: str, options: EngineOptions | None = None, progress: Progress | None = None
) -> Iterator[Engine]:
    """Open a model and close it at the end.

    Args:
        kind: `vllm`, `transformers`, or `auto` (vLLM where it is installed).
        model: folder or hub name.
        options: see EngineOptions.
        progress: called as requests are answered, with the requests and tokens since its last call.

    Raises:
        InputError: when the kind is unknown, or the model cannot be used, with what to do.
    """
    engine = _open(kind, str(model), options or EngineOptions(), progress)
    try:
        yield engine
    finally:
        engine.close()


def _open(kind: str, model: str, options: EngineOptions, progress: Progress | None) -> Engine:
    if kind not in KINDS:
        raise InputError(f"engine {kind!r} is unknown, expected one of {', '.join(KINDS)}")
    from . import vllm

    if kind == "vllm" or (kind == "auto" and vllm.installed()):
        return vllm.VllmEngine(model, options, progress)
    from .transformers import TransformersEngine

    return TransformersEngine(model, options, progress)
