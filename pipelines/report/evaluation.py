"""What the page shows of an evaluation: each task before and after, for every model."""

from typing import Any

from markupsafe import Markup

from . import charts, forgetting, words

LEVEL = 0.05  # of the tests over all tasks of a model together (Holm)
KINDS = ("new", "old", "")

View = dict[str, Any]
Row = dict[str, Any]


def evaluate(step: dict[str, Any]) -> View:
    """A row a task and metric: the base's score, and of every other model its score and the difference; controls."""
    facts = step["facts"]
    base = facts.get("base")
    models = [name for name in facts.get("models") or [] if name != base]
    scores = facts.get("scores") or []
    rows = [_task(task, metric, models, base, scores, facts.get("comparison") or []) for task, metric in _axes(facts)]
    rows.sort(key=lambda row: KINDS.index(row["kind"]))
    return {
        "base": base,
        "models": models,
        "tasks": rows,
        "chance": any(row["chance"] for row in rows),
        "cut": words.cut_answers(step),
        "controls": forgetting.controls(facts),
        "sequences": forgetting.sequences(facts),
        "clusters": forgetting.clusters(facts),
        "charts": _charts(list(dict.fromkeys(row["name"] for row in rows)), [base, *models], scores),
    }


def _axes(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Tasks and their metrics, sorted by task; a task's metrics stay in the order they came in."""
    found = dict.fromkeys((row["task"], row.get("metric") or "") for row in facts.get("scores") or [])
    scored = {task for task, _ in found}
    found |= dict.fromkeys(
        (row["task"], row.get("metric") or "") for row in facts.get("comparison") or [] if row["task"] not in scored
    )
    return sorted(found, key=lambda axis: axis[0])


def _task(
    task: str, metric: str, models: list[str], base: str | None, scores: list[Row], comparison: list[Row]
) -> View:
    own = {row["model"]: row for row in scores if (row["task"], row.get("metric") or "") == (task, metric)}
    first = next((row.get("metric") or "" for row in scores if row["task"] == task), metric)
    compared = {
        row["model"]: row for row in comparison if row["task"] == task and (row.get("metric") or first) == metric
    }
    kind = next((row.get("kind") or "" for row in comparison if row["task"] == task), "")
    some: Row = next(iter(own.values()), {})
    before = own.get(base or "", {}).get("mean", next((row.get("before") for row in compared.values()), None))
    return {
        "name": task,
        "kind": kind if kind in KINDS else "",
        "metric": metric.replace("_", " "),
        "items": words.count(some.get("items")),
        "chance": "" if some.get("chance") is None else words.score(some["chance"], metric),
        "before": words.score(before, metric),
        "interval": words.interval(own.get(base or "", {}), metric),
        "perplexity": words.number(own.get(base or "", {}).get("perplexity")) if metric == words.BITS else "",
        "cells": [_cell(own.get(model, {}), compared.get(model, {}), metric, kind) for model in models],
    }


def _cell(own: Row, compared: Row, metric: str, kind: str) -> View:
    difference, p = compared.get("difference"), compared.get("p_holm")
    kept = compared.get("kept") if kind != "new" else None  # what is new there was nothing of to keep
    certain = p is not None and p < LEVEL
    worse = certain and difference is not None and ((difference < 0) != (metric == words.BITS))
    return {
        "after": words.score(own.get("mean", compared.get("after")), metric),
        "difference": words.score(difference, metric, signed=True),
        "interval": words.interval(compared, metric),
        "class": "worse" if worse else "better" if certain else "",
        "kept": "" if kept is None else "kept" if kept else "not shown to be kept",
        "perplexity": words.number(own.get("perplexity")) if metric == words.BITS else "",
    }


def _charts(tasks: list[str], models: list[Any], scores: list[Row]) -> list[Markup]:
    """Every score as a dot, tasks of one unit to a chart; of a task with several metrics, the first."""
    first: dict[str, str] = {}
    for row in scores:
        first.setdefault(row["task"], row.get("metric") or "")
    drawn = []
    for bits in (False, True):
        rows = [
            {"task": row["task"], "model": row["model"], "score": row["mean"] * (1 if bits else 100)}
            for row in scores
            if (row.get("metric") or "") == first[row["task"]]
            and (row.get("metric") == words.BITS) == bits
            and row.get("mean") is not None
        ]
        if not rows:
            continue
        shown = [task for task in tasks if any(row["task"] == task for row in rows)]
        top = max(row["score"] for row in rows) * 1.1 if bits else 100.0
        title = "bits per byte (lower is better)" if bits else "score, points of 100"
        names = [model for model in models if model]
        said = "; ".join(f"{row['task']}, {row['model']}: {row['score']:.1f}" for row in rows)
        drawn.append(
            charts.svg(charts.dots(rows, shown, names, (0.0, top), title), f"Scores by task and model. {said}")
        )
    return drawn
