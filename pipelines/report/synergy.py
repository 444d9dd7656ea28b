"""What a merge gave beyond its parents: its score against the mean of theirs (arXiv 2409.03444, section 4)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curation.metrics.intervals import paired_bootstrap

from ..recipe import STEP, Recipe
from ..settings import EvaluateSettings, MergeSettings
from . import words

RESAMPLES = 2000
SEED = 0


def synergy(folder: Path, recipe: Recipe, name: str) -> list[dict[str, Any]]:
    """Of a merge step, expected and actual score of each task on which its result and all its parents were examined.

    Returns:
        JSON values: `step` (that examined them), `task`, `metric`, `items`, `parents` (scores in their order),
        `expected` (their mean), `actual`, `synergy` (actual less expected, of bits per byte the reverse, so that more
        is better) and its 95 % interval `low`, `high`, by a paired bootstrap over items clustered by source; null where
        there is a single source.
    """
    merge = recipe.steps[name]
    assert isinstance(merge, MergeSettings)
    found: list[dict[str, Any]] = []
    for step, settings in recipe.steps.items():
        if not isinstance(settings, EvaluateSettings):
            continue
        called = {model: alias for alias, model in reversed(settings.models.items())}
        wanted = [*merge.models, f"{STEP}{name}"]
        files = sorted((folder / "evaluation" / step).glob("*.parquet"))
        if all(model in called for model in wanted) and files:
            table = pl.concat([pl.read_parquet(file) for file in files], how="diagonal_relaxed")
            found += [{"step": step, **row} for row in _tasks(table, [called[model] for model in wanted])]
    return found


def _tasks(table: pl.DataFrame, models: list[str]) -> Iterator[dict[str, Any]]:
    """A row a task and metric; the merged model is the last of the models."""
    table = table.filter(pl.col("model").is_in(models) & pl.col("score").is_not_null())
    for (task, metric), part in table.sort("task", "metric", "item").group_by("task", "metric", maintain_order=True):
        scores = part.pivot(on="model", index=["item", "source"], values="score", aggregate_function="mean")
        if any(model not in scores.columns for model in models):
            continue
        scores = scores.drop_nulls(models).sort("item")
        if scores.is_empty():
            continue
        parents = np.array([scores[model].to_numpy() for model in models[:-1]])
        expected, actual = parents.mean(axis=0), scores[models[-1]].to_numpy()
        first, second = (actual, expected) if metric == words.BITS else (expected, actual)
        row = {
            "task": task,
            "metric": metric,
            "items": scores.height,
            "parents": [float(score) for score in parents.mean(axis=1)],
            "expected": float(expected.mean()),
            "actual": float(actual.mean()),
            "synergy": float((second - first).mean()),
            "low": None,
            "high": None,
        }
        sources = scores["source"].to_list()
        if len(set(sources)) > 1:
            drawn = paired_bootstrap(first, second, sources, resamples=RESAMPLES, seed=SEED)
            row |= {"low": drawn.low, "high": drawn.high}
        yield row


def shown(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The rows as the page's table has them."""
    return [
        {
            "task": row["task"],
            "metric": row["metric"].replace("_", " "),
            "items": words.count(row["items"]),
            "parents": ", ".join(words.score(score, row["metric"]) for score in row["parents"]),
            "expected": words.score(row["expected"], row["metric"]),
            "actual": words.score(row["actual"], row["metric"]),
            "synergy": words.score(row["synergy"], row["metric"], signed=True),
            "interval": words.interval(row, row["metric"]),
        }
        for row in rows
    ]
