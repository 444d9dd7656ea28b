"""What training taught and what it cost: every task before and after, learning and forgetting always together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from curation.errors import InputError
from curation.metrics import intervals

from .evaluate import LOWER_IS_BETTER, weight

ALPHA = 0.05  # of the tests, over all tasks of a model together
SECOND_VIEWS = {"choice_per_byte": "choice", "acc_norm": "acc"}  # of items that count already, where the other is there
COMPARISON = pl.Schema(
    {
        "model": pl.String,
        "stage": pl.String,
        "task": pl.String,
        "metric": pl.String,
        "kind": pl.String,  # new: what training was to teach; old: all else
        "items": pl.Int64,
        "before": pl.Float64,
        "after": pl.Float64,
        "difference": pl.Float64,  # after - before, in the metric's unit
        "low": pl.Float64,
        "high": pl.Float64,
        "p": pl.Float64,
        "p_holm": pl.Float64,  # over the tasks of one model
        "p_margin": pl.Float64,  # with a margin: against a loss of the margin or more
        "p_margin_holm": pl.Float64,
        "kept": pl.Boolean,  # p_margin_holm at most ALPHA: less than the margin was lost, perhaps something gained
        "equivalent": pl.Boolean,  # by two one-sided tests, adjusted alike: no change of the margin either way
    }
)
SUMMARY = pl.Schema(
    {
        "model": pl.String,
        "stage": pl.String,
        "unit": pl.String,  # score: metrics of 0..1 together; or bits_per_byte
        "learned": pl.Float64,  # mean gain over new tasks
        "learned_low": pl.Float64,
        "learned_high": pl.Float64,
        "forgotten": pl.Float64,  # mean loss over old tasks
        "forgotten_low": pl.Float64,
        "forgotten_high": pl.Float64,
        "kept": pl.Boolean,  # with a margin: forgotten less than it, by a one-sided test at 5 %
    }
)


def compare(
    evaluation: pl.DataFrame,
    base: str,
    new_tasks: Collection[str] = (),
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    margin: float | None = None,
) -> pl.DataFrame:
    """Every task and metric of every model against the base, paired by item; schema `COMPARISON`.

    Intervals and p come from a paired bootstrap over sources, and over seeds where a model has several
    (`curation.metrics.intervals`); `p_holm` is p adjusted over the tasks of a model (Holm 1979). A task of a single
    source has neither, since nothing can be drawn. Bits per byte are those of the corpus: texts weigh as their bytes.

    Args:
        evaluation: schema `tables.EVALUATION`.
        base: the model in it that training started from.
        new_tasks: tasks that training was to teach.
        confidence: of the intervals.
        resamples: draws of the bootstrap.
        seed: of the draws.
        margin: loss that counts as none, in the unit of the scores, fixed before looking; `kept` and `equivalent` are
            null without it.

    Raises:
        InputError: when the base is not in the table, a new task is not, or a model was asked other items than it.
    """
    _check(evaluation, base, new_tasks)
    rows = []
    for (model, stage), part in _models(evaluation, base):
        compared = []
        for (task, metric), _ in part.group_by("task", "metric", maintain_order=True):
            pair = _paired(evaluation, base, part, str(task), str(metric))
            row: dict[str, Any] = {
                "model": model,
                "stage": stage,
                "task": task,
                "metric": metric,
                "kind": "new" if task in new_tasks else "old",
                "items": len(pair.sources),
                "before": pair.mean(pair.before),
                "after": pair.mean(pair.after),
                "difference": pair.mean(pair.after - pair.before),
            }
            if len(set(pair.sources)) > 1:
                row |= _tested(pair, str(metric), margin, confidence, resamples, seed)
            compared.append(row)
        rows += _adjusted(compared)
    return pl.DataFrame(rows, schema=COMPARISON)


def _tested(
    pair: "_Pair", metric: str, margin: float | None, confidence: float, resamples: int, seed: int
) -> dict[str, Any]:
    drawn = (resamples, seed, pair.weights)
    found = intervals.paired_bootstrap(pair.before, pair.after, pair.sources, confidence, *drawn)
    row: dict[str, Any] = {"low": found.low, "high": found.high, "p": found.p}
    if margin is not None:
        first, second = (pair.after, pair.before) if metric in LOWER_IS_BETTER else (pair.before, pair.after)
        tested = intervals.equivalence(first, second, margin, pair.sources, ALPHA, *drawn, _largest(metric))
        row |= {"p_margin": tested.p_no_worse, "equivalent": tested.p_equivalent}
    return row


def _adjusted(compared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one model with their p values adjusted over its tasks, and what follows from them."""

    def holm(key: str) -> dict[int, float]:
        found = {str(at): row[key] for at, row in enumerate(compared) if row.get(key) is not None}
        return {int(at): p for at, p in intervals.holm(found).items()}

    changed, lost, moved = holm("p"), holm("p_margin"), holm("equivalent")
    for at, row in enumerate(compared):
        row["p_holm"], row["p_margin_holm"] = changed.get(at), lost.get(at)
        row["kept"] = lost[at] <= ALPHA if at in lost else None
        row["equivalent"] = moved[at] <= ALPHA if at in moved else None
    return compared


