"""Scores of documents by a learned model, a batch of n-gram counts at a time, and a threshold for a share to keep."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from .. import ngrams
from ..errors import InputError
from .model import QualityModel

if TYPE_CHECKING:
    from scipy import sparse


def score(documents: pl.DataFrame, model: QualityModel, vectors: np.ndarray | None = None) -> pl.Series:
    """Calibrated probability that each document would be labelled 1.

    Args:
        documents: `text`, n rows.
        model: what `train` or `load` returned.
        vectors: float (n, dimensions) of the documents, for a model that was trained on vectors; else none.

    Returns:
        Float64 series `quality` of n values in 0..1, in the documents' order. A row's value depends on that row alone,
        so that partitions can be scored anywhere.

    Raises:
        InputError: for vectors where the model takes none, or none or others than it takes.
    """
    if model.ngrams is None:
        return pl.Series("quality", probability(vector_values(documents.height, model, vectors), model))
    if vectors is not None:
        raise InputError("quality: vectors given to a model of n-grams, expected none")
    texts = documents["text"]
    values = [counted_values(part, model) for part in ngrams.batches(texts, model.ngrams)]
    decisions = np.concatenate(values) if values else np.empty(0)
    return pl.Series("quality", probability(decisions, model))


def threshold_for(scores: pl.Series, keep_rate: float) -> float:
    """The highest threshold that keeps at least a share of the rows, when a score of at least the threshold is kept.

    Equal scores go together, so that more can be kept than asked for; the share is reckoned exactly.

    Args:
        scores: of all rows of the corpus, those of all partitions one after another; nulls are left out.
        keep_rate: share to keep, more than 0 and at most 1.

    Raises:
        InputError: for a share outside that, or no scores at all.
    """
    if not 0 < keep_rate <= 1:
        raise InputError(f"keep rate is {keep_rate}, expected more than 0 and at most 1")
    present = scores.drop_nulls().sort(descending=True)
    if not len(present):
        raise InputError("keep rate for 0 scores, expected at least 1")
    exact = Fraction(str(keep_rate)) * len(present)
    return float(present[max(1, -(-exact.numerator // exact.denominator)) - 1])


def counted_values(counts: "sparse.csr_matrix", model: QualityModel) -> np.ndarray:
    """Decision values of texts from the counts of their n-grams: float64 (n,)."""
    return ngrams.weighted(counts, model.rarity) @ model.weights.astype(np.float64) + model.bias


def vector_values(rows: int, model: QualityModel, vectors: np.ndarray | None) -> np.ndarray:
    """Decision values of vectors: float64 (n,).

    Raises:
        InputError: for none, or of a shape that does not fit.
    """
    shape = None if vectors is None else vectors.shape
    if vectors is None or shape != (rows, len(model.weights)):
        raise InputError(f"quality: vectors of shape {shape}, expected {(rows, len(model.weights))}")
    with threadpool_limits(1):  # a row at a time, summed by itself, whatever its neighbours
        products = vectors.astype(np.float64) * model.weights.astype(np.float64)
        return products.sum(axis=1) + model.bias


def probability(values: np.ndarray, model: QualityModel) -> np.ndarray:
    """Calibrated probabilities of decision values, float64 in 0..1."""
    return 1 / (1 + np.exp(-np.clip(model.slope * values + model.shift, -700, 700)))
