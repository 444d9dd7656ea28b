"""What an evaluation shows, as facts for the report: scores, differences to the base, learning beside forgetting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from curation.metrics.intervals import wilson
from train.forgetting import compare, summarise


def comparison(
    scores: pl.DataFrame,
    models: Sequence[str],
    new_tasks: Sequence[str],
    margin: float | None,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Scores by model and task, differences to the base with intervals, and learning and forgetting side by side.

    Args:
        scores: `tables.EVALUATION`, the same items under every model.
        models: names, the base first.
        new_tasks: tasks that training was to teach; on the others a change is forgetting or transfer.
        margin: loss that counts as no forgetting, in the unit of the scores; none asks no such question.
        resamples: of the paired bootstrap over items, clustered by source.
        seed: of the bootstrap.

    Returns:
        JSON values: `base`, `models`, `answers` (of each model how many were generated, and how many of them `cut` at
        the longest allowed), `scores` (mean with interval), `comparison` (`train.forgetting.COMPARISON`) and `summary`
        (a row a model and unit; `learned` and `forgotten` are mean, low and high).

    Raises:
        InputError: for a new task that was not examined.
    """
    base = models[0]
    cells = scores.sort("item").partition_by("model", "task", "metric", as_dict=True)
    order = sorted(cells, key=lambda key: (models.index(str(key[0])), *map(str, key[1:])))
    summary = summarise(scores, base, new_tasks, margin, resamples=resamples, seed=seed)
    return {
        "base": base,
        "models": list(models),
        "answers": [_answers(scores.filter(model=model), model) for model in models],
        "scores": [_score(cells[key], *map(str, key)) for key in order],
        "comparison": compare(scores, base, new_tasks, resamples=resamples, seed=seed).to_dicts(),
        "summary": [_side_by_side(row) for row in summary.to_dicts()],
    }


def _answers(frame: pl.DataFrame, model: str) -> dict[str, Any]:
    """How many answers a model generated, and how many of them did not come to their end."""
    ended = frame["finish_reason"].drop_nulls()
    return {"model": model, "answers": len(ended), "cut": int((ended == "length").sum())}


def _score(frame: pl.DataFrame, model: str, task: str, metric: str) -> dict[str, Any]:
    """Mean of a cell, with Wilson's interval where every score is 0 or 1, else without one."""
    values = frame["score"].to_numpy()
    low, high = (None, None)
    if np.isin(values, (0.0, 1.0)).all():
        low, high = wilson(int(values.sum()), len(values))
    mean = float(values.mean())
    return {
        "model": model,
        "task": task,
        "metric": metric,
        "items": len(values),
        "mean": mean,
        "low": low,
        "high": high,
    }


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
