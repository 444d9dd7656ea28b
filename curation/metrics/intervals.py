"""How sure a figure is: intervals, paired comparisons, many comparisons at once, and tests of no change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from threadpoolctl import threadpool_limits

_CHUNK = 2_000_000  # resampling counts held at a time, so that memory does not grow with resamples times clusters


@dataclass(frozen=True)
class Difference:
    """Mean of after - before with its interval at `confidence`; `p` is two-sided, against no difference."""

    mean: float
    low: float
    high: float
    p: float
    confidence: float
    items: int
    clusters: int
    seeds: int


@dataclass(frozen=True)
class Equivalence:
    """Whether a change of the margin or more is rejected on both sides, and a loss of it alone."""

    difference: Difference
    margin: float
    equivalent: bool  # no change either way
    no_worse: bool  # nothing lost, perhaps something gained
    p_equivalent: float = 1.0  # of the two one-sided tests, the larger one: against a change of the margin or more
    p_no_worse: float = 1.0  # of the lower test: against a loss of the margin or more


def wilson(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion (Wilson 1927): low and high in 0..1; (0, 1) when nothing was counted.

    Raises:
        ValueError: when successes are not within 0..total.
    """
    if not 0 <= successes <= total:
        raise ValueError(f"{successes} successes of {total}")
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if successes == 0 else (centre - spread) / scale  # exact at the ends, where rounding would show
    high = 1.0 if successes == total else (centre + spread) / scale
    return low, high


