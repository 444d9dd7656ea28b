"""Rows that stand for their clusters, the best, and rows at random."""

import numpy as np

from .quotas import largest_remainder


def nearest_to_centroid(labels: np.ndarray, distances: np.ndarray, total: int) -> np.ndarray:
    """The rows nearest to the centre of their cluster, each cluster with a quota by its size (SSR, section 3.2).

    Args:
        labels: int (n,), cluster of each row.
        distances: float (n,), to the centre of its cluster; of equal ones the first row goes first.
        total: rows wanted; all rows when there are no more.

    Returns:
        int64 (min(total, n),), ascending.
    """
    chosen = [rows[:quota] for rows, quota in by_cluster(labels, distances, total)]
    return np.sort(np.concatenate([np.empty(0, np.int64), *chosen]))


def medoid_and_boundary(
    labels: np.ndarray, distances: np.ndarray, total: int, boundary_share: float = 0.5
) -> np.ndarray:
    """Of each cluster the rows nearest to its centre, and for a share of its quota those farthest from it.

    The near ones say what a cluster is about, the far ones how wide it is (Sorscher et al. 2022, arXiv 2206.14486:
    easy and hard examples). Of an odd part the near ones get more.

    Args:
        labels: int (n,), cluster of each row.
        distances: float (n,), to the centre of its cluster; of equal ones the first row counts as nearer.
        total: rows wanted; all rows when there are no more.
        boundary_share: of each quota that goes to the far ones, 0 to 1.

    Returns:
        int64 (min(total, n),), ascending.

    Raises:
        ValueError: for a share outside 0 to 1.
    """
    if not 0 <= boundary_share <= 1:
        raise ValueError(f"boundary share {boundary_share}, expected 0 to 1")
    chosen = []
    for rows, quota in by_cluster(labels, distances, total):
        far = int(quota * boundary_share)
        chosen += [rows[: quota - far], rows[len(rows) - far :]]
    return np.sort(np.concatenate([np.empty(0, np.int64), *chosen]))


def by_cluster(labels: np.ndarray, distances: np.ndarray, total: int) -> list[tuple[np.ndarray, int]]:
    """Rows of each cluster from the nearest to the farthest, and its quota by its size; quotas sum to `total`."""
    labels, distances = np.asarray(labels), np.asarray(distances)
    order = np.lexsort((distances, labels)).astype(np.int64)  # stable: of equal ones the first row
    names, first, members = np.unique(labels[order], return_index=True, return_counts=True)
    if not len(names):
        return []
    quotas = largest_remainder(members, max(0, min(total, len(labels))), members)
    groups = np.split(order, first[1:])
    return [(rows, int(quota)) for rows, quota in zip(groups, quotas, strict=True)]


def top(scores: np.ndarray, total: int) -> np.ndarray:
    """The `total` rows with the highest scores, of equal ones the first: int64, ascending. NaN is never chosen."""
    scores = np.asarray(scores, dtype=np.float64)
    present = np.flatnonzero(~np.isnan(scores))
    best = present[np.argsort(-scores[present], kind="stable")[: max(0, total)]]
    return np.sort(best).astype(np.int64)


def random(count: int, total: int, seed: int) -> np.ndarray:
    """`total` of `count` rows drawn without replacement, all when there are no more: int64, ascending."""
    generator = np.random.default_rng(seed)
    return np.sort(generator.permutation(count)[: max(0, total)]).astype(np.int64)
