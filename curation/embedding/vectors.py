"""Vectors as numbers and as a side table: length one, centred, from any embedder, in the order of their documents."""

import numpy as np
import polars as pl

from ..model import Embedder, Text

_SHORTEST = 1e-6  # shorter vectors have no direction to speak of


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors at length one, float32 (n, dimensions); those shorter than a millionth become zero."""
    wide = vectors.astype(np.float64)
    norms = np.sqrt((wide**2).sum(axis=1, keepdims=True))
    return np.divide(wide, norms, out=np.zeros(wide.shape), where=norms > _SHORTEST).astype(np.float32)


def centre(vectors: np.ndarray) -> np.ndarray:
    """Mean of the vectors that are not zero, float32 (dimensions,): the middle of a sample, for `centred`."""
    present = vectors[vectors.any(axis=1)].astype(np.float64)
    return (present.sum(axis=0) / max(1, len(present))).astype(np.float32)


def centred(vectors: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Vectors less the middle of a sample, at length one again; a zero vector, which stands for nothing, stays zero."""
    present = vectors.any(axis=1, keepdims=True)
    return unit(np.where(present, vectors - middle, 0))


def of_embedder(documents: pl.DataFrame, embedder: Embedder) -> np.ndarray:
    """Vectors by an embedder that is passed in, at length one: float32 (n, dimensions), in the documents' order.

    Args:
        documents: `doc_id` (unique), `text`.
        embedder: answers in any order, joined by id.

    Raises:
        ValueError: when the embedder leaves a text out, answers twice, or gives vectors of different shapes.
    """
    places = {name: place for place, name in enumerate(documents["doc_id"])}
    found: dict[int, np.ndarray] = {}
    pairs = zip(documents["doc_id"], documents["text"], strict=True)
    for vector in embedder.embed(Text(name, text) for name, text in pairs):
        place = places[vector.id]
        if place in found:
            raise ValueError(f"two vectors for {vector.id!r}")
        found[place] = np.asarray(vector.values, dtype=np.float32)
    shapes = {values.shape for values in found.values()}
    if len(found) != documents.height or len(shapes) > 1:
        raise ValueError(f"{len(found)} vectors of shapes {sorted(shapes)} for {documents.height} texts")
    return unit(np.stack([found[place] for place in range(len(found))])) if found else np.empty((0, 0), np.float32)


def table(ids: pl.Series, vectors: np.ndarray) -> pl.DataFrame:
    """Narrow side table of a partition: `doc_id`, `vector` (array of Float32)."""
    dtype = pl.Array(pl.Float32, vectors.shape[1])
    column = pl.Series("vector", vectors if len(vectors) else [], dtype=dtype)
    return pl.DataFrame([ids.alias("doc_id"), column])


def matrix(side: pl.DataFrame) -> np.ndarray:
    """Vectors of a side table, float32 (n, dimensions), in its order."""
    dtype = side.schema["vector"]
    width = dtype.shape[0] if isinstance(dtype, pl.Array) else 0
    return side["vector"].explode().to_numpy().astype(np.float32).reshape(side.height, width)
