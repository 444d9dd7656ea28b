"""How much sets have in common, of many pairs: compiled, since pairs are many and each is little work."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from curation import compiled
from curation.dedup import buffers


def jaccard(one: str, other: str) -> pl.Expr:
    """Jaccard similarity of two columns of sets, row by row; see `of_pairs`."""

    def of_rows(columns: Sequence[pl.Series]) -> pl.Series:
        rows = np.arange(len(columns[0]))
        return pl.Series(of_pairs(columns[0], columns[1], rows, rows))

    return pl.map_batches([one, other], of_rows, return_dtype=pl.Float64)


def of_pairs(one: pl.Series, other: pl.Series, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Jaccard similarity of pairs of sets; 0 for two that are empty, which have nothing to compare.

    Args:
        one: lists of numbers, ascending and distinct, as `minhash.shingle_sets` gives them.
        other: the same.
        left: rows of `one`, (pairs,), whole numbers.
        right: rows of `other` beside them, (pairs,).

    Returns:
        (pairs,), float64.
    """
    shares = np.zeros(len(left))
    _shares(*buffers.unlisted(one), *buffers.unlisted(other), left, right, shares)
    return shares


@compiled.kernel
def _shares(
    values: np.ndarray,
    offsets: np.ndarray,
    beside: np.ndarray,
    ends: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    shares: np.ndarray,
) -> None:
    for pair in range(len(shares)):
        at, last = offsets[left[pair]], offsets[left[pair] + 1]
        to, end = ends[right[pair]], ends[right[pair] + 1]
        if last - at + end - to:
            shares[pair] = compiled.jaccard(values, at, last, beside, to, end)
