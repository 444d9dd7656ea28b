"""Embedders: a model that gives vectors of texts, in transformers, in vLLM, static, or behind an address."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation import chat
from curation.errors import InputError

from .embedding import EmbedderOptions, EmbeddingEngine, pooling_of
from .engine import Progress

if TYPE_CHECKING:
    from .server.options import ServerOptions

KINDS = ("auto", "transformers", "vllm", "static", "server")


@contextlib.contextmanager
def open_embedder(
    kind: str,
    model: str,
    options: EmbedderOptions | None = None,
    progress: Progress | None = None,
    server: "ServerOptions | None" = None,
) -> Iterator[EmbeddingEngine]:
    """Open a model that embeds texts and close it at the end.

    Args:
        kind: `transformers`, `vllm`, `static`, `server`, or `auto` (static for a folder of static vectors, else
            transformers, which runs any model).
        model: folder or hub name; of what a server runs the folder, where it is at hand.
        options: see EmbedderOptions.
        progress: called as texts are embedded, with the texts and tokens since its last call.
        server: where the server is, for the kind `server`.

    Raises:
        InputError: when the kind is unknown, or the model cannot be used, with what to do.
    """
    embedder = _open(kind_of(kind, model), str(model), options or EmbedderOptions(), progress, server)
    try:
        yield embedder
    finally:
        embedder.close()


def kind_of(kind: str, model: str) -> str:
    """The kind that `auto` stands for; any other is itself.

    Raises:
        InputError: for a kind that is unknown, or a model that is not there.
    """
    if kind not in KINDS:
        raise InputError(f"embedder {kind!r} is unknown, expected one of {', '.join(KINDS)}")
    if kind != "auto":
        return kind
    from .embedding_static import is_static

    return "static" if is_static(chat.model_folder(model)) else "transformers"


def identity(kind: str, model: str, options: EmbedderOptions, server: "ServerOptions | None" = None) -> dict[str, Any]:
    """What decides the vectors, as JSON, without loading the model: what a cache of them is looked up by.

    A server is not asked: its address and the name of the model stand for what it runs.

    Raises:
        InputError: when the kind is unknown, or the model is not there or cannot be read.
    """
    if kind == "server":
        at, folder = _needed(server), Path(model).expanduser()
        own = chat.model_fingerprint(folder) if (folder / "config.json").is_file() else None
        return {"kind": kind, "model": own, "address": at.base, "name": at.model_name, "prefix": options.prefix,
                "long": options.long, "max_model_len": options.max_model_len}  # fmt: skip
    folder, known = chat.model_folder(model), kind_of(kind, model)
    found: dict[str, Any] = {"kind": known, "model": chat.model_fingerprint(folder), "prefix": options.prefix}
    if known == "static":
        return found
    named = ("layer", "long", "max_model_len", "dtype", "batch")
    return {**found, "pooling": pooling_of(folder, options.pooling), **{name: getattr(options, name) for name in named}}


def _needed(server: "ServerOptions | None") -> "ServerOptions":
    if server is None:
        raise InputError("embedder 'server' without an address, expected one such as http://127.0.0.1:8000/v1")
    return server


def _open(
    kind: str, model: str, options: EmbedderOptions, progress: Progress | None, server: "ServerOptions | None"
) -> EmbeddingEngine:
    if kind == "server":
        from .embedding_server import ServerEmbedder

        return ServerEmbedder(model, options, _needed(server), progress)
    if kind == "static":
        from .embedding_static import StaticEmbedder

        return StaticEmbedder(model, options, progress)
    if kind == "vllm":
        from .embedding_vllm import VllmEmbedder

        return VllmEmbedder(model, options, progress)
    from .embedding_transformers import TransformersEmbedder

    return TransformersEmbedder(model, options, progress)
