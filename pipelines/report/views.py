"""What the page shows of each step: rows of tables and charts, made of facts that may lack anything."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from . import charts, words

Step = dict[str, Any]
View = dict[str, Any]


def headline(entry: dict[str, Any]) -> View:
    """Learned and forgotten of every model of an evaluate step, as a chart each and a table."""
    models = [_outcome(model) for model in entry["models"]]
    bounds = [
        100 * model[kind][key] for model in entry["models"] for kind in ("learned", "forgotten")
        for key in ("low", "mean", "high") if (model.get(kind) or {}).get(key) is not None
    ]  # fmt: skip
    room = (max([*bounds, 1.0]) - min([*bounds, 0.0])) * 0.22  # for the values at the ends of the bars
    domain = (min([*bounds, 0.0]), max([*bounds, 1.0]) + room)
    order = [model["model"] for model in entry["models"]]
    return {
        "base": entry["base"],
        "models": models,
        "learned": _bars(entry["models"], "learned", charts.LEARNED, domain, order),
        "forgotten": _bars(entry["models"], "forgotten", charts.FORGOTTEN, domain, order),
    }


def _outcome(model: dict[str, Any]) -> View:
    return {
        "name": model["model"],
        **{
            kind: {"mean": words.points(part.get("mean"), signed=True), "interval": words.interval(part)}
            for kind in ("learned", "forgotten")
            for part in [model.get(kind) or {}]
        },
    }


def _bars(
    models: list[dict[str, Any]], kind: str, colour: str, domain: tuple[float, float], order: list[str]
) -> Markup | None:
    rows = []
    for model in models:
        part = model.get(kind) or {}
        if part.get("mean") is None:
            continue
        mean = 100 * part["mean"]
        low, high = (100 * part[key] if part.get(key) is not None else mean for key in ("low", "high"))
        label = words.points(part["mean"])
        end = max(mean, high, 0.0)
        rows.append({"name": model["model"], "mean": mean, "low": low, "high": high, "end": end, "label": label})
    if not rows:
        return None
    said = "; ".join(f"{row['name']} {row['label']} [{row['low']:.1f}, {row['high']:.1f}]" for row in rows)
    chart = charts.bars_with_intervals(rows, colour, domain, "points of 100", order)
    return charts.svg(chart, f"{kind.capitalize()}, in points with 95 % intervals: {said}")


def curate(step: Step) -> View:
    """Funnel, what each rule dropped and edited, and examples."""
    facts, funnel = step["facts"], step.get("funnel") or []
    read = facts.get("records") or 0
    return {
        "read": words.count(read),
        "characters": words.count(facts.get("characters")) if facts.get("characters") else None,
        "kept": words.count(facts.get("passed")),
        "kept_share": words.share(facts.get("passed") or 0, read),
        "chart": _funnel(funnel, read),
        "funnel": [
            {**row, "left": words.count(row["left"]), "dropped": words.count(row["dropped"]),
             "share": words.share(row["left"], read)} for row in funnel
        ],  # fmt: skip
        "dropped": _counts(facts.get("dropped"), read, step.get("rules") or {}),
        "edited": _counts(facts.get("edited"), read, {}),
        "examples": step["examples"],
    }


def _funnel(funnel: list[dict[str, Any]], read: int) -> Markup | None:
    if not funnel:
        return None
    rows = []
    for row in funnel:
        lost = f"  (−{words.count(row['dropped'])})" if row["dropped"] else ""
        label = f"{words.count(row['left'])}{lost}"
        rows.append({**row, "before": row["left"] + row["dropped"], "label": label})
    said = "; ".join(f"{row['name']} {words.count(row['left'])}" for row in funnel)
    return charts.svg(charts.funnel(rows), f"Documents left after each stage, of {words.count(read)}: {said}")


def _counts(counted: dict[str, int] | None, whole: float, rules: dict[str, Any]) -> list[View]:
    """Counts by rule, largest first, with the rule's definition and a bar's width in per cent of the largest."""
    rows = sorted((counted or {}).items(), key=lambda item: (-item[1], item[0]))
    top = rows[0][1] if rows and rows[0][1] else 1
    return [
        {
            "rule": rule,
            "definition": rules.get(rule),
            "count": words.count(number),
            "share": words.share(number, whole),
            "width": round(100 * number / top, 1),
        }
        for rule, number in rows
    ]


def distill(step: Step) -> View:
    """Tiers, reasons, likelihoods, canaries and rows before and after."""
    facts = step["facts"]
    tiers = facts.get("tiers") or {}
    rows = facts.get("rows") or sum(tiers.values())
    rejections = facts.get("rejections") or {}
    return {
        "rows": words.count(rows),
        "own": words.share(sum(tiers.get(name, 0) for name in ("verified_self", "verified_rewrite")), rows),
        "chart": _tiers(facts.get("tiers_by_task") or ({"rows": tiers} if tiers else {})),
        "tiers": [
            {"tier": tier, "meaning": words.TIERS.get(tier, ""), "count": words.count(number),
             "share": words.share(number, rows)} for tier, number in _by_ladder(tiers)
        ],  # fmt: skip
        "reasons": _counts(facts.get("fallback_reasons"), rows, {}),
        "rejections": [
            {"rung": rung, "rows": _counts(counted, sum(counted.values()), {})}
            for rung, counted in rejections.items() if counted
        ],  # fmt: skip
        "facts": _distilled(facts),
        "canaries": [_canary(name, rate) for name, rate in (facts.get("canaries") or {}).items()
                     if isinstance(rate, dict)],  # fmt: skip
        "examples": step["examples"],
    }


def _tiers(tasks: dict[str, dict[str, int]]) -> Markup | None:
    """Rows of each task by tier."""
    present = {tier for tiers in tasks.values() for tier in tiers}
    if not present:
        return None
    groups = [tier for tier, _ in _by_ladder(dict.fromkeys(present, 0))]
    rows = [
        {"name": task, "group": tier, "count": tiers.get(tier, 0), "order": place}
        for task, tiers in tasks.items() for place, tier in enumerate(groups)
    ]  # fmt: skip
    said = "; ".join(f"{row['name']}, {row['group']}: {row['count']}" for row in rows)
    return charts.svg(charts.stacked(rows, groups, list(tasks), "rows"), f"Rows by task and tier. {said}")


def _distilled(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What else was measured, named, as far as it is there."""
    likelihood, length = facts.get("nats_per_token") or {}, facts.get("length_ratio") or {}
    requests, tokens = facts.get("requests") or {}, facts.get("tokens") or {}
    named = [
        ("surprise of the references to the model, nats a token", likelihood.get("references")),
        ("surprise of what is trained on instead, nats a token", likelihood.get("distilled")),
        ("length of the model's own texts against their references, median", length.get("median")),
        ("the shortest", length.get("lowest")),
        ("the longest", length.get("highest")),
        ("references that fail their own checks", facts.get("inconsistent_references")),
        ("answers asked for", requests.get("candidates")),
        ("answers used", requests.get("used")),
        ("closed-book samples of the knowledge gate", requests.get("known_samples")),
        ("answers generated in this run", facts.get("generated")),
        ("answers taken from the cache", facts.get("cached")),
        ("tokens generated", tokens.get("generated")),
    ]
    return [
        (name, words.count(value) if isinstance(value, int) else words.number(value))
        for name, value in named if _is_number(value)
    ]  # fmt: skip


