"""Centres of clusters, learned from the sample that the embedding was learned from, and what lies near which."""

import numpy as np
import polars as pl

from curation import clusters, sample
from curation.embedding.tfidf import TfidfOptions

from ...run import Made
from . import arrays, drops, vectors
from .shelf import Curation, Shelf


def learn(job: Curation, pending: drops.Pending, name: str, count: int, seed: int, embedding: TfidfOptions) -> str:
    """Centres of at most so many clusters, for a stage; their digest. Wants `vectors.fit` before it."""
    files = samples(pending)
    config = ["centres", arrays.digest(job, vectors.MODEL), count, seed]
    reads = [("work", file) for file in files]
    work = job.work(f"{name}-centres", config, reads, _learn, name, files, count, seed, embedding)
    job.carry_out([work], f"{name}, clusters", "models")
    return arrays.digest(job, f"{name}-centres")


def samples(pending: drops.Pending) -> list[str]:
    """Files of work/ with the candidates of each partition for the sample."""
    return [f"{vectors.MODEL}-sample-{part}" for part in pending.parts]


def sampled(shelf: Shelf, files: list[str], embedding: TfidfOptions) -> pl.DataFrame:
    """The sample of all partitions: `doc_id`, `text`, `hash`."""
    return sample.merged(pl.concat([shelf.load("work", file) for file in files]), embedding.sample)


def _learn(shelf: Shelf, name: str, files: list[str], count: int, seed: int, embedding: TfidfOptions) -> Made:
    points = vectors.embedded(shelf, sampled(shelf, files, embedding), embedding)
    found = clusters.cluster(points, count, seed).centres
    if not len(found):  # no document at all to learn from: one cluster of whatever comes
        found = np.zeros((1, embedding.dimensions), np.float32)
    return Made((arrays.save(shelf, {"centres": found}, f"{name}-centres"),))


def assigned(
    shelf: Shelf, name: str, documents: pl.DataFrame, embedding: TfidfOptions
) -> tuple[np.ndarray, pl.DataFrame]:
    """Vectors of documents, and their clusters: `doc_id`, `cluster_id`, `distance`, in the documents' order."""
    points = vectors.embedded(shelf, documents, embedding)
    labels, distances = clusters.assign(points, arrays.load(shelf, f"{name}-centres")["centres"])
    columns = [pl.Series("cluster_id", labels, pl.Int64), pl.Series("distance", distances, pl.Float64)]
    return points, documents.select("doc_id").with_columns(columns)
