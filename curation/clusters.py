"""Clustering, the same bits on every run."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from .vector_kernels import products

SPREAD = 1.4826  # median absolute deviations of a standard deviation, for a normal distribution
_BLOCK = 4_000_000  # distances that are held at a time


@dataclass(frozen=True)
class Clusters:
    """Clusters of n vectors."""

    labels: np.ndarray  # int64 (n,), 0..k-1
    centres: np.ndarray  # float32 (k, dimensions)
    distances: np.ndarray  # float64 (n,), Euclidean, of each vector to the centre of its cluster


def cluster(vectors: np.ndarray, k: int, seed: int = 0) -> Clusters:
    """Mini-batch k-means (Sculley 2010) with k-means++ starts, in one thread.

    Args:
        vectors: float (n, dimensions).
        k: clusters wanted; no more are made than there are distinct vectors.
        seed: of the starts and batches.

    Returns:
        Bit-identical clusters for the same vectors in the same order.

    Raises:
        ValueError: for k below one or vectors that are not finite numbers of two dimensions.
    """
    from sklearn.cluster import MiniBatchKMeans  # loaded where it is used: two seconds that few commands need

    if k < 1:
        raise ValueError(f"{k} clusters, expected at least 1")
    points = np.ascontiguousarray(vectors, dtype=np.float32)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise ValueError(f"vectors of shape {points.shape}, expected finite numbers of shape (n, dimensions)")
    if len(points) == 0:
        return Clusters(np.empty(0, np.int64), np.empty((0, points.shape[1]), np.float32), np.empty(0))
    distinct, same = np.unique(points, axis=0, return_inverse=True)
    if k >= len(distinct):  # nothing to search for: each distinct vector is a cluster
        return Clusters(same.ravel().astype(np.int64), distinct, np.zeros(len(points)))
    with threadpool_limits(1):
        model = MiniBatchKMeans(k, random_state=seed, n_init=5, batch_size=1024)
        labels = model.fit(points).predict(points).astype(np.int64)
    centres = model.cluster_centers_.astype(np.float32)
    distances = np.linalg.norm(points.astype(np.float64) - centres[labels], axis=1)
    return Clusters(labels, centres, distances)


def assign(vectors: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest centre of each vector of a partition, when centres come from a sample of all.

    A row's result depends on that row alone, bit for bit, so that partitions can be assigned anywhere.

    Args:
        vectors: float (n, dimensions).
        centres: float (k, dimensions), k at least one: `Clusters.centres` of a sample.

    Returns:
        Number of the nearest centre, of equal ones the first, int64 (n,), and the distance to it, float64 (n,).

    Raises:
        ValueError: for no centres or dimensions that differ.
    """
    if not len(centres) or vectors.ndim != 2 or vectors.shape[1:] != centres.shape[1:]:
        raise ValueError(f"centres of shape {centres.shape} for vectors of shape {vectors.shape}, expected to fit")
    columns = np.ascontiguousarray(centres.T, dtype=np.float32)
    halves = (centres.astype(np.float64) ** 2).sum(axis=1) / 2
    labels, distances = np.empty(len(vectors), np.int64), np.empty(len(vectors))
    step = max(1, _BLOCK // len(centres))
    for begin in range(0, len(vectors), step):
        rows = np.ascontiguousarray(vectors[begin : begin + step], dtype=np.float32)
        scores = np.empty((len(rows), len(centres)), np.float32)
        products(rows, columns, scores)
        nearest = (scores - halves).argmax(axis=1)
        labels[begin : begin + step] = nearest
        apart = rows.astype(np.float64) - centres[nearest]
        distances[begin : begin + step] = np.sqrt((apart**2).sum(axis=1))
    return labels, distances


def usual(distances: np.ndarray, deviations: float) -> float:
    """The largest distance that is no outlier: the median and so many standard deviations (Hampel 1974).

    Args:
        distances: float (n,), n at least one.
        deviations: estimated by the median absolute deviation; without spread no distance is too large.
    """
    middle = float(np.median(distances))
    spread = float(np.median(np.abs(distances - middle)))
    return middle + deviations * SPREAD * spread if spread > 0 else float("inf")
