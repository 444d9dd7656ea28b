"""How well chosen rows stand for others: nearest neighbours in an embedding, shares of labels and clusters."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

_BLOCK = 4_000_000  # differences that are held at a time, so that memory is bounded


@dataclass(frozen=True)
class Likeness:
    """Samples beside real rows; the ball of a real row reaches to its k-th nearest other real row.

    Attributes:
        precision: share of the samples that lie in a ball: how many of them could be real.
        coverage: share of the balls that hold a sample: how much of the real rows they stand for.
        density: balls that hold a sample, a sample, over k: 1 where samples lie as dense as real rows, no matter how
            far a ball of an odd real row reaches; can exceed 1.
    """

    precision: float
    coverage: float
    density: float


def likeness(real: np.ndarray, samples: np.ndarray, k: int = 5) -> Likeness:
    """Precision, coverage and density by nearest neighbours.

    Precision is that of Kynkaanniemi et al. 2019 (arXiv 1904.06991, section 3.1), coverage and density those of Naeem
    et al. 2020 (arXiv 2002.09797, section 3). Their recall and that of the former paper turn on balls around samples,
    which a few odd samples make wide; coverage, around real rows, is what the latter paper puts in its place.

    Coverage grows with the number of samples, so that only sets of equal size can be compared.

    Args:
        real: float (n, dimensions), n above k.
        samples: float (m, dimensions).
        k: neighbour that a ball reaches to; a row is not its own neighbour, a copy of it is, at no distance.

    Returns:
        All zero where there are no samples.

    Raises:
        ValueError: unless 1 <= k < n and both have the same dimensions.
    """
    if not 1 <= k < len(real) or real.ndim != 2 or samples.ndim != 2 or real.shape[1] != samples.shape[1]:
        raise ValueError(f"k {k}, real rows {real.shape} and samples {samples.shape}, expected 1 <= k < n, one width")
    if not len(samples):
        return Likeness(0.0, 0.0, 0.0)
    points = np.asarray(real, dtype=np.float64)
    radii = np.partition(_squares(points, points), k, axis=1)[:, k]  # the nearest at place 0 is the row itself
    inside = _squares(points, np.asarray(samples, dtype=np.float64)) <= radii[:, None]  # (n, m)
    return Likeness(
        precision=int(inside.any(axis=0).sum()) / len(samples),
        coverage=int(inside.any(axis=1).sum()) / len(points),
        density=int(inside.sum()) / (k * len(samples)),
    )


def _squares(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances (rows, others) by differences: equal rows are at exactly no distance."""
    found = np.empty((len(rows), len(others)))
    step = max(1, _BLOCK // max(1, others.size))
    for begin in range(0, len(rows), step):
        apart = rows[begin : begin + step, None, :] - others[None, :, :]
        found[begin : begin + step] = (apart**2).sum(axis=2)
    return found


def shares(names: Sequence[Hashable]) -> dict[Hashable, float]:
    """Share of each name among all, sorted by how often it comes, then by the name's text; empty for no names."""
    counted = Counter(names)
    order = sorted(counted, key=lambda name: (-counted[name], str(name)))
    return {name: counted[name] / len(names) for name in order}


def total_variation(names: Sequence[Hashable], others: Sequence[Hashable]) -> float:
    """Half the sum of the differences between the shares of two lists: 0 for equal shares, 1 for nothing in common.

    Raises:
        ValueError: for an empty list, which has no shares.
    """
    if not names or not others:
        raise ValueError(f"shares of {len(names)} and {len(others)} names, expected some of both")
    one, other = Counter(names), Counter(others)
    every = sorted({*one, *other}, key=str)
    differences = (abs(one[name] * len(others) - other[name] * len(names)) for name in every)  # whole numbers: exact
    return sum(differences) / (2 * len(names) * len(others))
