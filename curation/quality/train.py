"""Training of a learned score: logistic regression, calibrated by cross-fitting and measured on rows set apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import xxhash
from threadpoolctl import threadpool_limits

from .. import ngrams
from ..errors import InputError
from .apply import probability
from .measure import measure
from .model import QualityModel
from .options import QualityOptions

Features = Any  # sparse (n, buckets) or dense (n, dimensions), float
_DEFAULTS = QualityOptions()
_ITERATIONS = 500
_NO_RARITY = np.empty(0, np.float32)


def train(
    labelled: pl.DataFrame, options: QualityOptions = _DEFAULTS, vectors: np.ndarray | None = None
) -> QualityModel:
    """Learn to tell rows labelled 1 from rows labelled 0.

    Rows with one text stay on one side of every split, and what is held out is drawn by the hash of the text within
    each label, so that neither the order of rows nor their repeats change or flatter the measure. The model that is
    returned is the one that was measured.

    Args:
        labelled: `text`, and `label`: boolean, or numbers 0 and 1. n rows, in memory: about 8 bytes for every different
            n-gram of every text.
        options: how to train.
        vectors: float (n, dimensions) to learn from instead of n-grams, such as embeddings of the texts.

    Raises:
        InputError: for missing texts, other labels, or fewer different texts of a label than there are folds.
    """
    rows, at = _ordered(labelled, options.seed)
    labels = rows["label"].to_numpy()
    held_out, folds = _parts(rows, options)
    trained = np.flatnonzero(~held_out)
    counts = _counts(rows, at, options, vectors)
    rarity = _NO_RARITY if vectors is not None else ngrams.rarity(counts[trained])
    features = counts if vectors is not None else ngrams.weighted(counts, rarity)
    with threadpool_limits(1):  # sums in one order whatever the number of cores
        crossed = np.empty(len(trained))
        for fold in range(options.folds):
            inside = folds[trained] == fold
            weights, bias = _fit(features[trained[~inside]], labels[trained[~inside]], options)
            crossed[inside] = features[trained[inside]] @ weights + bias
        slope, shift = _platt(crossed, labels[trained])
        weights, bias = _fit(features[trained], labels[trained], options)
    kept = weights.astype(np.float32)
    model = QualityModel(
        kept, rarity, bias, slope, shift, options.ngrams if vectors is None else None,
        len(trained), int(labels[trained].sum()), None,
    )  # fmt: skip
    apart = np.flatnonzero(held_out)
    if not len(apart):
        return model
    values = features[apart] @ kept.astype(np.float64) + bias
    return replace(model, held_out=measure(probability(values, model), labels[apart]))


def _ordered(labelled: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """`text`, `label` (int8) and `hash` in an order that is that of the seeded hash of the text, and their rows."""
    for name in ("text", "label"):
        if name not in labelled.columns:
            raise InputError(f"labelled rows have columns {labelled.columns}, expected 'text' and 'label'")
        if labelled[name].null_count():
            raise InputError(f"labelled rows: {labelled[name].null_count()} of {name!r} are missing, expected none")
    if labelled.schema["text"] != pl.String:
        raise InputError(f"labelled rows: 'text' is {labelled.schema['text']}, expected text")
    dtype = labelled.schema["label"]
    if not (dtype == pl.Boolean or dtype.is_numeric()):
        raise InputError(f"labelled rows: 'label' is {dtype}, expected true and false or 0 and 1")
    found = labelled.filter(~pl.col("label").cast(pl.Float64).is_in([0.0, 1.0]))
    if found.height:
        raise InputError(f"labelled rows: a label is {found['label'][0]}, expected 0 or 1")
    hashes = [xxhash.xxh3_64_intdigest(text.encode(), seed=seed % (1 << 64)) for text in labelled["text"]]
    rows = labelled.select("text", pl.col("label").cast(pl.Int8)).with_columns(
        hash=pl.Series(hashes, dtype=pl.UInt64), row=pl.int_range(pl.len())
    )
    rows = rows.sort("hash", "text", "label", "row")
    return rows.drop("row"), rows["row"].to_numpy()


def _parts(rows: pl.DataFrame, options: QualityOptions) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are held out, bool (n,), and the fold of the others, int (n,): by text, within each label."""
    texts = rows.group_by("hash", "text").agg(majority=pl.col("label").mean() >= 0.5).sort("majority", "hash", "text")
    texts = texts.with_columns(place=pl.int_range(pl.len()).over("majority"), size=pl.len().over("majority"))
    first = (pl.col("size") * options.held_out).round().cast(pl.Int64)
    texts = texts.with_columns(held_out=pl.col("place") < first, fold=(pl.col("place") - first) % options.folds)
    for label in (True, False):
        left = texts.filter((pl.col("majority") == label) & ~pl.col("held_out")).height
        if left < options.folds:
            raise InputError(
                f"labelled rows: {left} different texts to train on have label {int(label)}, "
                f"expected at least {options.folds}, as many as folds"
            )
    joined = rows.join(texts, on=["hash", "text"], how="left", maintain_order="left")
    return joined["held_out"].to_numpy(), joined["fold"].to_numpy()


def _counts(rows: pl.DataFrame, at: np.ndarray, options: QualityOptions, vectors: np.ndarray | None) -> Features:
    if vectors is None:
        return ngrams.counts(rows["text"], options.ngrams)
    if vectors.ndim != 2 or len(vectors) != rows.height or not np.isfinite(vectors).all():
        raise InputError(f"vectors of shape {vectors.shape}, expected {rows.height} rows of finite numbers")
    return vectors[at].astype(np.float64)


def _fit(features: Features, labels: np.ndarray, options: QualityOptions) -> tuple[np.ndarray, float]:
    """Weights and bias of ridge-penalised logistic regression, by L-BFGS from zero: nothing is drawn at random."""
    from sklearn.linear_model import LogisticRegression  # loaded where it is used: it takes two seconds

    weight = "balanced" if options.balanced else None
    model = LogisticRegression(C=options.strength, class_weight=weight, max_iter=_ITERATIONS, solver="lbfgs")
    model.fit(features, labels)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def _platt(values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope and shift of the sigmoid that makes decision values probabilities (Platt 1999, with his smoothed targets).

    The slope is kept from being negative: a score that tells nothing apart is constant, not turned around.
    """
    from scipy.optimize import minimize

    positives = int(labels.sum())
    high, low = (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2)
    targets = np.where(labels == 1, high, low)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        z = parameters[0] * values + parameters[1]
        error = 1 / (1 + np.exp(-np.clip(z, -700, 700))) - targets
        entropy = np.logaddexp(0, z) - targets * z
        return float(entropy.mean()), np.array([(error * values).mean(), error.mean()])

    start = np.array([1.0, np.log(positives / (len(labels) - positives))])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])
