"""Nearest neighbours of a target in embedding space (kNN-TAPT: Gururangan et al. 2020, arXiv 2004.10964, section 4.2).

`scores` tells how near each document is to its nearest target texts; `neighbours` and `nearest` give the published
set, the union of the k nearest documents of each target text. Vectors come from any embedder, of length one or zero.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from ..errors import InputError
from ..vector_kernels import mean_of_largest, products

_BLOCK = 4_000_000  # similarities that are held at a time, so that memory is bounded

NEIGHBOURS = pl.Schema({"target": pl.Int64, "doc_id": pl.String, "similarity": pl.Float64})


def scores(ids: pl.Series, vectors: np.ndarray, targets: np.ndarray, k: int = 5) -> pl.DataFrame:
    """Mean cosine of each document with the k target texts nearest to it.

    Args:
        ids: of n documents.
        vectors: float32 (n, dimensions), of length one, or zero where a text has nothing to embed.
        targets: float32 (targets, dimensions), likewise.
        k: neighbours; all targets where there are no more.

    Returns:
        `doc_id`, `score` (-1..1), in the order of the ids; a row's score does not depend on other rows.

    Raises:
        InputError: for no targets, shapes that do not fit, or k below one.
    """
    _check(vectors, targets, k)
    result = np.empty(len(vectors), np.float64)
    for begin, similarities in _blocks(vectors, targets):
        mean_of_largest(similarities, min(k, len(targets)), result[begin : begin + len(similarities)])
    return pl.DataFrame({"doc_id": ids, "score": result})


def neighbours(ids: pl.Series, vectors: np.ndarray, targets: np.ndarray, k: int) -> pl.DataFrame:
    """The k documents of one partition nearest to each target text.

    Args:
        ids: of n documents.
        vectors: as for `scores`.
        targets: likewise.
        k: neighbours of each target.

    Returns:
        Schema `NEIGHBOURS`: `target` is the row of the target text; of equal similarities the smaller id.
    """
    _check(vectors, targets, k)
    found = []
    for begin, similarities in _blocks(vectors, targets):
        block = pl.DataFrame(
            {
                "target": np.tile(np.arange(len(targets)), len(similarities)),
                "doc_id": ids[begin : begin + len(similarities)].gather(
                    np.repeat(np.arange(len(similarities)), len(targets))
                ),
                "similarity": similarities.ravel().astype(np.float64),
            },
            schema=NEIGHBOURS,
        )
        found.append(nearest(block, k))
        found = [nearest(pl.concat(found), k)]
    return found[0] if found else pl.DataFrame(schema=NEIGHBOURS)


def nearest(found: pl.DataFrame, k: int) -> pl.DataFrame:
    """The k nearest of each target among those found in all partitions: schema `NEIGHBOURS`, by target and nearness."""
    ranked = found.sort(["target", "similarity", "doc_id"], descending=[False, True, False])
    return ranked.group_by("target", maintain_order=True).head(k).select(NEIGHBOURS.names())


def best(found: pl.DataFrame) -> pl.DataFrame:
    """`doc_id` and `score`, the largest similarity of each document that is a neighbour of any target, by id.

    Documents that are none have no row: they are not chosen, as `choose.decide` does with a null score.
    """
    return found.group_by("doc_id").agg(score=pl.col("similarity").max()).sort("doc_id")


def _check(vectors: np.ndarray, targets: np.ndarray, k: int) -> None:
    if k < 1:
        raise InputError(f"nearest neighbours: k is {k}, expected at least 1")
    if not len(targets) or vectors.ndim != 2 or vectors.shape[1:] != targets.shape[1:]:
        raise InputError(
            f"nearest neighbours: targets of shape {targets.shape} for vectors of shape {vectors.shape}, "
            "expected at least one row and the same dimensions"
        )


def _blocks(vectors: np.ndarray, targets: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """First row and similarities, float32 (rows, targets), of one block of rows after another."""
    columns = np.ascontiguousarray(targets.T, dtype=np.float32)
    step = max(1, _BLOCK // len(targets))
    for begin in range(0, len(vectors), step):
        rows = np.ascontiguousarray(vectors[begin : begin + step], dtype=np.float32)
        similarities = np.empty((len(rows), len(targets)), np.float32)
        products(rows, columns, similarities)
        yield begin, similarities
