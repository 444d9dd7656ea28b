"""Statistical outliers: documents whose scores lie far from those of their language and source.

    side = concat(side(partition's documents, partition's scores, options) for each partition)
    bounds = bounds(side, options)      # data: stored, shown, and enough to decide again
    dropped = decide(side, bounds, options)

Bounds come from order statistics alone (nearest ranks, medians), so that they do not depend on the order of rows.
"""

from dataclasses import dataclass

import polars as pl

from .clusters import SPREAD
from .errors import InputError
from .stage import DROPS

METHODS = ("deviation", "quantile")
BY = ("lang", "source")
TOO_FEW, NO_SPREAD = "too few rows", "no spread"

BOUNDS = pl.Schema(
    {
        "lang": pl.String,  # null where the bounds are not per language, or the language is not known
        "source": pl.String,
        "score": pl.String,
        "rows": pl.Int64,  # with this score
        "median": pl.Float64,
        "deviation": pl.Float64,  # median absolute deviation from the median
        "low": pl.Float64,  # smallest and largest value that pass; null: no bound
        "high": pl.Float64,
        "left_alone": pl.String,  # why there is no bound: too few rows, no spread
    }
)


@dataclass(frozen=True)
class OutlierOptions:
    """Which scores are looked at and what counts as far.

    Attributes:
        scores: names of scores as the rules have them (`gopher.mean_word_length`), in the order of deciding.
        method: `deviation` (from the median, in median absolute deviations scaled by 1.4826, which is the standard
            deviation for a normal distribution; Hampel 1974) or `quantile`.
        deviations: largest distance that passes, for `deviation`.
        low_quantile: share of rows below the lower bound, for `quantile`; null for no lower bound.
        high_quantile: share of rows up to the upper bound; null for no upper bound.
        by: groups that have bounds of their own: `lang`, `source`, both or neither.
        min_rows: rows with the score from which a group is judged; a smaller one is left alone.
    """

    scores: tuple[str, ...]
    method: str = "deviation"
    deviations: float = 8.0
    low_quantile: float | None = 0.001
    high_quantile: float | None = 0.999
    by: tuple[str, ...] = BY
    min_rows: int = 500

    def __post_init__(self) -> None:
        if not self.scores:
            raise InputError("outliers.scores: found none, expected names of scores")
        if self.method not in METHODS:
            raise InputError(f"outliers.method: found {self.method!r}, expected one of {', '.join(METHODS)}")
        if not self.deviations > 0:
            raise InputError(f"outliers.deviations: found {self.deviations}, expected more than 0")
        low, high = self.low_quantile or 0.0, 1.0 if self.high_quantile is None else self.high_quantile
        if not 0 <= low < high <= 1:
            raise InputError(f"outliers quantiles: found {low} to {high}, expected 0 <= low < high <= 1")
        if not set(self.by) <= set(BY):
            raise InputError(f"outliers.by: found {list(self.by)}, expected some of {', '.join(BY)}")
        if self.min_rows < 1:
            raise InputError(f"outliers.min_rows: found {self.min_rows}, expected at least 1")


def side(documents: pl.DataFrame, scores: pl.DataFrame, options: OutlierOptions) -> pl.DataFrame:
    """The narrow table of one partition: `doc_id`, `lang`, `source` and the scores that are looked at.

    Args:
        documents: `doc_id`, `lang`, `source` of the rows that are still there.
        scores: `doc_id` and a column for each score, of these rows and any others.
        options: see there.

    Raises:
        InputError: for a score that the table does not have.
    """
    missing = [name for name in options.scores if name not in scores.columns]
    if missing:
        raise InputError(f"outliers.scores: found {missing[0]!r}, expected one of {', '.join(scores.columns[1:])}")
    chosen = scores.select("doc_id", *options.scores)
    return documents.select("doc_id", "lang", "source").join(chosen, on="doc_id", how="inner", maintain_order="left")


