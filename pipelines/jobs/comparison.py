"""What an evaluation shows, as facts for the report: scores, differences to the base, learning beside forgetting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from curation.errors import InputError
from curation.metrics import intervals
from train.evaluation.continual import MEASURES, Continued, sequence
from train.evaluation.evaluate import perplexities, weight
from train.evaluation.forgetting import compare, first_views, summarise

_CLUSTER = "\x1f"  # between a task and a cluster of it


@dataclass(frozen=True)
class Asked:
    """What is asked of an evaluation, beside its models.

    Attributes:
        new_tasks: tasks that training was to teach; on the others a change is forgetting or transfer.
        stages: models that are stages of one sequence, in order, with the tasks that each was trained on.
        sham: model that took the same steps on replay only.
        margin: loss that counts as no forgetting, in the unit of the scores; none asks no such question.
        chance: score of guessing, by task.
        resamples: of the paired bootstrap over items, clustered by source.
        seed: of the bootstrap.
    """

    new_tasks: Sequence[str] = ()
    stages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sham: str | None = None
    margin: float | None = None
    chance: Mapping[str, float] = field(default_factory=dict)
    resamples: int = 2000
    seed: int = 0

    @property
    def new(self) -> tuple[str, ...]:
        """All tasks that training was to teach, those of the stages among them."""
        taught = [task for tasks in self.stages.values() for task in tasks]
        return tuple(dict.fromkeys([*self.new_tasks, *taught]))


def comparison(
    scores: pl.DataFrame,
    models: Sequence[str],
    new_tasks: Sequence[str],
    margin: float | None,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """`compared`, of an evaluation that names no stages, sham or chance."""
    return compared(scores, models, Asked(new_tasks, margin=margin, resamples=resamples, seed=seed))


def compared(scores: pl.DataFrame, models: Sequence[str], asked: Asked) -> dict[str, Any]:
    """Scores by model and task, differences to the base with intervals, and learning and forgetting side by side.

    Args:
        scores: `tables.EVALUATION`, the same items under every model.
        models: names, the base first.
        asked: what else is asked.

    Returns:
        JSON values: `base`, `models`, `answers` (of each model how many were generated, and how many of them `cut` at
        the longest allowed), `scores` (mean with interval, and chance level), `comparison`
        (`train.evaluation.forgetting.COMPARISON`), `summary` (a row a model and unit; `learned` and `forgotten` are
        mean, low and high), `sham` (name, and `comparison` and `summary` of the others against it; null where there is
        none),
        `sequences` (the matrix of stages with its measures, one a unit) and `clusters` (differences to the base by
        cluster, where items have any).

    Raises:
        InputError: for a new task or a stage that was not examined.
    """
    base = models[0]
    cells = scores.sort("item").partition_by("model", "task", "metric", as_dict=True)
    order = sorted(cells, key=lambda key: (models.index(str(key[0])), *map(str, key[1:])))
    taught = {task: stage for stage, tasks in asked.stages.items() for task in tasks}
    stages = [base, *asked.stages] if asked.stages else list(models) if len(models) == 2 else []
    if not asked.stages and len(models) == 2:
        taught = dict.fromkeys(asked.new_tasks, models[1])
    known = [_score(cells[key], asked, *map(str, key)) for key in order]
    return {
        "base": base,
        "models": list(models),
        "answers": [_answers(scores.filter(model=model), model) for model in models],
        "scores": known,
        **_against(scores, base, asked),
        "sham": _sham(scores, base, asked),
        "sequences": [
            _sequence(found, taught, known)
            for found in (
                sequence(scores, stages, taught, resamples=asked.resamples, seed=asked.seed) if stages else []
            )
        ],
        "clusters": _clusters(scores, base, asked),
    }


def _against(scores: pl.DataFrame, base: str, asked: Asked) -> dict[str, Any]:
    drawn = {"resamples": asked.resamples, "seed": asked.seed}
    found = compare(scores, base, asked.new, margin=asked.margin, **drawn)
    summary = summarise(scores, base, asked.new, asked.margin, **drawn)
    return {
        "comparison": found.to_dicts(),
        "summary": [_side_by_side(row) for row in summary.to_dicts()],
    }


def _sham(scores: pl.DataFrame, base: str, asked: Asked) -> dict[str, Any] | None:
    """The other models against the sham: what the training data did, beyond what the steps did."""
    if asked.sham is None:
        return None
    models = scores["model"].unique().to_list()
    if asked.sham not in models or asked.sham == base:
        after = ", ".join(sorted(set(models) - {base})) or "none"
        raise InputError(f"sham: found {asked.sham!r}, expected one of the models after the base ({after})")
    others = scores.filter(pl.col("model") != base)
    if others["model"].n_unique() < 2:
        return {"name": asked.sham, "comparison": [], "summary": []}
    return {"name": asked.sham, **_against(others, asked.sham, asked)}


def _answers(frame: pl.DataFrame, model: str) -> dict[str, Any]:
    """How many answers a model generated, and how many of them did not come to their end."""
    ended = frame["finish_reason"].drop_nulls()
    return {"model": model, "answers": len(ended), "cut": int((ended == "length").sum())}


def _score(frame: pl.DataFrame, asked: Asked, model: str, task: str, metric: str) -> dict[str, Any]:
    """Mean of a cell over items and seeds, with its interval and, of choices, the score that guessing has."""
    weighed = frame.with_columns(weight())
    values, weights = weighed["score"].to_numpy(), weighed["weight"].to_numpy()
    low, high = _interval(weighed, asked)
    found = {
        "model": model,
        "task": task,
        "metric": metric,
        "items": frame["item"].n_unique(),
        "mean": float(np.average(values, weights=weights)),
        "low": low,
        "high": high,
        "chance": asked.chance.get(task),
    }
    if metric == "bits_per_byte":
        sums = perplexities(frame)
        tokens, bits = float(sums["tokens"].sum() or 0), sums["bits"]
        known = tokens > 0 and bits.null_count() == 0
        found["perplexity"] = 2.0 ** (float(bits.sum()) / tokens) if known else None
    return found


def _interval(frame: pl.DataFrame, asked: Asked) -> tuple[float | None, float | None]:
    """Wilson's interval of independent items that are right or wrong, else that of a bootstrap over sources."""
    values = frame["score"].to_numpy()
    alone = frame["source"].n_unique() == frame.height
    if np.isfinite(values).all() and np.isin(values, (0.0, 1.0)).all() and alone:
        return intervals.wilson(int(values.sum()), len(values))
    if frame["source"].n_unique() < 2 or not np.isfinite(values).all():
        return None, None
    wide = frame.sort("seed").pivot(on="seed", index=["item", "source", "weight"], values="score").sort("item")
    scores = wide.drop("item", "source", "weight").to_numpy().T
    if not np.isfinite(scores).all():
        return None, None
    sources, weights = wide["source"].to_list(), wide["weight"].to_list()
    return intervals.interval(scores, sources, resamples=asked.resamples, seed=asked.seed, weights=weights)


