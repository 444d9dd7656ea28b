"""Embedders: a model that gives vectors of texts, in transformers, in vLLM, or as static vectors of tokens."""

import contextlib
from collections.abc import Iterator
from typing import Any

from curation import chat
from curation.errors import InputError

from .embedding import EmbedderOptions, EmbeddingEngine, pooling_of
from .engine import Progress

KINDS = ("auto", "transformers", "vllm", "static")


@contextlib.contextmanager
def open_embedder(
    kind: str, model: str, options: EmbedderOptions | None = None, progress: Progress | None = None
) -> Iterator[EmbeddingEngine]:
    """Open a model that embeds texts and close it at the end.

    Args:
        kind: `transformers`, `vllm`, `static`, or `auto` (static for a folder of static vectors, else transformers,
            which runs any model).
        model: folder or hub name.
        options: see EmbedderOptions.
        progress: called as texts are embedded, with the texts and tokens since its last call.

    Raises:
        InputError: when the kind is unknown, or the model cannot be used, with what to do.
    """
    embedder = _open(kind_of(kind, model), str(model), options or EmbedderOptions(), progress)
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


def identity(kind: str, model: str, options: EmbedderOptions) -> dict[str, Any]:
    """What decides the vectors, as JSON, without loading the model: what a cache of them is looked up by.

    Raises:
        InputError: when the kind is unknown, or the model is not there or cannot be read.
    """
    folder, known = chat.model_folder(model), kind_of(kind, model)
    found: dict[str, Any] = {"kind": known, "model": chat.model_fingerprint(folder), "prefix": options.prefix}
    if known == "static":
        return found
    named = ("layer", "long", "max_model_len", "dtype", "batch")
    return {**found, "pooling": pooling_of(folder, options.pooling), **{name: getattr(options, name) for name in named}}


def _open(kind: str, model: str, options: EmbedderOptions, progress: Progress | None) -> EmbeddingEngine:
    if kind == "static":
        from .embedding_static import StaticEmbedder

        return StaticEmbedder(model, options, progress)
    if kind == "vllm":
        from .embedding_vllm import VllmEmbedder

        return VllmEmbedder(model, options, progress)
    from .embedding_transformers import TransformersEmbedder

    return TransformersEmbedder(model, options, progress)
