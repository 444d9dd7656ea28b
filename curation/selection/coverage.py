"""Rows that cover all others: k-center and facility location."""

import heapq

import numpy as np

from ..vector_kernels import products

_BLOCK = 4_000_000  # similarities that are held at a time, so that memory is bounded


def k_center(vectors: np.ndarray, total: int) -> np.ndarray:
    """Rows that leave no other row far from a chosen one: farthest-first traversal (Gonzalez 1985), at most twice
    the smallest possible radius. Starts with the row nearest to the mean; of equal distances the first row is taken.

    Args:
        vectors: float (n, dimensions).
        total: rows wanted; all rows when there are no more.

    Returns:
        int64 (min(total, n),), ascending.
    """
    return np.sort(farthest_first(vectors, total))


def farthest_first(vectors: np.ndarray, total: int) -> np.ndarray:
    """The rows of `k_center` in the order they are chosen: the first n of them are those of `k_center` for n."""
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
    return np.array(chosen, dtype=np.int64)


def facility_location(vectors: np.ndarray, total: int) -> np.ndarray:
    """Rows that together are as similar as can be to all rows: the sum over rows of the largest similarity to a chosen
    one, by lazy greedy choice (Minoux 1978; Krause and Golovin 2014, section 3), at least 1 - 1/e of the best sum.

    Similarity is the scalar product, cosine for vectors of length one, and none below zero. A gain can only shrink as
    rows are chosen, so that one reckoned earlier is a bound, and few are reckoned again. Of equal gains the first row
    is taken. Time grows with the square of the rows: meant for the rows of one cluster.

    Args:
        vectors: float (n, dimensions).
        total: rows wanted; all rows when there are no more.

    Returns:
        int64 (min(total, n),), ascending.
    """
    points = np.ascontiguousarray(vectors, dtype=np.float32)
    count = max(0, min(total, len(points)))
    columns = np.ascontiguousarray(points.T)
    covered = np.zeros(len(points))
    bounds = []
    step = max(1, _BLOCK // max(1, len(points)))
    for begin in range(0, len(points) if count else 0, step):
        gains = np.maximum(_similarities(points[begin : begin + step], columns), 0).sum(axis=1, dtype=np.float64)
        bounds += [(-float(gain), begin + at, 0) for at, gain in enumerate(gains)]
    heapq.heapify(bounds)
    chosen: list[int] = []
    while len(chosen) < count:
        gain, row, reckoned = heapq.heappop(bounds)
        similarities = np.maximum(_similarities(points[row : row + 1], columns)[0], 0).astype(np.float64)
        if reckoned == len(chosen):
            chosen.append(row)
            covered = np.maximum(covered, similarities)
            continue
        fresh = float(np.maximum(similarities - covered, 0).sum())
        heapq.heappush(bounds, (-fresh, row, len(chosen)))
    return np.sort(np.array(chosen, dtype=np.int64))


def _similarities(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    result = np.empty((len(rows), columns.shape[1]), np.float32)
    products(rows, columns, result)
    return result
