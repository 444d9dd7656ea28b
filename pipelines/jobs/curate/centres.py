"""Centres of clusters, learned from the sample that the embedding was learned from, and what lies near which."""

import numpy as np
import polars as pl

from curation import clusters, sample

from ...run import Made
from ...settings.embedding import EmbeddingSettings
from . import arrays, drops, vectors
from .shelf import Curation, Shelf


def learn(job: Curation, name: str, count: int, seed: int) -> str:
    """Centres of at most so many clusters, for a stage; their digest. Wants `vectors.ready` before it."""
    config = ["centres", vectors.learned(job), count, seed]
    job.carry_out([job.work(f"{name}-centres", config, [], _learn, name, count, seed)], f"{name}, clusters", "models")
    return arrays.digest(job, f"{name}-centres")


def samples(pending: drops.Pending) -> list[str]:
    """Files of work/ with the candidates of each partition for the sample."""
    return [f"{vectors.MODEL}-sample-{part}" for part in pending.parts]


def sampled(shelf: Shelf, files: list[str], embedding: EmbeddingSettings) -> pl.DataFrame:
    """The sample of all partitions: `doc_id`, `text`, `hash`."""
    return sample.merged(pl.concat([shelf.load("work", file) for file in files]), embedding.sample)


def _learn(shelf: Shelf, name: str, count: int, seed: int) -> Made:
    found = vectors.clusters_of(vectors.sampled(shelf), count, seed)
    return Made((arrays.save(shelf, {"centres": found}, f"{name}-centres"),))


def assigned(shelf: Shelf, name: str, ids: pl.Series, points: np.ndarray) -> pl.DataFrame:
    """Clusters of documents by their vectors: `doc_id`, `cluster_id`, `distance`, in the documents' order."""
    labels, distances = clusters.assign(points, arrays.load(shelf, f"{name}-centres")["centres"])
    columns = [pl.Series("cluster_id", labels, pl.Int64), pl.Series("distance", distances, pl.Float64)]
    return ids.to_frame("doc_id").with_columns(columns)
