"""Shares by language, source and topic: reported, and brought to a target by leaving rows out.

    side = concat(side(partition, options, topics) for each partition)
    balance = balance(side, options)       # drops, shares before and after, repeats

A target is reached by down-sampling: what there is too much of is thinned to whole quotas by largest remainder. What
there is too little of cannot be made up; the report says by which weight its rows would have to count more, and, where
`repeat` allows it, how often each row is to be read instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import polars as pl
import xxhash

from . import tables
from .dedup import order
from .errors import InputError
from .selection import largest_remainder
from .stage import DROPS

FIELDS = ("lang", "source", "topic")
UNKNOWN = "unknown"  # stands for a missing value in targets and reports

SHARES = pl.Schema(
    {
        "field": pl.String,
        "value": pl.String,
        "rows_before": pl.Int64,
        "rows_after": pl.Int64,
        "share_before": pl.Float64,
        "share_after": pl.Float64,
        "target": pl.Float64,  # null for values that no target names
        "weight": pl.Float64,  # by which its rows would have to count for the target to hold; null for none
    }
)
REPEATS = pl.Schema({"doc_id": pl.String, "copies": pl.Int64})


@dataclass(frozen=True)
class DiversityOptions:
    """Which shares are wanted and how rows are chosen.

    Attributes:
        targets: share wanted of each value, by field: `lang`, `source` or `topic` (the cluster), in the order in which
            they are brought about; `unknown` names missing values. Shares of a field sum to 1 at most; values that are
            not named share the rest in proportion to their rows, and are left out when there is no rest.
        total: rows to keep at each field. Null: as many as every target allows, so that targets hold to within a row.
        min_kept: least share of a field's rows that stays, whatever the targets ask: where a value is so scarce that
            its target would leave fewer, it is kept whole, and the others share the rest by their targets.
        repeat: most times a row may be read, 1 for no repeats. Above 1, scarce values fill their quota by repeats.
        keep: keep order: which rows of a value stay (see `dedup.order`); none for a choice at random.
        seed: of that choice: rows go by a hash of their id.
    """

    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    total: int | None = None
    min_kept: float = 0.0
    repeat: int = 1
    keep: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, shares in self.targets.items():
            if name not in FIELDS:
                raise InputError(f"diversity.targets: found {name!r}, expected some of {', '.join(FIELDS)}")
            total = sum(Fraction(str(share)) for share in shares.values())
            if not shares or min(shares.values()) < 0 or not 0 < total <= 1:
                raise InputError(
                    f"diversity.targets.{name}: found shares that sum to {float(total):g}, expected none negative and "
                    "a sum above 0 and at most 1"
                )
        if self.total is not None and self.total < 1:
            raise InputError(f"diversity.total: found {self.total}, expected at least 1")
        if not 0 <= self.min_kept <= 1:
            raise InputError(f"diversity.min_kept: found {self.min_kept}, expected 0 to 1")
        if self.repeat < 1:
            raise InputError(f"diversity.repeat: found {self.repeat}, expected at least 1")


@dataclass(frozen=True)
class Balance:
    """What balancing decides.

    Attributes:
        drops: schema `stage.DROPS`; `rule` is `diversity.` and the field, `value` the rows of that value before,
            `threshold` its quota.
        shares: schema `SHARES`, by field and value; before all and after all fields were balanced.
        repeats: rows to be read more than once, `doc_id` and `copies`; empty without `repeat`.
    """

    drops: pl.DataFrame
    shares: pl.DataFrame
    repeats: pl.DataFrame


def side(documents: pl.DataFrame, options: DiversityOptions, topics: pl.DataFrame | None = None) -> pl.DataFrame:
    """The narrow table of one partition: `doc_id`, `lang`, `source`, `topic` and the columns of the keep order.

    Args:
        documents: `doc_id`, `lang`, `source`, and the columns of the keep order (`length` is counted here).
        options: see there.
        topics: `doc_id` and `cluster_id` of these documents and any others; none where topics are not balanced.

    Raises:
        InputError: when topics are to be balanced and there are none, or for a keep order with an unknown column.
    """
    rows = documents
    if "length" in order.columns(options.keep) and "length" not in rows.columns:
        rows = rows.with_columns(length=pl.col("text").str.len_chars())
    order.ranked(rows.clear(), options.keep)  # says which column is missing
    if topics is None:
        if "topic" in options.targets:
            raise InputError("diversity.targets.topic: found no clusters, expected documents that were clustered")
        rows = rows.with_columns(topic=pl.lit(None, pl.String))
    else:
        chosen = topics.select("doc_id", topic=pl.col("cluster_id").cast(pl.String))
        rows = rows.join(chosen, on="doc_id", how="left", maintain_order="left")
    values = [pl.col(name).cast(pl.String).fill_null(UNKNOWN) for name in FIELDS]
    return rows.select("doc_id", *values, *(n for n in order.columns(options.keep) if n not in ("doc_id", *FIELDS)))


def balance(side: pl.DataFrame, options: DiversityOptions) -> Balance:
    """Choose the rows that stay.

    Fields are brought to their targets one after the other, each among the rows that the former left, so that a later
    field may move the shares of an earlier one; the report says where they ended. Independent of the order of rows.

    Args:
        side: rows of all partitions, in any order.
        options: see there.
    """
    rows = _ranked(side, options).with_columns(copies=pl.lit(1, pl.Int64))
    before, drops = rows, []
    for name, shares in options.targets.items():
        rows, dropped = _thinned(rows, name, shares, options)
        drops.append(dropped)
    gone = pl.concat([tables.empty(DROPS), *drops]).sort("doc_id")
    repeats = rows.filter(pl.col("copies") > 1).select("doc_id", "copies").sort("doc_id")
    report = [_report(before, rows, name, options.targets.get(name, {})) for name in FIELDS]
    return Balance(gone, pl.concat(report), repeats.cast(REPEATS))


def _ranked(side: pl.DataFrame, options: DiversityOptions) -> pl.DataFrame:
    """Rows with those that stay first: in keep order, or by a hash of seed and id."""
    if options.keep:
        return order.ranked(side, options.keep)
    keys = [xxhash.xxh3_64_intdigest(doc_id.encode(), seed=options.seed) for doc_id in side["doc_id"]]
    return side.with_columns(draw=pl.Series(keys, dtype=pl.UInt64)).sort("draw", "doc_id").drop("draw")


def _thinned(
    rows: pl.DataFrame, name: str, shares: Mapping[str, float], options: DiversityOptions
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that one field's targets leave, with their copies, and the drops."""
    counts = rows.group_by(pl.col(name).alias("value")).agg(rows=pl.len().cast(pl.Int64)).sort("value")
    quotas = counts.with_columns(quota=pl.Series(_quotas(counts, shares, options), dtype=pl.Int64))
    place = pl.int_range(pl.len(), dtype=pl.Int64).over(name)
    rows = rows.with_columns(place=place).join(
        quotas, left_on=name, right_on="value", how="left", maintain_order="left"
    )
    # Quota q of n rows: each is read q // n times, and the first q % n once more.
    copies = pl.col("quota") // pl.col("rows") + (pl.col("place") < pl.col("quota") % pl.col("rows")).cast(pl.Int64)
    rows = rows.with_columns(copies=pl.col("copies") * copies)
    dropped = rows.filter(pl.col("copies") == 0).select(
        "doc_id",
        rule=pl.lit(f"diversity.{name}"),
        value=pl.col("rows").cast(pl.Float64),
        threshold=pl.col("quota").cast(pl.Float64),
        detail=pl.col(name),
    )
    return rows.filter(pl.col("copies") > 0).drop("place", "rows", "quota"), tables.complete(dropped, DROPS)


