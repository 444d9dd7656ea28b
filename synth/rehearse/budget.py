"""Which samples of a model a budget of rows or tokens holds: drawn from all of them, or from every cluster its part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation import clusters, selection
from curation.embedding import tfidf

from .options import ReplayOptions


@dataclass(frozen=True)
class Held:
    """What a budget holds: places, ascending, int64 (kept,); the cluster of each text, int64 (n,), -1 without any."""

    rows: np.ndarray
    clusters: np.ndarray


def held(texts: Sequence[str], costs: np.ndarray, options: ReplayOptions, seed: int) -> Held:
    """Texts that the budget holds.

    Args:
        texts: in the order in which they are taken, a random one.
        costs: int64 (n,), tokens of each, at least 1.
        options: `rows`, `budget_tokens`; with `clusters` each of these has a part by its size (in tokens, where these
            are shared out), by largest remainder; what a part cannot hold goes to the others.
        seed: of the clusters.
    """
    every = np.arange(len(texts))
    labels = np.full(len(texts), -1, np.int64)
    if options.clusters and texts:
        labels = _clusters(texts, options, seed)
    kept = every
    for budget, each in ((options.budget_tokens, costs), (options.rows, np.ones_like(costs))):
        if budget is not None:
            groups = [kept[labels[kept] == label] for label in np.unique(labels[kept])]
            kept = selection.spend(groups, [int(each[group].sum()) for group in groups], each, budget)
    return Held(kept, labels)


def _clusters(texts: Sequence[str], options: ReplayOptions, seed: int) -> np.ndarray:
    every = pl.Series("text", list(texts), dtype=pl.String)
    model = tfidf.fit(every, tfidf.TfidfOptions(dimensions=options.dimensions, seed=seed))
    return clusters.cluster(tfidf.embed(every, model), options.clusters, seed).labels
