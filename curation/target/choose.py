"""From scores of all documents to those that go: by number, share or threshold, by score or by Gumbel top-k."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from .. import stage
from ..errors import InputError
from ..sample import hashes


@dataclass(frozen=True)
class ChooseOptions:
    """How many documents are kept and which: exactly one of number, share and threshold is given.

    Attributes:
        number: documents to keep; all where there are no more.
        share: of the documents to keep, rounded to the nearest whole number, more than 0 and at most 1.
        threshold: least score that is kept.
        gumbel: add Gumbel noise to the scores before the best are kept: a draw without replacement in proportion to
            the exponential of the score (Kool et al. 2019; DSIR, section 3), which keeps variety. Not with a threshold.
        seed: of the noise.
    """

    number: int | None = None
    share: float | None = None
    threshold: float | None = None
    gumbel: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        given = [name for name in ("number", "share", "threshold") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(f"choice by {given or 'nothing'}, expected exactly one of number, share, threshold")
        if self.number is not None and self.number < 0:
            raise InputError(f"choice: number is {self.number}, expected 0 or more")
        if self.share is not None and not 0 < self.share <= 1:
            raise InputError(f"choice: share is {self.share}, expected more than 0 and at most 1")
        if self.gumbel and self.threshold is not None:
            raise InputError("choice: gumbel with a threshold, expected it with a number or a share")


def decide(scored: pl.DataFrame, options: ChooseOptions, rule: str) -> pl.DataFrame:
    """Documents that are not chosen, independent of the order of rows.

    Args:
        scored: `doc_id` (unique), `score` (the higher the better; null is never chosen), rows of all partitions.
        options: how many and which.
        rule: name for the ledger, such as `target.importance`.

    Returns:
        Schema `stage.DROPS`, by `doc_id`: `value` is the score (with its noise, which `detail` then names),
        `threshold` the least that was kept, null where nothing was. Of equal scores the smaller id is kept.
    """
    rows = scored.select("doc_id", pl.col("score").cast(pl.Float64).fill_nan(None))
    if options.gumbel:
        rows = rows.with_columns(noise=gumbel(rows["doc_id"], options.seed))
        rows = rows.with_columns(value=pl.col("score") + pl.col("noise"))
    else:
        rows = rows.with_columns(value=pl.col("score"))
    ranked = rows.sort(["value", "doc_id"], descending=[True, False], nulls_last=True)
    kept = _count(ranked, options)
    least = options.threshold if options.threshold is not None else (ranked["value"][kept - 1] if kept else None)
    gone = ranked[kept:]
    detail = pl.lit(None, pl.String)
    if options.gumbel:
        detail = pl.format("score {} + Gumbel noise {}", "score", "noise")
    return gone.select(
        "doc_id",
        rule=pl.lit(rule),
        value="value",
        threshold=pl.lit(least, pl.Float64),
        duplicate_of=pl.lit(None, pl.String),
        similarity=pl.lit(None, pl.Float64),
        cluster_id=pl.lit(None, pl.Int64),
        detail=detail,
    ).sort("doc_id").cast(stage.DROPS)  # fmt: skip


def gumbel(ids: pl.Series, seed: int) -> pl.Series:
    """Standard Gumbel noise of each id, Float64: drawn by the seeded hash of the id, so never by its place."""
    uniform = ((hashes(ids, seed).to_numpy() >> np.uint64(11)).astype(np.float64) + 0.5) / float(1 << 53)
    return pl.Series("noise", -np.log(-np.log(uniform)), dtype=pl.Float64)


def _count(ranked: pl.DataFrame, options: ChooseOptions) -> int:
    """How many of the ranked rows are kept."""
    present = ranked.height - ranked["value"].null_count()
    if options.threshold is not None:
        return int((ranked["value"] >= options.threshold).sum())
    if options.share is not None:
        exact = Fraction(str(options.share)) * ranked.height
        return min(present, int(exact + Fraction(1, 2)))
    return min(present, options.number or 0)