def _side_by_side(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the summary with `learned` and `forgotten` as blocks, null where there is none."""

    def block(name: str) -> dict[str, Any] | None:
        if row[name] is None:
            return None
        return {"mean": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}

    return {
        "model": row["model"],
        "metric": row["unit"],
        "learned": block("learned"),
        "forgotten": block("forgotten"),
        "kept": row["kept"],
    }


def _sequence(found: Continued, taught: Mapping[str, str], scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The matrix as rows of cells, tasks in the order in which they were trained, and the measures with intervals.

    A cell has the interval that its score has among `scores`: one figure, one interval.
    """
    known = {(row["model"], row["task"], row["metric"]): (row["low"], row["high"]) for row in scores}
    tasks = [
        {"task": task, "metric": metric, "stage": taught.get(task), "learned": learned, "forgotten": forgotten}
        for (task, metric), learned, forgotten in zip(
            found.tasks, found.measures.learned, found.measures.forgotten, strict=True
        )
    ]
    rows = [
        {
            "stage": stage,
            "cells": [
                {"mean": float(found.matrix[at, j]), "low": low, "high": high}
                for j, column in enumerate(found.tasks)
                for low, high in [known[stage, *column]]
            ],
        }
        for at, stage in enumerate(found.stages)
    ]
    measures: dict[str, Any] = {}
    for name in MEASURES:
        mean, bounds = getattr(found.measures, name), found.intervals[name]
        given = mean is not None and bounds is not None
        measures[name] = {"mean": mean, "low": bounds[0], "high": bounds[1]} if given and bounds else None
    return {"unit": found.unit, "seeds": found.seeds, "tasks": tasks, "matrix": rows, "measures": measures}


def _clusters(scores: pl.DataFrame, base: str, asked: Asked) -> list[dict[str, Any]]:
    """Differences to the base by cluster, Holm's adjustment over all clusters of a model."""
    known = first_views(scores).filter(pl.col("cluster").is_not_null())
    if known.is_empty():
        return []
    split = known.with_columns(task=pl.concat_str("task", pl.col("cluster").cast(pl.String), separator=_CLUSTER))
    new = {f"{task}{_CLUSTER}{cluster}" for task, cluster in known.select("task", "cluster").unique().rows()
           if task in asked.new}  # fmt: skip
    rows = []
    for row in compare(split, base, new, resamples=asked.resamples, seed=asked.seed).to_dicts():
        task, _, cluster = row["task"].rpartition(_CLUSTER)
        names = ("model", "metric", "kind", "items", "before", "after", "difference", "low", "high", "p_holm")
        rows.append({"task": task, "cluster": int(cluster), **{name: row[name] for name in names}})
    return sorted(rows, key=lambda row: (row["model"], row["task"], row["cluster"]))
