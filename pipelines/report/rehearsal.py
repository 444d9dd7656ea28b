"""What the page shows of a rehearsal: its yield, what the budget followed, and how well it stands for the old data."""

from typing import Any

from markupsafe import Markup

from . import charts, words

Step = dict[str, Any]
View = dict[str, Any]

YIELD = {
    "demonstrations": "demos",
    "rows": "rows",
    "made up": "requests",
    "wanted": "wanted",
    "kept": "kept",
    "short of": "shortfall",
    "not judged for outliers": "not_judged",
    "unspent": "unspent",
    "answered anew": "replaced",
}
REASON_COLOURS = (charts.NEUTRAL, *(f"var(--series-{number})" for number in (2, 4, 5, 1)))
LIKENESS = ("precision", "coverage", "density", "cluster_distance", "label_distance")
BUFFERS = {"buffer": "this buffer", "random": "random instances", "real_random": "real rows, random",
           "real_kmeans": "real rows, by clusters"}  # fmt: skip


def rehearse(step: Step) -> View:
    """Yield of every task: what was asked for, kept, and dropped for which reason; and what was measured beside."""
    facts = step["facts"]
    tasks = facts.get("tasks") or {}
    reasons = _largest(facts.get("dropped") or {})
    columns = {name: key for name, key in YIELD.items() if any(task.get(key) is not None for task in tasks.values())}
    return {
        "columns": [*columns, *map(_reason, reasons)],
        "rows": [
            {
                "task": name,
                "cells": [words.count(task.get(key)) for key in columns.values()]
                + [words.count((task.get("dropped") or {}).get(reason, 0)) for reason in reasons],
                "agreement": words.percent(task.get("agree_with_refinement")),
            }
            for name, task in tasks.items()
        ],
        "agreement": any(words.is_number(task.get("agree_with_refinement")) for task in tasks.values()),
        "chart": _yield(tasks, reasons),
        "samples": words.count(facts.get("samples")),
        "requests": words.count(facts.get("requests")),
        "read": words.count(sum(task.get("rows") or 0 for task in tasks.values())),
        "mode": facts.get("mode"),
        "forgotten": _forgotten(facts.get("forgotten") or [], tasks, facts.get("unit")),
        "unit": facts.get("unit"),
        "representation": _representation(facts.get("representation") or {}),
        "facts": _refreshed(facts),
        "examples": step["examples"],
    }


def _reason(rule: str) -> str:
    return rule.removeprefix("rehearse.").replace("_", " ")


def _largest(counted: dict[str, int]) -> list[str]:
    return [name for name, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


def _yield(tasks: dict[str, dict[str, Any]], reasons: list[str]) -> Markup | None:
    """What became of everything made up for each task; rare reasons together."""
    if not tasks or not any(task.get("kept") for task in tasks.values()):
        return None
    shown = reasons[: len(REASON_COLOURS) - 1]
    groups = ["kept", *map(_reason, shown), *(["other reasons"] if len(reasons) > len(shown) else [])]
    rows: list[dict[str, Any]] = []
    for name, task in tasks.items():
        dropped = task.get("dropped") or {}
        counts = {"kept": task.get("kept") or 0, **{_reason(reason): dropped.get(reason, 0) for reason in shown}}
        counts["other reasons"] = sum(number for reason, number in dropped.items() if reason not in shown)
        rows.extend(
            {"name": name, "group": group, "count": counts[group], "order": place} for place, group in enumerate(groups)
        )
    said = "; ".join(f"{row['name']}, {row['group']}: {row['count']}" for row in rows)
    colours = dict(zip(groups, [charts.LEARNED, *REASON_COLOURS], strict=False))
    chart = charts.stacked(rows, colours, list(tasks), "instances")
    return charts.svg(chart, f"What became of the instances of each task. {said}")


def _forgotten(rows: list[dict[str, Any]], tasks: dict[str, dict[str, Any]], unit: str | None) -> list[View]:
    """What each task and cluster lost, and the part of the budget that the task got for it."""
    return [
        {
            "task": row.get("task"),
            "cluster": "all" if row.get("cluster") is None else str(row["cluster"]),
            "items": words.count(row.get("items")),
            "before": words.points(row.get("before")),
            "after": words.points(row.get("after")),
            "forgotten": words.points(row.get("forgotten"), signed=True),
            "wanted": words.count((tasks.get(row.get("task") or "") or {}).get("wanted"))
            if row.get("cluster") is None
            else "",
        }
        for row in rows
    ]


def _representation(tasks: dict[str, dict[str, Any]]) -> list[View]:
    """How well the buffer of each task stands for held-out real rows, beside other buffers of its size."""
    found = []
    for task, measured in tasks.items():
        buffers = measured.get("buffers") or {}
        if not buffers:
            found.append(
                {"task": task, "buffer": measured.get("why") or "–", "rows": "–", "cells": ["–"] * len(LIKENESS)}
            )
        for name, facts in buffers.items():
            cells = [words.number(facts.get(measure)) for measure in LIKENESS]
            found.append({"task": task, "buffer": BUFFERS.get(name, name), "rows": words.count(facts.get("rows")),
                          "cells": cells})  # fmt: skip
    return found


def _refreshed(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What a buffer that was answered anew became."""
    fallback = facts.get("fallback") or {}
    named = [
        ("rows that the newer model answers in the same words", facts.get("unchanged")),
        ("rows with another answer", facts.get("replaced")),
        *((f"rows that stay as they are: {_reason(reason)}", number) for reason, number in fallback.items()),
        ("likeness of old and new answers", facts.get("agreement")),
    ]
    return words.measured(named)
