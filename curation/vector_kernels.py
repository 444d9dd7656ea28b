"""Compiled kernels over vectors. A row's result depends on that row alone, bit for bit, whatever its neighbours.

A matrix product of a library sums in an order that depends on the shape of the matrices, so that the same row could
give other bits in another partition.
"""

import numpy as np

from .compiled import kernel


@kernel
def products(rows: np.ndarray, columns: np.ndarray, result: np.ndarray) -> None:
    """Scalar products of each row (n, d) with each column (d, m), summed along d from its beginning: (n, m)."""
    for row in range(len(rows)):
        sums = result[row]
        sums[:] = 0
        for at in range(rows.shape[1]):
            value = rows[row, at]
            if value != 0:
                line = columns[at]
                for column in range(len(sums)):
                    sums[column] += value * line[column]


@kernel
def sparse_products(
    indptr: np.ndarray, indices: np.ndarray, values: np.ndarray, columns: np.ndarray, result: np.ndarray
) -> None:
    """As `products`, of sparse rows (n, d) in compressed form with columns (d, m)."""
    for row in range(len(indptr) - 1):
        sums = result[row]
        sums[:] = 0
        for at in range(indptr[row], indptr[row + 1]):
            value = values[at]
            line = columns[indices[at]]
            for column in range(len(sums)):
                sums[column] += value * line[column]


@kernel
def mean_of_largest(similarities: np.ndarray, k: int, result: np.ndarray) -> None:
    """Mean of the k largest of each row, summed from the largest on."""
    largest = np.empty(k, np.float64)
    for row in range(len(similarities)):
        largest[:] = -np.inf
        for value in similarities[row]:
            if value > largest[k - 1]:
                at = k - 1
                while at > 0 and value > largest[at - 1]:
                    largest[at] = largest[at - 1]
                    at -= 1
                largest[at] = value
        total = 0.0
        for value in largest:
            total += value
        result[row] = total / k


@kernel
def drop_greedily(
    vectors: np.ndarray,
    similarities: np.ndarray,
    first: int,
    threshold: float,
    kept_row: np.ndarray,
    similarity: np.ndarray,
) -> None:
    """Decide rows first, first + 1, ... of one cluster in keep order, after all rows before them.

    A row is dropped when its cosine with a kept row before it reaches the threshold; of several the most similar one
    is named, of equal ones the first. `similarities` (rows, all rows) are rough: where they come near the threshold
    the cosine is summed again in double precision. `kept_row` is -1 for a kept row.
    """
    for at in range(len(similarities)):
        row = first + at
        best, most = -1, 0.0
        for other in range(row):
            if kept_row[other] == -1 and similarities[at, other] >= threshold - 1e-4:
                exact, mine, theirs = 0.0, 0.0, 0.0
                for place in range(vectors.shape[1]):
                    one, two = np.float64(vectors[row, place]), np.float64(vectors[other, place])
                    exact += one * two
                    mine += one * one
                    theirs += two * two
                exact = min(1.0, exact / np.sqrt(mine * theirs))
                if exact >= threshold and exact > most:
                    best, most = other, exact
        kept_row[row] = best
        similarity[row] = most
