"""Which rows people are shown: a stratified random sample, every row of a stratum with a known probability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
import xxhash

from ..errors import InputError
from ..selection import largest_remainder

ROWS = pl.Schema(
    {
        "row_id": pl.String,
        "kept": pl.Boolean,  # what was decided about it
        "rule": pl.String,  # that dropped it; null where it was kept
        "closeness": pl.Float64,  # to a threshold, 0 is on it: see `to_thresholds`; null where nothing was measured
        "sensitive": pl.Float64,  # largest score of a sensitive topic, null or 0 for none
    }
)
SAMPLE = pl.Schema(
    {
        "row_id": pl.String,
        "kept": pl.Boolean,
        "rule": pl.String,
        "sensitive": pl.Boolean,
        "stratum": pl.String,
        "population": pl.Int64,  # rows of the stratum
        "drawn": pl.Int64,  # of them in the sample
        "probability": pl.Float64,  # of a row of the stratum to be in the sample: drawn / population
    }
)
KEPT = "kept"
LEAST_SPLIT = 4  # a rule that dropped fewer than this many minima is one stratum, however near its rows are


@dataclass(frozen=True)
class SampleOptions:
    """How many rows are drawn and from where.

    Attributes:
        size: rows in the sample; none for the fewest that reach `half_width`.
        half_width: of the 95 % interval, at the worst share (one half), of how many of the kept rows people would keep,
            and of how many of the dropped ones; 0.1 is plus or minus ten points.
        minimum: rows of each stratum, all where it has fewer.
        near_share: the share of a rule's rows, and of the kept ones, that count as near a threshold.
        weight: how many times more often a row that is near a threshold, or on a sensitive topic, is drawn.
        seed: another seed draws another sample.
    """

    size: int | None = None
    half_width: float = 0.1
    minimum: int = 5
    near_share: float = 0.1
    weight: float = 3.0
    seed: int = 17

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise InputError(f"size: found {self.size}, expected at least 1")
        if not 0.005 <= self.half_width < 0.5:
            raise InputError(f"half_width: found {self.half_width}, expected 0.005 to 0.5")
        if self.minimum < 2:  # of one row nothing can be said about how much rows differ
            raise InputError(f"minimum: found {self.minimum}, expected at least 2")
        if not 0 <= self.near_share < 1:
            raise InputError(f"near_share: found {self.near_share}, expected 0 up to 1")
        if not (isfinite(self.weight) and self.weight > 0):
            raise InputError(f"weight: found {self.weight}, expected a number above 0")


def to_thresholds(scores: pl.DataFrame, thresholds: Mapping[str, Sequence[float]]) -> pl.DataFrame:
    """How near each row is to the nearest threshold of any rule, on a scale that all rules share.

    The distance is the share of rows whose score lies between (half of those equal to one of the two), so that ratios,
    counts and similarities can be compared.

    Args:
        scores: `row_id` and a column for each rule; null where the rule does not apply.
        thresholds: by rule, one or more; rules without a column are passed over.

    Returns:
        `row_id`, `closeness` in 0..1, null where no score was measured; rows in the frame's order.
    """
    nearest = np.full(scores.height, np.inf)
    for rule, bounds in sorted(thresholds.items()):
        if rule not in scores.columns or not bounds:
            continue
        measured = scores[rule].cast(pl.Float64).to_numpy()
        there = np.isfinite(measured)
        ordered = np.sort(measured[there])
        if not len(ordered):
            continue
        marks = np.sort(_rank(ordered, np.asarray(bounds, dtype=np.float64)))
        ranks = _rank(ordered, measured[there])
        after = np.searchsorted(marks, ranks)
        above = np.abs(marks[np.minimum(after, len(marks) - 1)] - ranks)
        below = np.abs(marks[np.maximum(after - 1, 0)] - ranks)
        nearest[there] = np.minimum(nearest[there], np.minimum(above, below))
    closeness = pl.Series("closeness", nearest)
    return scores.select("row_id", pl.when(closeness.is_finite()).then(closeness).alias("closeness"))


def _rank(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of the ordered scores below each value, half of the equal ones counted."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((left + right) / (2 * len(ordered)))


def draw(rows: pl.DataFrame, options: SampleOptions) -> pl.DataFrame:
    """A stratified sample of rows: the same for the same ids and seed, in whatever order they come.

    Strata are the kept rows and those of each rule that dropped, each parted into rows on a sensitive topic, rows near
    a threshold and the others. Each stratum gets its minimum, the rest is shared out by largest remainder in proportion
    to its rows, times `weight` for the first two. Within a stratum the rows with the smallest hash of seed and id are
    drawn, so that a larger quota only adds rows.

    Args:
        rows: schema `ROWS`, ids unique.

    Returns:
        Schema `SAMPLE`, sorted by `row_id`.

    Raises:
        InputError: when there are no rows, or `size` is too small for the strata.
    """
    if not rows.height:
        raise InputError("found no rows to review, expected at least one")
    keyed = _strata(rows.sort("row_id"), options)
    strata = (
        keyed.group_by("stratum", "kept", "weighted")
        .len("population")
        .sort("kept", "stratum", descending=[True, False])
    )
    quotas = _quotas(strata, options)
    planned = strata.select("stratum", "population").with_columns(drawn=pl.Series(quotas, dtype=pl.Int64))
    ranked = keyed.sort("stratum", "key", "row_id").with_columns(place=pl.int_range(pl.len()).over("stratum"))
    drawn = ranked.join(planned, on="stratum").filter(pl.col("place") < pl.col("drawn"))
    return (
        drawn.with_columns(
            sensitive=_SENSITIVE,
            population=pl.col("population").cast(pl.Int64),
            probability=pl.col("drawn") / pl.col("population"),
        )
        .select(SAMPLE.names())
        .cast(SAMPLE)
        .sort("row_id")
    )


_SENSITIVE = pl.col("sensitive").fill_null(0.0) > 0


def _strata(rows: pl.DataFrame, options: SampleOptions) -> pl.DataFrame:
    """Rows with `key` (hash of seed and id), `stratum`, and `weighted`: whether it is near a threshold or sensitive."""
    seed = f"{options.seed}\x00"
    keys = [xxhash.xxh3_64_intdigest((seed + row_id).encode()) for row_id in rows["row_id"]]
    group = pl.when("kept").then(pl.lit(KEPT)).otherwise(pl.col("rule").fill_null("unknown"))
    plain = ~_SENSITIVE & pl.col("closeness").is_not_null()
    measured = rows.with_columns(key=pl.Series(keys, dtype=pl.UInt64), group=group).with_columns(
        # Rows of equal closeness are told apart by their hash: near ones are as many as the share says.
        rank=pl.when(plain).then(pl.struct("closeness", "key").rank("ordinal").over("group", plain)),
        members=plain.sum().over("group"),
        varied=(pl.col("closeness").filter(plain).n_unique() > 1).over("group"),
    )
    wanted = (pl.col("members") * options.near_share).ceil()
    splits = pl.col("varied") & (pl.col("members") >= LEAST_SPLIT * options.minimum)
    near = (splits & (pl.col("rank") <= wanted)).fill_null(False)
    part = pl.when(_SENSITIVE).then(pl.lit(", sensitive")).when(near).then(pl.lit(", near a threshold"))
    return measured.with_columns(
        stratum=pl.concat_str("group", part.otherwise(pl.lit(""))), weighted=_SENSITIVE | near
    ).drop("rank", "members", "varied")


def _quotas(strata: pl.DataFrame, options: SampleOptions) -> np.ndarray:
    """Rows to draw from each stratum: by size, or the fewest of kept and of dropped rows that reach the half width."""
    sizes = strata["population"].to_numpy().astype(np.int64)
    weights = sizes * np.where(strata["weighted"].to_numpy(), options.weight, 1.0)
    least = np.minimum(sizes, options.minimum)
    if options.size is not None:
        if options.size < min(least.sum(), sizes.sum()):
            raise InputError(
                f"size: found {options.size}, expected at least {least.sum()}: {options.minimum} for each of the"
                f" {len(sizes)} strata, or all of a smaller one"
            )
        return _allocate(sizes, weights, least, options.size)
    quotas = np.zeros(len(sizes), np.int64)
    kept = strata["kept"].to_numpy()
    for side in (kept, ~kept):
        if side.any():
            quotas[side] = _fewest(sizes[side], weights[side], least[side], options.half_width)
    return quotas


def _allocate(sizes: np.ndarray, weights: np.ndarray, least: np.ndarray, total: int) -> np.ndarray:
    """The minimum of each stratum, the rest in proportion to the weights, at most all of each."""
    more = min(total, int(sizes.sum())) - int(least.sum())
    return least + largest_remainder(np.where(sizes > least, weights, 0.0), more, sizes - least) if more > 0 else least


def _fewest(sizes: np.ndarray, weights: np.ndarray, least: np.ndarray, half_width: float) -> np.ndarray:
    """The smallest allocation, found by halving, whose interval is narrow enough."""
    low, high = int(least.sum()), int(sizes.sum())
    while low < high:
        middle = (low + high) // 2
        if worst_half_width(sizes, _allocate(sizes, weights, least, middle)) <= half_width:
            high = middle
        else:
            low = middle + 1
    return _allocate(sizes, weights, least, high)


def worst_half_width(sizes: np.ndarray, drawn: np.ndarray, confidence: float = 0.95) -> float:
    """Half width of the interval of a share estimated from a stratified sample, were it one half in every stratum.

    z * sqrt(sum of W^2 (1 - f) / (4 n)) with W = N / sum of N and f = n / N (Cochran 1977, section 5.9).

    Args:
        sizes: int (strata,), N, rows of each.
        drawn: int (strata,), n, at least 1 each.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = sizes / sizes.sum()
    variances = share**2 * (1 - drawn / sizes) / (4 * drawn)
    return z * sqrt(float(variances.sum()))


def order(sample: pl.DataFrame, reviewer: str, seed: int) -> list[str]:
    """Ids of a sample in the order in which a person is shown them: sensitive topics first, else at random.

    Everyone sees the same rows, each in their own order, so that tiring and learning do not fall on the same rows for
    all; and whoever stops early has answered a random part of every stratum.
    """
    mark = f"{seed}\x00{reviewer}\x00"
    rows = zip(sample["row_id"], sample["sensitive"], strict=True)
    return [
        row
        for _, _, row in sorted(
            (not first, xxhash.xxh3_64_intdigest((mark + row).encode()), row) for row, first in rows
        )
    ]
