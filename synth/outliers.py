"""Texts that are unlike the rest: far from the centres of the clusters that stand for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from curation import clusters
from curation.embedding import tfidf

from .drop import Drop

FEWEST = 10  # texts from which their distances say what is usual
TOO_FEW, NO_SPREAD = "too_few", "no_spread"


@dataclass(frozen=True)
class Outliers:
    """What was found among texts.

    Attributes:
        drops: by place of the outlier the reason, with distance, limit and cluster.
        not_judged: how many texts were not, by why: fewer than `FEWEST` of them (`too_few`), or at least half of them
            at the same distance (`no_spread`); empty where all were judged or nothing was wanted.
    """

    drops: dict[int, Drop]
    not_judged: dict[str, int]


def outliers(
    texts: Sequence[str], shown: Sequence[str], wanted: int, deviations: float, dimensions: int, seed: int
) -> Outliers:
    """Which texts lie further from the rest than most do.

    Texts and what is known to be good (`shown`: the demonstrations) are clustered together. A cluster stands for the
    task where it holds two of the known ones at least, so that neither a heap of odd texts nor a single odd
    demonstration with what was made up in its likeness becomes a centre of its own; where nothing is known, one of two
    texts. A text is an outlier where the nearest such centre is further than the median of all texts by more than
    `deviations` standard deviations, estimated by the median absolute deviation (Hampel 1974).

    Args:
        texts: in an order that means nothing; fewer than 10 are not judged.
        shown: texts that are never outliers; may be empty.
        wanted: clusters, at most; of ten known texts and more one for each ten beside the first. More of them would be
            of noise, in whose midst nothing is far from a centre.
        deviations: above 0; 0 judges nothing.
        dimensions: of the vectors (TF-IDF of texts and known ones together).
        seed: of vectors and clusters.
    """
    if not deviations or not texts:
        return Outliers({}, {})
    if len(texts) < FEWEST:
        return Outliers({}, {TOO_FEW: len(texts)})
    every = pl.Series("text", [*shown, *texts], dtype=pl.String)
    model = tfidf.fit(every, tfidf.TfidfOptions(dimensions=dimensions, seed=seed))
    # What all texts share stays in the vectors: it is what an odd one lacks.
    vectors = tfidf.embed(every, replace(model, middle=np.zeros_like(model.middle)))
    number = min(wanted, 1 + len(shown) // 10) if shown else wanted
    made = clusters.cluster(vectors, number, seed)
    known = made.labels[: len(shown)] if shown else made.labels
    held = np.bincount(known, minlength=len(made.centres))
    standing = np.flatnonzero(held >= min(2, held.max()))
    nearest, distances = clusters.assign(vectors[len(shown) :], made.centres[standing])
    limit = clusters.usual(distances, deviations)
    if np.isinf(limit):
        return Outliers({}, {NO_SPREAD: len(texts)})
    drops = {
        int(at): Drop("outlier", float(distances[at]), limit, cluster=int(standing[nearest[at]]))
        for at in np.flatnonzero(distances > limit)
    }
    return Outliers(drops, {})
