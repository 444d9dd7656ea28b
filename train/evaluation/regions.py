"""Clusters of a task's items by what they ask, so that what was forgotten is known by region and not by task alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from curation import clusters
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfOptions

from .tasks import Task


def clustered(items: Sequence[Task], k: int, seed: int = 0) -> list[Task]:
    """Items with the number of a cluster, for every task none of whose items has one yet.

    Texts are embedded by TF-IDF and clustered by k-means (`curation.embedding.tfidf`, `curation.clusters`), each task
    by itself. Which items share a cluster does not depend on the order of the items; a cluster's number is its rank by
    the smallest id in it.

    Args:
        items: of any tasks; what is clustered is what the last turn, or the raw prompt, asks, of items without a prompt
            the text itself.
        k: clusters of a task, at most.
        seed: of the clustering.
    """
    named = {item.task for item in items if item.cluster is not None}
    found: dict[tuple[str, str], int] = {}
    for task in sorted({item.task for item in items} - named):
        own = sorted((item for item in items if item.task == task), key=lambda item: item.id)
        vectors = _vectors([_asked(item) for item in own], seed)
        labels = clusters.cluster(vectors, k, seed).labels.tolist()
        ranks = {label: rank for rank, label in enumerate(dict.fromkeys(labels))}
        found |= {(task, item.id): ranks[label] for item, label in zip(own, labels, strict=True)}
    return [replace(item, cluster=found.get((item.task, item.id), item.cluster)) for item in items]


def _vectors(texts: list[str], seed: int) -> np.ndarray:
    column = pl.Series(texts, dtype=pl.String)
    return tfidf.embed(column, tfidf.fit(column, TfidfOptions(dimensions=min(64, len(texts)), seed=seed)))


def _asked(item: Task) -> str:
    if isinstance(item.prompt, str):
        return item.prompt or item.references[0]
    return item.prompt[-1][1] if item.prompt else "\n".join(item.references)
