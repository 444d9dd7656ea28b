"""Choosing rows: exact quotas, nearest to the centroid, k-center, at random. Functions return sorted row numbers."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np


def largest_remainder(
    weights: Sequence[float] | np.ndarray, total: int, capacities: Sequence[int] | np.ndarray | None = None
) -> np.ndarray:
    """Whole numbers in proportion to the weights that sum to exactly `total` (Hamilton's method).

    Each gets the whole part of its share and the largest remainders get one more, of equal remainders the first. With
    capacities, what one cannot hold is shared out again among the others; the sum is then the smaller of `total` and
    what the weighted ones can hold. Reckoned in exact fractions.

    Args:
        weights: (n,), finite, none negative.
        total: number to share out.
        capacities: (n,), the most each can get.

    Returns:
        int64 of shape (n,).

    Raises:
        ValueError: for weights or a total that cannot be shared out, such as no positive weight.
    """
    shares = [Fraction(float(weight)) for weight in weights]
    if total < 0 or any(share < 0 for share in shares):
        raise ValueError(f"total {total} and weights {list(weights)}, expected none negative")
    if total and not sum(shares):
        raise ValueError(f"{total} to share out and no weight above 0")
    room = [total] * len(shares) if capacities is None else [int(capacity) for capacity in capacities]
    if len(room) != len(shares) or any(capacity < 0 for capacity in room):
        raise ValueError(f"capacities {room} for {len(shares)} weights, expected as many and none negative")
    given = [0] * len(shares)
    open_ones = [i for i, share in enumerate(shares) if share > 0 and room[i] > 0]
    left = min(total, sum(room[i] for i in open_ones))
    while left:
        weight = sum(shares[i] for i in open_ones)
        exact = {i: left * shares[i] / weight for i in open_ones}
        full = [i for i in open_ones if exact[i] >= room[i]]
        if not full:
            for i, extra in _rounded(exact, left).items():
                given[i] += extra
            break
        for i in full:
            given[i] = room[i]
        left -= sum(room[i] for i in full)
        open_ones = [i for i in open_ones if i not in set(full)]
    return np.array(given, dtype=np.int64)


def _rounded(exact: dict[int, Fraction], total: int) -> dict[int, int]:
    """Whole parts, and one more to the largest remainders until the sum is `total`."""
    whole = {i: int(share) for i, share in exact.items()}
    by_remainder = sorted(exact, key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: total - sum(whole.values())]:
        whole[i] += 1
    return whole


def nearest_to_centroid(labels: np.ndarray, distances: np.ndarray, total: int) -> np.ndarray:
    """The rows nearest to the centre of their cluster, each cluster with a quota by its size (SSR, section 3.2).

    Args:
        labels: int (n,), cluster of each row.
        distances: float (n,), to the centre of its cluster; of equal ones the first row goes first.
        total: rows wanted; all rows when there are no more.

    Returns:
        int64 (min(total, n),), ascending.
    """
    labels, distances = np.asarray(labels), np.asarray(distances)
    names, members = np.unique(labels, return_counts=True)
    if not len(names):
        return np.empty(0, np.int64)
    quotas = largest_remainder(members, min(total, len(labels)), members)
    chosen = []
    for name, quota in zip(names, quotas, strict=True):
        rows = np.flatnonzero(labels == name)
        chosen.append(rows[np.argsort(distances[rows], kind="stable")[:quota]])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def k_center(vectors: np.ndarray, total: int) -> np.ndarray:
    """Rows that leave no other row far from a chosen one: farthest-first traversal (Gonzalez 1985), at most twice
    the smallest possible radius. Starts with the row nearest to the mean; of equal distances the first row is taken.

    Args:
        vectors: float (n, dimensions).
        total: rows wanted; all rows when there are no more.

    Returns:
        int64 (min(total, n),), ascending.
    """
    points = np.asarray(vectors, dtype=np.float64)
    count = min(total, len(points))
    if count <= 0:
        return np.empty(0, np.int64)
    chosen = [int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
    distances = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    distances[chosen[0]] = -1.0  # never again, even where all rows are equal
    while len(chosen) < count:
        farthest = int(np.argmax(distances))
        chosen.append(farthest)
        distances = np.minimum(distances, ((points - points[farthest]) ** 2).sum(axis=1))
        distances[chosen] = -1.0
    return np.sort(np.array(chosen, dtype=np.int64))


def random(count: int, total: int, seed: int) -> np.ndarray:
    """`total` of `count` rows drawn without replacement, all when there are no more: int64, ascending."""
    generator = np.random.default_rng(seed)
    return np.sort(generator.permutation(count)[: max(0, total)]).astype(np.int64)
