"""Engines: a model that answers requests and scores texts: in vLLM, in transformers or behind an address."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import InputError

from .engine import Engine, Progress
from .options import EngineOptions

if TYPE_CHECKING:
    from .cache import Cached
    from .server.options import ServerOptions
    from .transformers import Addition

KINDS = ("auto", "vllm", "transformers", "server")
__all__ = ["KINDS", "Engine", "EngineOptions", "Progress", "cached", "kind_of", "open_engine"]


@contextlib.contextmanager
def open_engine(
    kind: str,
    model: str,
    options: EngineOptions | None = None,
    progress: Progress | None = None,
    server: "ServerOptions | None" = None,
    addition: "Addition | None" = None,
) -> Iterator[Engine]:
    """Open a model and close it at the end.

    Args:
        kind: `vllm`, `transformers`, `server`, or `auto` (vLLM where it is installed).
        model: folder or hub name; of a server's model the folder, where it is at hand.
        options: see EngineOptions.
        progress: called as requests are answered, with the requests and tokens since its last call.
        server: where the server is, for the kind `server` alone.
        addition: put onto the model, for the kind `transformers` alone.

    Raises:
        InputError: when the kind is unknown, or the model cannot be used, with what to do.
    """
    engine = opened(kind, str(model), options or EngineOptions(), progress, server, addition)
    try:
        yield engine
    finally:
        engine.close()


def cached(engine: Engine, path: Path, chunk: int | None = None, progress: Progress | None = None) -> "Cached":
    """An engine behind a cache file, as its kind needs it; see `cache.Cached`.

    Args:
        engine: makes what is missing.
        path: SQLite file.
        chunk: requests of one call and one commit, of several copies those of each; the engine's own unless given.
        progress: as in `open_engine`.

    Raises:
        InputError: when the file is no such cache, or is damaged.
    """
    from .cache import Cached
    from .copies import Copies
    from .server import Kept, ServerEngine

    if chunk is None:
        chunk = engine.chunk
    elif isinstance(engine, Copies):
        chunk *= engine.options.data_parallel_size
    if isinstance(engine, ServerEngine):
        return Kept(engine, path, chunk, progress)
    return Cached(engine, path, chunk, progress)


def kind_of(kind: str) -> str:
    """The kind of engine that `auto` stands for here; every other is itself."""
    from . import vllm_process

    if kind != "auto":
        return kind
    return "vllm" if vllm_process.installed() else "transformers"


def opened(
    kind: str,
    model: str,
    options: EngineOptions,
    progress: Progress | None = None,
    server: "ServerOptions | None" = None,
    addition: "Addition | None" = None,
) -> Engine:
    """An engine that its caller closes; see `open_engine`."""
    if kind not in KINDS:
        raise InputError(f"engine {kind!r} is unknown, expected one of {', '.join(KINDS)}")
    if (kind == "server") != (server is not None):
        raise InputError(f"engine {kind!r} with{'' if server else 'out'} engine.url, expected it for `server` alone")
    if addition is not None and kind != "transformers":
        raise InputError(f"{model}: with something put onto it, found the engine {kind!r}, expected 'transformers'")
    if server is not None:
        from .server import ServerEngine

        return ServerEngine(model, options, server, progress)
    kind = kind_of(kind)
    if options.data_parallel_size > 1:
        if addition is not None:
            raise InputError(f"{model}: with something put onto it, found data_parallel_size "
                             f"{options.data_parallel_size}, expected 1")  # fmt: skip
        from .copies import Copies

        return Copies(kind, model, options, progress)
    if kind == "vllm":
        from .vllm import VllmEngine

        return VllmEngine(model, options, progress)
    from .transformers import TransformersEngine

    return TransformersEngine(model, options, progress, addition)