def _by_ladder(tiers: dict[str, int]) -> list[tuple[str, int]]:
    ladder = list(words.TIERS)
    return sorted(tiers.items(), key=lambda item: (ladder.index(item[0]) if item[0] in ladder else 9, item[0]))


def _canary(name: str, rate: dict[str, Any]) -> View:
    return {
        "name": name.replace("_", " "),
        "wrong": words.count(rate.get("wrong")),
        "of": words.count(rate.get("of")),
        "rate": _percent(rate.get("rate")),
        "interval": f"[{_percent(rate.get('low'))}, {_percent(rate.get('high'))}]",
        "budget": _percent(rate.get("budget")),
        "shown": rate.get("shown"),
    }


def _percent(value: Any) -> str:
    return f"{100 * value:.1f} %" if _is_number(value) else "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def rehearse(step: Step) -> View:
    """Yield and selection of every task: a column for each count that the tasks have."""
    tasks = {name: _flat(task) for name, task in (step["facts"].get("tasks") or {}).items() if isinstance(task, dict)}
    columns = list(dict.fromkeys(column for task in tasks.values() for column in task))
    return {
        "columns": [column.replace("_", " ").replace(".", ": ") for column in columns],
        "rows": [
            {"task": name, "cells": [words.number(task.get(column)) for column in columns]}
            for name, task in tasks.items()
        ],
        "examples": step["examples"],
    }


def _flat(task: dict[str, Any], above: str = "") -> dict[str, float]:
    """Numbers of a nested mapping, by keys joined with dots."""
    flat: dict[str, float] = {}
    for key, value in task.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{above}{key}."))
        elif _is_number(value):
            flat[f"{above}{key}"] = value
    return flat


def train(step: Step) -> View:
    """The run card in short."""
    facts = step["facts"]
    options = facts.get("options") or {}
    sources = facts.get("sources") or {}
    total = sum(source.get("tokens") or 0 for source in sources.values())
    return {
        "model": (facts.get("model") or {}).get("name"),
        "settings": [(name.replace("_", " "), _setting(options[name])) for name in SHOWN_OPTIONS if name in options],
        "tokens": words.count(facts.get("tokens")),
        "loss": words.number(facts.get("final_loss")),
        "device": facts.get("device"),
        "fingerprint": facts.get("fingerprint"),
        "sources": [
            {
                "name": name,
                "tokens": words.count(source.get("tokens")),
                "share": words.share(source.get("tokens") or 0, total),
                "width": round(100 * (source.get("tokens") or 0) / (total or 1), 1),
                "rows": words.count(source.get("rows")),
                "passes": words.number(source.get("passes")),
                "dropped": words.count(source.get("dropped")),
                "split": words.count(source.get("split")),
            }
            for name, source in sources.items()
        ],
    }


SHOWN_OPTIONS = ("method", "tuning", "steps", "batch_size", "learning_rate", "schedule", "max_tokens", "over_long")


def _setting(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def losses(steps: list[Step]) -> Markup | None:
    """The loss of every training of a run in one chart."""
    trained = [step for step in steps if step["job"] == "train" and step["facts"].get("losses")]
    if not trained:
        return None
    rows = []
    for step in trained:
        course = step["facts"]["losses"]
        every = max(1, len(course) // 150)
        rows.extend(
            {"model": step["name"], "step": at + 1, "loss": course[at]} for at in range(0, len(course), every)
        )
    names = [step["name"] for step in trained]
    ends = "; ".join(f"{step['name']} ends at {step['facts']['losses'][-1]:.3f}" for step in trained)
    return charts.svg(charts.curves(rows, names), f"Training loss by step: {ends}")


VIEWS: dict[str, Callable[[Step], View]] = {"curate": curate, "distill": distill, "rehearse": rehearse, "train": train}
