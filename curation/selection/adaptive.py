"""Spending a budget on what was forgotten most: from an evaluation table to whole numbers that sum."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import tables
from ..errors import InputError
from .quotas import largest_remainder

FORGOTTEN = pl.Schema(
    {
        "task": pl.String,
        "cluster": pl.Int64,  # null for the whole task
        "items": pl.Int64,
        "before": pl.Float64,  # mean score, over the task's metrics where it has several
        "after": pl.Float64,
        "forgotten": pl.Float64,  # what was lost, a share of 1; negative where something was gained
    }
)
LOWER_IS_BETTER = frozenset({"bits_per_byte"})
SECOND_VIEWS = frozenset({"choice_per_byte"})  # of items that are scored by another metric already


@dataclass(frozen=True)
class AdaptiveOptions:
    """How forgetting decides over a budget.

    Attributes:
        before: model of the evaluation table that still knew; the first in the table unless named.
        after: model that forgot; the last in the table unless named.
        margin: loss, a share of 1, that is no forgetting yet.
        floor: share of the budget that is spent equally, whatever was forgotten: what is not rehearsed at all is
            forgotten next.
    """

    before: str | None = None
    after: str | None = None
    margin: float = 0.02
    floor: float = 0.25

    def __post_init__(self) -> None:
        for name in ("margin", "floor"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"adaptive rehearsal: {name} is {getattr(self, name)}, expected 0 to 1")


def weights(forgotten: Sequence[float], margin: float, floor: float) -> np.ndarray:
    """Shares of a budget: `floor` of it in equal parts, the rest in proportion to what was forgotten above the margin.

    Where nothing was forgotten above the margin all parts are equal.

    Returns:
        float64 (n,), summing to 1 but for rounding.
    """
    lost = np.maximum(np.asarray(forgotten, dtype=np.float64) - margin, 0.0)
    equal = np.full(len(lost), 1.0 / max(1, len(lost)))
    total = math.fsum(lost)
    return equal if total == 0 else floor * equal + (1 - floor) * lost / total


def allocate(forgotten: Sequence[float], total: int, margin: float, floor: float) -> np.ndarray:
    """A budget shared out by `weights`, by largest remainder: int64 (n,), summing to exactly `total`.

    Each part is at least the whole number of `floor * total / n`.
    """
    if not len(forgotten):
        return np.empty(0, np.int64)
    return largest_remainder(weights(forgotten, margin, floor), total)


def forgetting(evaluation: pl.DataFrame, options: AdaptiveOptions) -> pl.DataFrame:
    """What one model lost against another: for every task, and for every cluster of its items where they have any.

    Scores of an item are averaged over seeds, items over the task, and losses over its metrics. Of a metric that is
    better when lower (bits per byte), the loss is the relative increase, so that it can stand beside shares.

    Args:
        evaluation: schema `tables.EVALUATION`.
        options: which models are compared.

    Returns:
        Schema `FORGOTTEN`, by task and cluster, the whole task first.

    Raises:
        InputError: for a model that is not in the table, fewer than two models, models asked other items, or a score
            of them that is no number from 0 on.
    """
    before, after = _models(evaluation, options)
    scored = evaluation.filter(pl.col("score").is_not_null() & ~pl.col("metric").is_in(sorted(SECOND_VIEWS)))
    _numbers(scored.filter(pl.col("model").is_in([before, after])))
    rows = []
    for (task,), part in sorted(scored.partition_by("task", as_dict=True).items(), key=lambda pair: str(pair[0])):
        clusters = sorted(part["cluster"].drop_nulls().unique().to_list())
        for cluster in [None, *clusters]:
            chosen = part if cluster is None else part.filter(pl.col("cluster") == cluster)
            rows.append({"task": task, "cluster": cluster, **_lost(str(task), chosen, before, after)})
    return pl.DataFrame(rows, schema=FORGOTTEN)


def _models(evaluation: pl.DataFrame, options: AdaptiveOptions) -> tuple[str, str]:
    tables.check(evaluation, tables.EVALUATION)
    models = evaluation["model"].unique(maintain_order=True).to_list()
    for name in (options.before, options.after):
        if name is not None and name not in models:
            raise InputError(f"evaluation: no model {name!r}, expected one of {', '.join(map(repr, models))}")
    if len(models) < 2:
        raise InputError(f"evaluation: found {len(models)} models, expected one before and one after training")
    before, after = options.before or models[0], options.after or models[-1]
    if before == after:
        raise InputError(f"evaluation: {before!r} is both before and after, expected two models")
    return before, after


def _numbers(scored: pl.DataFrame) -> None:
    """Refuse scores that say nothing: one of them would decide over every task's part."""
    odd = scored.filter(~(pl.col("score").is_finite() & (pl.col("score") >= 0)))
    if odd.height:
        model, task, item, score = odd.select("model", "task", "item", "score").row(0)
        raise InputError(
            f"evaluation: task {task!r}, item {item!r} of {model!r} has the score {score} ({odd.height} of "
            f"{scored.height} scores are such), expected numbers from 0 on"
        )


def _lost(task: str, part: pl.DataFrame, before: str, after: str) -> dict[str, float | int]:
    """Means before and after, and what was lost, of the rows of one task or cluster."""
    losses, means, items = [], [], 0
    for metric in sorted(part["metric"].unique().to_list()):
        old, new = (_items(part, model, metric) for model in (before, after))
        if old.keys() != new.keys():
            raise InputError(
                f"evaluation: task {task!r}, {metric}: {before!r} has {len(old)} items and {after!r} {len(new)}, "
                f"{len(old.keys() ^ new.keys())} of them unlike, expected the same items of both"
            )
        first, last = (math.fsum(found.values()) / len(found) for found in (old, new))
        lower = metric in LOWER_IS_BETTER
        losses.append((last - first) / first if lower and first > 0 else first - last if not lower else 0.0)
        means.append((first, last))
        items = max(items, len(old))
    count = len(losses)
    return {
        "items": items,
        "before": math.fsum(first for first, _ in means) / count,
        "after": math.fsum(last for _, last in means) / count,
        "forgotten": math.fsum(losses) / count,
    }


def _items(part: pl.DataFrame, model: str, metric: str) -> dict[str, float]:
    """Mean score over seeds and stages of each item."""
    found: dict[str, list[float]] = {}
    rows = part.filter((pl.col("model") == model) & (pl.col("metric") == metric))
    for item, score in rows.select("item", "score").iter_rows():
        found.setdefault(item, []).append(score)
    return {item: math.fsum(scores) / len(scores) for item, scores in sorted(found.items())}