def summarise(
    evaluation: pl.DataFrame,
    base: str,
    new_tasks: Collection[str] = (),
    margin: float | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pl.DataFrame:
    """Learning and forgetting of every model side by side, each task counting the same; schema `SUMMARY`.

    Both are positive where the word says so: `learned` is the mean over new tasks of what was gained, `forgotten` the
    mean over old tasks of what was lost (a negative value is a gain). Sources of all tasks are drawn together, so the
    intervals also cover which items a task happens to have. Null where a model has no task of the kind.

    Args:
        margin: what counts as no forgetting, in the unit of the scores, fixed before looking.

    Raises:
        InputError: as `compare`.
    """
    _check(evaluation, base, new_tasks)
    primary = first_views(evaluation)
    rows = []
    for (model, stage), part in _models(primary, base):
        for unit in sorted({_unit(metric) for metric in part["metric"].unique()}):
            row: dict[str, object] = {"model": model, "stage": stage, "unit": unit}
            for name, is_new in (("learned", True), ("forgotten", False)):
                chosen = part.filter(
                    (pl.col("task").is_in(list(new_tasks)) == is_new)
                    & pl.col("metric").is_in([metric for metric in part["metric"].unique() if _unit(metric) == unit])
                )
                if chosen.is_empty():
                    continue
                gains, sources = _gains(primary, base, chosen)
                row |= _mean(name, gains if is_new else -gains, sources, confidence, resamples, seed)
                if not is_new and margin is not None and len(set(sources)) > 1:
                    nothing = np.zeros_like(gains)
                    row["kept"] = intervals.equivalence(
                        nothing, gains, margin, sources, resamples=resamples, seed=seed, largest=_largest(unit)
                    ).no_worse
            rows.append(row)
    return pl.DataFrame(rows, schema=SUMMARY)


def _mean(
    name: str, gains: np.ndarray, sources: Sequence[str], confidence: float, resamples: int, seed: int
) -> dict[str, float]:
    row = {name: float(gains.mean())}
    if len(set(sources)) > 1:
        found = intervals.paired_bootstrap(np.zeros_like(gains), gains, sources, confidence, resamples, seed)
        row |= {f"{name}_low": found.low, f"{name}_high": found.high}
    return row


def first_views(evaluation: pl.DataFrame) -> pl.DataFrame:
    """The rows that count: without a second view of items (`choice_per_byte`) where the first one is there."""
    there = set(evaluation.select("task", "metric").unique().rows())
    extra = [(task, second) for second, first in SECOND_VIEWS.items() for task, metric in there if metric == first]
    doubled = pl.DataFrame(extra, schema={"task": pl.String, "metric": pl.String}, orient="row")
    return evaluation.join(doubled, on=["task", "metric"], how="anti", maintain_order="left")


def _unit(metric: str) -> str:
    return metric if metric in LOWER_IS_BETTER else "score"


def _largest(metric: str) -> float | None:
    """How far a score of an item can change."""
    return None if metric in LOWER_IS_BETTER else 1.0


def _check(evaluation: pl.DataFrame, base: str, new_tasks: Collection[str]) -> None:
    models, tasks = evaluation["model"].unique().to_list(), evaluation["task"].unique().to_list()
    if base not in models:
        raise InputError(f"base model {base!r} is not in the evaluation, found {', '.join(sorted(models))}")
    unknown = sorted(set(new_tasks) - set(tasks))
    if unknown:
        raise InputError(f"new task {unknown[0]!r} is not in the evaluation, found {', '.join(sorted(tasks))}")


def _models(evaluation: pl.DataFrame, base: str) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    """The rows of each model and stage but the base, models in the order of the table, tasks sorted."""
    others = evaluation.filter(pl.col("model") != base)
    groups = others.group_by("model", "stage", maintain_order=True)
    return [((str(model), str(stage)), part.sort("task", "metric", "item")) for (model, stage), part in groups]


@dataclass(frozen=True)
class _Pair:
    """Scores of the same items before and after, float64 of shape (seeds, items)."""

    before: np.ndarray
    after: np.ndarray
    sources: list[str]
    weights: list[float]

    def mean(self, scores: np.ndarray) -> float:
        return float(np.average(scores.mean(axis=0), weights=self.weights))


def _paired(evaluation: pl.DataFrame, base: str, part: pl.DataFrame, task: str, metric: str) -> _Pair:
    """A task under the base and a model. A base that was evaluated once stands beside every seed of the model."""
    wanted = (pl.col("task") == task) & (pl.col("metric") == metric)
    first = by_seed(evaluation.filter(wanted & (pl.col("model") == base)))
    second = by_seed(part.filter(wanted))
    model = part["model"][0]
    if first["item"].to_list() != second["item"].to_list():
        odd = sorted(set(first["item"]) ^ set(second["item"]))
        raise InputError(f"task {task!r}, {metric}: {base!r} and {model!r} were not asked the same items, such as "
                         f"{(odd or ['-'])[0]!r}")  # fmt: skip
    seeds = [[name for name in frame.columns if name not in KEYS] for frame in (first, second)]
    if len(seeds[0]) > 1 and seeds[0] != seeds[1]:
        raise InputError(f"task {task!r}: {base!r} has the seeds {', '.join(seeds[0])} and {model!r} "
                         f"{', '.join(seeds[1])}, expected the same, or one of the base")  # fmt: skip
    before, after = (frame.drop(*KEYS).to_numpy().T for frame in (first, second))
    if before.shape[0] == 1:
        before = np.repeat(before, after.shape[0], axis=0)
    if not np.isfinite(before).all() or not np.isfinite(after).all():
        raise InputError(f"task {task!r}, {metric}: an item of {base!r} or {model!r} has no score under a seed")
    return _Pair(before, after, first["source"].to_list(), first["weight"].to_list())


KEYS = ("item", "source", "weight")


def by_seed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an item, sorted by it: `item`, `source`, `weight`, and a column of scores for each seed.

    Args:
        rows: of one model, task and metric.

    Raises:
        InputError: for an item that comes twice under a seed.
    """
    if rows.select("seed", "item").is_duplicated().any():
        raise InputError(f"model {rows['model'][0]!r} has task {rows['task'][0]!r} more than once under a seed")
    weighed = rows.with_columns(weight()).with_columns(pl.col("weight").first().over("item"))
    wide = weighed.sort("seed").pivot(on="seed", index=list(KEYS), values="score").sort("item")
    return wide.with_columns(pl.exclude(*KEYS).cast(pl.Float64))


def _gains(evaluation: pl.DataFrame, base: str, chosen: pl.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Gains of all items of several tasks, weighted so that their mean is the mean over tasks; and their sources."""
    parts, sources, names = [], [], chosen.select("task", "metric").unique(maintain_order=True).rows()
    for task, metric in names:
        pair = _paired(evaluation, base, chosen, task, metric)
        shares = np.array(pair.weights) / np.mean(pair.weights)
        parts.append((pair.after - pair.before) * shares * (-1.0 if metric in LOWER_IS_BETTER else 1.0))
        sources += pair.sources
    items = sum(part.shape[1] for part in parts)
    weighted = [part * (items / (len(parts) * part.shape[1])) for part in parts]
    return np.concatenate(weighted, axis=1), sources