def bounds(side: pl.DataFrame, options: OutlierOptions) -> pl.DataFrame:
    """Bounds of every score in every group, and why a group has none; schema `BOUNDS`, by group and score.

    A quantile is the value at the nearest rank: with the high quantile q of n rows at most n - ceil(q n) lie above it.
    Rows without the score (null, not a number) do not count. Where more than half of the values are the same, the
    median deviation is 0 and the group is left alone.
    """
    values = _long(side, options).filter(pl.col("value").is_finite())
    groups = values.group_by("lang", "source", "score").agg(
        rows=pl.len().cast(pl.Int64), median=pl.col("value").median(), sorted=pl.col("value").sort()
    )
    groups = groups.with_columns(
        deviation=pl.col("sorted").list.eval((pl.element() - pl.element().median()).abs().median()).list.first()
    )
    few = pl.when(pl.col("rows") < options.min_rows).then(pl.lit(TOO_FEW))
    alone: pl.Expr = few
    if options.method == "deviation":
        far = pl.col("deviation") * (SPREAD * options.deviations)
        low, high = pl.col("median") - far, pl.col("median") + far
        alone = few.when(pl.col("deviation") == 0).then(pl.lit(NO_SPREAD))
    else:
        low, high = _ranked(options.low_quantile, "low"), _ranked(options.high_quantile, "high")
    groups = groups.with_columns(left_alone=alone, low=low, high=high)
    judged = pl.col("left_alone").is_null()
    groups = groups.with_columns(pl.when(judged).then(pl.col(name)).alias(name) for name in ("low", "high"))
    return groups.select(BOUNDS.names()).cast(BOUNDS).sort("lang", "source", "score")


def _long(side: pl.DataFrame, options: OutlierOptions) -> pl.DataFrame:
    """A row for each document and score: `doc_id`, `lang`, `source` (null when not grouped by), `score`, `value`."""
    ungrouped = [pl.lit(None, pl.String).alias(name) for name in BY if name not in options.by]
    rows = side.with_columns(pl.col(options.scores).cast(pl.Float64)).with_columns(ungrouped)
    return rows.unpivot(options.scores, index=["doc_id", *BY], variable_name="score", value_name="value")


def _ranked(quantile: float | None, side: str) -> pl.Expr:
    """The value at the nearest rank of a quantile of the sorted values; null for none."""
    if quantile is None:
        return pl.lit(None, pl.Float64)
    exact = pl.col("rows") * quantile
    rank = exact.floor() if side == "low" else exact.ceil() - 1
    return pl.col("sorted").list.get(rank.clip(0, pl.col("rows") - 1).cast(pl.Int64))


def decide(side: pl.DataFrame, bounds: pl.DataFrame, options: OutlierOptions) -> pl.DataFrame:
    """Rows beyond the bounds of their group, each by the first score that is; schema `DROPS`, by id.

    `rule` is `outlier.` and the score, `threshold` the bound that the value broke, `detail` the group and its size.
    """
    order = {name: place for place, name in enumerate(options.scores)}
    rows = _long(side, options).join(bounds, on=["lang", "source", "score"], how="inner", nulls_equal=True)
    broken = pl.when(pl.col("value") > pl.col("high")).then("high").when(pl.col("value") < pl.col("low")).then("low")
    rows = rows.filter(pl.col("value").is_finite()).with_columns(threshold=broken)
    rows = rows.filter(pl.col("threshold").is_not_null())
    rows = rows.with_columns(place=pl.col("score").replace_strict(order, return_dtype=pl.Int64))
    first = rows.sort("doc_id", "place").unique("doc_id", keep="first", maintain_order=True)
    return first.select(
        "doc_id",
        rule=pl.lit("outlier.") + pl.col("score"),
        value="value",
        threshold="threshold",
        duplicate_of=pl.lit(None, pl.String),
        similarity=pl.lit(None, pl.Float64),
        cluster_id=pl.lit(None, pl.Int64),
        detail=pl.struct("lang", "source", "rows", "median", "deviation").struct.json_encode(),
    ).cast(DROPS)