def _quotas(counts: pl.DataFrame, shares: Mapping[str, float], options: DiversityOptions) -> np.ndarray:
    """Rows that each value gets, in the order of `counts`."""
    values, rows = counts["value"].to_list(), counts["rows"].to_list()
    wanted = [Fraction(str(shares[value])) if value in shares else None for value in values]
    unnamed = sum(count for count, share in zip(rows, wanted, strict=True) if share is None)
    rest = 1 - sum(Fraction(str(share)) for share in shares.values())
    weights = [
        share if share is not None else rest * Fraction(count, unnamed)
        for count, share in zip(rows, wanted, strict=True)
    ]
    if not sum(weights):
        return np.zeros(len(rows), np.int64)
    # Values without a row leave their share to the others.
    weights = [weight / sum(weights) for weight in weights]
    capacities = [count * options.repeat for count in rows]
    total = options.total
    if total is None:
        # No value runs short, and nothing is repeated beyond what keeps the commonest value whole.
        total = int(min(count / weight for count, weight in zip(capacities, weights, strict=True) if weight))
        total = min(total, int(max(count / weight for count, weight in zip(rows, weights, strict=True) if weight)))
        total = max(total, int(np.ceil(options.min_kept * sum(rows))))
    return largest_remainder([float(weight) for weight in weights], total, capacities)


def _report(before: pl.DataFrame, after: pl.DataFrame, name: str, targets: Mapping[str, float]) -> pl.DataFrame:
    """Shares of one field before and after; rows that are repeated count as often."""
    value = pl.col(name).alias("value")
    was = before.group_by(value).agg(rows_before=pl.len().cast(pl.Int64))
    stays = after.group_by(value).agg(rows_after=pl.col("copies").sum())
    wanted = pl.DataFrame({"value": list(targets), "target": [float(share) for share in targets.values()]},
                          schema={"value": pl.String, "target": pl.Float64})  # fmt: skip
    rows = was.join(stays, on="value", how="left").join(wanted, on="value", how="full", coalesce=True)
    rows = rows.with_columns(pl.col("rows_before", "rows_after").fill_null(0), field=pl.lit(name))
    for when in ("before", "after"):
        total = int(rows[f"rows_{when}"].sum())
        rows = rows.with_columns((pl.col(f"rows_{when}") / max(total, 1)).alias(f"share_{when}"))
    weight = pl.when(pl.col("share_after") > 0).then(pl.col("target") / pl.col("share_after"))
    return rows.with_columns(weight=weight).select(SHARES.names()).cast(SHARES).sort("value")
