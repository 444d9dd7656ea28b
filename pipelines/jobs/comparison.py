"""What was learned and what was forgotten: every model of an evaluation against the base, item by item."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from curation.errors import InputError
from curation.metrics.intervals import Difference, holm, paired_bootstrap, wilson

LOWER_IS_BETTER = frozenset({"bits_per_byte"})


def comparison(
    scores: pl.DataFrame, models: Sequence[str], new_tasks: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    """Scores by model and task, differences to the base with intervals, and learning and forgetting side by side.

    Args:
        scores: `tables.EVALUATION`, the same items under every model.
        models: names, the base first.
        new_tasks: tasks that training was to teach; on the others a change is forgetting or transfer.
        resamples: of the paired bootstrap over items, clustered by source.
        seed: of the bootstrap.

    Returns:
        JSON values: `base`, `models`, `scores` (mean with interval), `comparison` (a row a model, task and metric; p
        adjusted by Holm over the tasks of a model) and `summary` (a row a model and metric: mean over the new tasks
        and over the old ones, tasks weighing equally, items drawn within tasks).

    Raises:
        InputError: for a new task that was not examined.
    """
    found = set(scores["task"])
    missing = [task for task in new_tasks if task not in found]
    if missing:
        raise InputError(f"new task {missing[0]!r} is in no task file; found: {', '.join(sorted(found))}")
    base, *others = models
    cells = {
        (str(model), str(task), str(metric)): frame.sort("item")
        for (model, task, metric), frame in scores.partition_by("model", "task", "metric", as_dict=True).items()
    }
    kinds = [(task, metric) for model, task, metric in sorted(cells) if model == base]
    compared = []
    for model in others:
        rows = [_compare(cells, base, model, task, metric, resamples, seed) for task, metric in kinds]
        adjusted = holm({f"{row['task']}/{row['metric']}": row["p"] for row in rows})
        for row in rows:
            row["kind"] = "new" if row["task"] in new_tasks else "old"
            row["p_holm"] = adjusted[f"{row['task']}/{row['metric']}"]
        compared.extend(rows)
    return {
        "base": base,
        "models": list(models),
        "scores": [_score(cells[key], *key) for key in sorted(cells, key=lambda key: (models.index(key[0]), key[1:]))],
        "comparison": compared,
        "summary": [
            _summary(cells, base, model, metric, new_tasks, resamples, seed)
            for model in others
            for metric in sorted({metric for _, metric in kinds})
        ],
    }


def _score(frame: pl.DataFrame, model: str, task: str, metric: str) -> dict[str, Any]:
    """Mean of a cell, with Wilson's interval where every score is 0 or 1, else without one."""
    values = frame["score"].to_numpy()
    mean = float(values.mean())
    low, high = (None, None)
    if np.isin(values, (0.0, 1.0)).all():
        low, high = wilson(int(values.sum()), len(values))
    return {"model": model, "task": task, "metric": metric, "items": len(values), "mean": mean, "low": low, "high": high}


def _compare(
    cells: dict[tuple[str, str, str], pl.DataFrame],
    base: str,
    model: str,
    task: str,
    metric: str,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    before, after = cells[(base, task, metric)], cells[(model, task, metric)]
    if before["item"].to_list() != after["item"].to_list():
        raise InputError(f"task {task!r}: {model} and {base} were examined on different items")
    difference = paired_bootstrap(
        before["score"].to_numpy(), after["score"].to_numpy(), before["source"].to_list(), 0.95, resamples, seed
    )
    return {
        "model": model,
        "task": task,
        "metric": metric,
        "before": float(before["score"].to_numpy().mean()),
        "after": float(after["score"].to_numpy().mean()),
        **_interval(difference),
        "p": difference.p,
    }


def _interval(difference: Difference) -> dict[str, float]:
    return {"difference": difference.mean, "low": difference.low, "high": difference.high}


def _summary(
    cells: dict[tuple[str, str, str], pl.DataFrame],
    base: str,
    model: str,
    metric: str,
    new_tasks: Sequence[str],
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Learned: gain on the new tasks. Forgotten: loss on the old ones, positive when something was lost."""
    tasks = sorted(task for name, task, kind in cells if name == base and kind == metric)
    better = -1.0 if metric in LOWER_IS_BETTER else 1.0

    def change(names: list[str], sign: float) -> dict[str, float] | None:
        if not names:
            return None
        drawn, means = [], []
        for number, task in enumerate(names):
            before, after = cells[(base, task, metric)], cells[(model, task, metric)]
            gains = sign * (after["score"].to_numpy() - before["score"].to_numpy())
            means.append(gains.mean())
            generator = np.random.default_rng([seed, number])
            weights = generator.multinomial(len(gains), np.full(len(gains), 1 / len(gains)), size=resamples)
            drawn.append(weights @ gains / len(gains))
        low, high = np.quantile(np.mean(drawn, axis=0), (0.025, 0.975))
        return {"mean": float(np.mean(means)), "low": float(low), "high": float(high)}

    return {
        "model": model,
        "metric": metric,
        "learned": change([task for task in tasks if task in new_tasks], better),
        "forgotten": change([task for task in tasks if task not in new_tasks], -better),
    }
