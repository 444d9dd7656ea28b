"""What answers to a sample say of all rows: how many were kept rightly, and how many each rule dropped wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl

DRAWS = 20_000  # of the interval of recall: its ends move by less than a third of a point with another seed


@dataclass(frozen=True)
class Stratum:
    """What was counted in one stratum.

    Attributes:
        population: its rows.
        answered: rows drawn from it that people decided.
        hits: those of the answered that are what is counted.
    """

    population: int
    answered: int
    hits: int


@dataclass(frozen=True)
class Share:
    """An estimated share of rows with its 95 % interval.

    Attributes:
        share: none where nothing was answered, low and high then 0 and 1.
        effective: rows of a simple random sample that would be as exact; infinite where every row was answered.
        answered: rows that people decided.
        population: rows that the share speaks of.
        covered: rows of them in strata with an answer; the others are not in the share.
    """

    share: float | None
    low: float
    high: float
    effective: float
    answered: int
    population: int
    covered: int


def share_of(strata: Sequence[Stratum], confidence: float = 0.95) -> Share:
    """A share estimated from a stratified sample: each row weighs the inverse of its probability to be answered.

    The estimate is the sum of N/N_all * hits/n over the strata, its variance that of a stratified sample with finite
    populations (Cochran 1977, section 5.3), its interval Wilson's at the effective sample size share * (1 - share) /
    variance (Franco, Little, Louis and Slud 2019, Journal of Survey Statistics and Methodology 7), which is taken as no
    larger than equal strata would give, so that strata whose few answers agree by luck do not narrow it. Rows that
    nobody decided are taken as missing at random in their stratum.
    """
    population = sum(stratum.population for stratum in strata)
    known = [stratum for stratum in strata if stratum.answered]
    covered = sum(stratum.population for stratum in known)
    answered = sum(stratum.answered for stratum in known)
    if not known:
        return Share(None, 0.0, 1.0, 0.0, 0, population, 0)
    share = sum(s.population * s.hits / s.answered for s in known) / covered
    variance = spread = 0.0
    for s in known:
        left = (s.population / covered) ** 2 * (1 - s.answered / s.population)
        own = s.hits / s.answered
        inside = own * (1 - own) / (s.answered - 1) if s.answered > 1 else share * (1 - share)
        variance += left * inside
        spread += left / s.answered
    equal_strata = 1 / spread if spread else inf
    effective = min(share * (1 - share) / variance, equal_strata) if variance else equal_strata
    low, high = _wilson(share, effective, confidence)
    return Share(share, low, high, effective, answered, population, covered)


def _wilson(share: float, size: float, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share at an effective sample size, which is no whole number; see `metrics.intervals`."""
    if size == inf:
        return share, share
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = share + z * z / (2 * size)
    spread = z * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    scale = 1 + z * z / size
    return max(0.0, (centre - spread) / scale) if share else 0.0, min(
        1.0, (centre + spread) / scale
    ) if share < 1 else 1.0


def recall_of(kept: Share, dropped: Share, confidence: float = 0.95, seed: int = 17) -> Share:
    """Of all rows that people would keep, the share that was kept.

    Args:
        kept: share of the kept rows that people would keep.
        dropped: share of the dropped rows that people would keep.
        confidence: of the interval: quantiles of the ratio under Jeffreys' distributions of the two shares at their
            effective sizes (Brown, Cai and DasGupta 2001), which stay open where a share is 0 or 1.
        seed: of the 20 000 draws.
    """
    answered, population = kept.answered + dropped.answered, kept.population + dropped.population
    covered = kept.covered + dropped.covered
    effective = min(kept.effective, dropped.effective)
    nothing = Share(None, 0.0, 1.0, effective, answered, population, covered)
    if kept.share is None or (dropped.share is None and dropped.population):
        return nothing
    generator = np.random.default_rng(seed)
    good, lost = kept.population * kept.share, dropped.population * (dropped.share or 0.0)
    if not good + lost:
        return nothing
    goods, losts = kept.population * _jeffreys(kept, generator), dropped.population * _jeffreys(dropped, generator)
    tail = (1 - confidence) / 2
    totals = goods + losts
    ratios = np.divide(goods, totals, out=np.zeros_like(goods), where=totals > 0)
    low, high = (float(np.quantile(ratios, at)) for at in (tail, 1 - tail))
    share = good / (good + lost)
    return Share(share, min(low, share), max(high, share), effective, answered, population, covered)


def _jeffreys(known: Share, generator: np.random.Generator) -> np.ndarray:
    share = known.share or 0.0
    if known.effective == inf or not known.population:
        return np.full(DRAWS, share)
    return generator.beta(share * known.effective + 0.5, (1 - share) * known.effective + 0.5, DRAWS)


MEASURES = pl.Schema(
    {
        "measure": pl.String,  # precision, recall, wrong_drops
        "rule": pl.String,  # of wrong drops; null for those of all rules
        "share": pl.Float64,  # null where nothing was answered
        "low": pl.Float64,
        "high": pl.Float64,
        "people_keep": pl.Int64,  # answered rows, unweighted
        "people_drop": pl.Int64,
        "drawn": pl.Int64,  # rows of the sample, answered or not
        "population": pl.Int64,
        "covered": pl.Int64,
    }
)


def measures(judged: pl.DataFrame) -> pl.DataFrame:
    """Precision and recall of keeping, and the share of wrong drops of all rules and of each.

    A wrong drop is a dropped row that people would keep.

    Args:
        judged: columns of `sampling.SAMPLE` and `answer`: keep or drop, null where people decided nothing.

    Returns:
        Schema `MEASURES`, rules sorted by name.
    """
    counted = (
        judged.group_by("kept", "rule", "stratum", "population")
        .agg(
            pl.len().alias("drawn"),
            (pl.col("answer") == "keep").sum().alias("keep"),
            (pl.col("answer") == "drop").sum().alias("drop"),
        )
        .sort("kept", "rule", "stratum")
    )
    kept, dropped = counted.filter("kept"), counted.filter(~pl.col("kept"))
    precision, wrong = share_of(_to_strata(kept)), share_of(_to_strata(dropped))
    rows = [
        _measure("precision", None, precision, kept),
        _measure("recall", None, recall_of(precision, wrong), counted),
        _measure("wrong_drops", None, wrong, dropped),
    ]
    for rule in dropped["rule"].unique().sort():
        part = dropped.filter(pl.col("rule").eq_missing(pl.lit(rule, pl.String)))
        rows.append(_measure("wrong_drops", rule or "unknown", share_of(_to_strata(part)), part))
    return pl.DataFrame(rows, schema=MEASURES, orient="row")


def _to_strata(counted: pl.DataFrame) -> list[Stratum]:
    columns = counted.select("population", (pl.col("keep") + pl.col("drop")).alias("answered"), "keep")
    return [Stratum(*(int(value) for value in row)) for row in columns.iter_rows()]


def _measure(name: str, rule: str | None, share: Share, counted: pl.DataFrame) -> tuple[object, ...]:
    counts = (int(counted[column].sum()) for column in ("keep", "drop", "drawn"))
    return (name, rule, share.share, share.low, share.high, *counts, share.population, share.covered)