def paired_bootstrap(
    before: np.ndarray | Sequence[float],
    after: np.ndarray | Sequence[float],
    clusters: Sequence[object] | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Difference:
    """Paired bootstrap of mean(after - before) over items, drawn by cluster, and over seeds as a second level.

    Items of one source are not independent: whole clusters are drawn with replacement (Davison and Hinkley 1997,
    section 3.8). With scores of shape (seeds, items) the seeds, which all saw the same items, are drawn as well,
    independently of the clusters. The interval is the percentile interval; p is the share of resamples at least as far
    from the mean difference as that is from zero, counting the observed one.

    Args:
        before: scores of shape (items,) or (seeds, items).
        after: scores of the same items in the same order.
        clusters: source of each item, of shape (items,); each item its own cluster when none.
        confidence: of the interval, 0..1.
        resamples: number of draws.
        seed: of the draws; the same seed gives the same figures.
        weights: of each item in the mean, above zero, of shape (items,); equal unless given. Bits per byte weighted by
            bytes are the bits of a corpus over its bytes, in every draw as well.

    Raises:
        ValueError: for shapes that differ, weights that are not above zero, no items, scores that are not finite, or a
            single cluster, of which every draw is the same: an interval of no width would claim a certainty that is
            not there.
    """
    return _difference(_resampled(before, after, clusters, resamples, seed, weights), confidence)


def equivalence(
    before: np.ndarray | Sequence[float],
    after: np.ndarray | Sequence[float],
    margin: float,
    clusters: Sequence[object] | None = None,
    alpha: float = 0.05,
    resamples: int = 10_000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    largest: float | None = 1.0,
) -> Equivalence:
    """Two one-sided tests (Schuirmann 1987) by the bootstrap, at alpha each.

    "No forgetting" may be said only when this says `no_worse`, with a margin that was fixed before looking. The p
    values are shares of resamples at or beyond the margin, counting the observed one, for Holm's adjustment over tasks.

    Resamples know no item but those that were seen: where none of twenty changed, no resample would show a loss, and
    yet a model that loses one item in twenty shows none either in 36 of 100 such sets. So each test draws from one
    cluster more, which changed as far as it could to the side that is to be rejected, as the exact limit of a share
    counts one more than was seen (Clopper and Pearson 1934).

    Args:
        largest: how far a score can change, 1 for shares; none where there is no bound: the largest change of a
            cluster that was seen, and at least the margin.

    Raises:
        ValueError: for a margin that is not positive, and as `paired_bootstrap`.
    """
    if not margin > 0:
        raise ValueError(f"margin {margin}, expected more than 0")
    difference = _difference(_resampled(before, after, clusters, resamples, seed, weights), 1 - 2 * alpha)
    sums, sizes, _ = _clustered(before, after, clusters, weights)
    unseen = max(margin, float(np.abs(sums / sizes).max())) if largest is None else largest
    worse, better = (
        (1 + int((sign * _draws(*_with_one_more(sums, sizes, sign * unseen), resamples, seed) >= margin).sum()))
        / (1 + resamples)
        for sign in (-1.0, 1.0)
    )
    both = max(worse, better)
    return Equivalence(difference, margin, both <= alpha, worse <= alpha, both, worse)


def interval(
    scores: np.ndarray | Sequence[float],
    clusters: Sequence[object] | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> tuple[float, float]:
    """Percentile interval of the mean of scores, drawn as in `paired_bootstrap`.

    Raises:
        ValueError: as `paired_bootstrap`.
    """
    found = paired_bootstrap(np.zeros_like(scores), scores, clusters, confidence, resamples, seed, weights)
    return found.low, found.high


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p of each name (Holm 1979): rejecting where it is at most alpha keeps the family-wise error at alpha."""
    ordered = sorted(p_values.items(), key=lambda pair: (pair[1], pair[0]))
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(ordered):
        if not 0 <= p <= 1:
            raise ValueError(f"p of {name!r} is {p}, expected 0 to 1")
        largest = max(largest, min(1.0, (len(ordered) - rank) * p))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def _difference(resampled: tuple[float, np.ndarray, tuple[int, int, int]], confidence: float) -> Difference:
    mean, draws, (seeds, items, clusters) = resampled
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    far = np.abs(draws - mean) >= abs(mean) - 1e-12
    p = (1 + int(far.sum())) / (1 + len(draws))
    return Difference(mean, float(low), float(high), min(p, 1.0), confidence, items, clusters, seeds)


def _resampled(
    before: np.ndarray | Sequence[float],
    after: np.ndarray | Sequence[float],
    clusters: Sequence[object] | None,
    resamples: int,
    seed: int,
    weights: Sequence[float] | None,
) -> tuple[float, np.ndarray, tuple[int, int, int]]:
    """Mean difference, that of each resample, float64 of shape (resamples,), and counts of seeds, items, clusters."""
    sums, sizes, items = _clustered(before, after, clusters, weights)
    draws = _draws(sums, sizes, resamples, seed)
    return float(sums.sum() / (len(sums) * sizes.sum())), draws, (len(sums), items, sizes.size)


def _clustered(
    before: np.ndarray | Sequence[float],
    after: np.ndarray | Sequence[float],
    clusters: Sequence[object] | None,
    weights: Sequence[float] | None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Sums of the differences, of shape (seeds, clusters), weights of the clusters, and the number of items."""
    differences = _differences(before, after)
    items = differences.shape[1]
    weighing = np.ones(items) if weights is None else np.asarray(weights, dtype=np.float64)
    if weighing.shape != (items,) or not (np.isfinite(weighing).all() and (weighing > 0).all()):
        raise ValueError(f"weights of shape {weighing.shape} for {items} items, expected one above 0 for each")
    sums, sizes = _by_cluster(differences * weighing, weighing, clusters)
    if sizes.size < 2:
        raise ValueError(f"one cluster of {items} items, expected two or more to draw from")
    return sums, sizes, items


def _with_one_more(sums: np.ndarray, sizes: np.ndarray, change: float) -> tuple[np.ndarray, np.ndarray]:
    """The clusters and one of their mean size, all of whose items changed by so much."""
    size = sizes.mean()
    return np.c_[sums, np.full(len(sums), change * size)], np.append(sizes, size)


def _differences(before: np.ndarray | Sequence[float], after: np.ndarray | Sequence[float]) -> np.ndarray:
    """After - before, float64 of shape (seeds, items)."""
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if first.shape != second.shape or first.ndim not in (1, 2):
        raise ValueError(f"scores of shapes {first.shape} and {second.shape}, expected one shape of 1 or 2 dimensions")
    differences = np.atleast_2d(second - first)
    if differences.size == 0:
        raise ValueError("no items to compare")
    if not np.isfinite(differences).all():
        raise ValueError("a score is not a finite number")
    return differences


def _by_cluster(
    differences: np.ndarray, weights: np.ndarray, clusters: Sequence[object] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of shape (seeds, clusters) and weights of shape (clusters,), clusters in order of first appearance."""
    items = differences.shape[1]
    if clusters is None:
        return differences, weights
    if len(clusters) != items:
        raise ValueError(f"{len(clusters)} clusters for {items} items")
    numbers: dict[object, int] = {}
    labels = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    sums = np.stack([np.bincount(labels, weights=row, minlength=len(numbers)) for row in differences])
    return sums, np.bincount(labels, weights=weights, minlength=len(numbers))


def _draws(sums: np.ndarray, sizes: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Mean difference of each resample: float64 of shape (resamples,)."""
    seeds, clusters = sums.shape
    generator = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, _CHUNK // max(clusters, seeds))
    with threadpool_limits(1):  # the order of a sum must not depend on the machine's threads
        for start in range(0, resamples, step):
            size = min(step, resamples - start)
            drawn = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=size).astype(np.float64)
            totals = drawn @ sums.T
            runs = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=size)
            means[start : start + size] = (totals * runs).sum(axis=1) / (seeds * (drawn @ sizes))
    return means
