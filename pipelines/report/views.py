"""What the page shows of each step: rows of tables and charts, made of facts that may lack anything."""

from typing import Any

from markupsafe import Markup

from . import charts, numbers, words

Step = dict[str, Any]
View = dict[str, Any]


def headline(entry: dict[str, Any]) -> View:
    """Learned and forgotten of every model under a metric, as a chart each and a table."""
    metric, models = entry["metric"], entry["models"]
    tested = entry["margin"] is not None and any(model.get("kept") is not None for model in models)
    scale = 1 if metric == words.BITS else 100
    ends = [
        scale * part[key]
        for model in models
        for kind in KINDS
        for part in [model.get(kind) or {}]
        for key in ("low", "mean", "high")
        if part.get(key) is not None
    ]
    low, high = min([*ends, 0.0]), max([*ends, 0.01 * scale])
    domain = (low, high + 0.22 * (high - low))  # room for the values at the ends of the bars
    return {
        "base": entry["base"],
        "metric": metric.replace("_", " "),
        "unit": words.unit(metric),
        "margin": words.score(entry["margin"], metric) if tested else None,
        "models": [_outcome(model, metric) for model in models],
        **{kind: _bars(models, kind, metric, scale, domain) for kind in KINDS},
    }


KINDS = ("learned", "forgotten")


def _outcome(model: dict[str, Any], metric: str) -> View:
    parts = {kind: model.get(kind) or {} for kind in KINDS}
    return {
        "name": model["model"],
        "kept": "–" if model.get("kept") is None else "yes" if model["kept"] else "not shown",
        **{
            kind: {
                "mean": words.score(part.get("mean"), metric, signed=True),
                "interval": words.interval(part, metric),
            }
            for kind, part in parts.items()
        },
    }


def _bars(
    models: list[dict[str, Any]], kind: str, metric: str, scale: int, domain: tuple[float, float]
) -> Markup | None:
    rows, said = [], []
    for model in models:
        part = model.get(kind) or {}
        if part.get("mean") is None:
            continue
        mean = scale * part["mean"]
        low, high = (scale * part[key] if part.get(key) is not None else mean for key in ("low", "high"))
        label = words.score(part["mean"], metric)
        end = max(mean, high, 0.0)
        rows.append({"name": model["model"], "mean": mean, "low": low, "high": high, "end": end, "label": label})
        said.append(f"{model['model']} {label} {words.interval(part, metric)}")
    if not rows:
        return None
    colour = charts.LEARNED if kind == "learned" else charts.FORGOTTEN
    chart = charts.bars_with_intervals(rows, colour, domain, words.unit(metric), [row["name"] for row in rows])
    return charts.svg(chart, f"{kind.capitalize()}, in {words.unit(metric)} with 95 % intervals: {'; '.join(said)}")


def curate(step: Step) -> View:
    """Funnel, what each rule dropped and edited, and examples."""
    facts, funnel = step["facts"], step.get("funnel") or []
    read = facts.get("records") or 0
    return {
        "read": words.count(read),
        "characters": words.count(facts.get("characters")) if facts.get("characters") else None,
        "kept": words.count(facts.get("passed")),
        "kept_share": words.share(facts.get("passed") or 0, read),
        "without_records": words.names(facts.get("without_records") or []),
        "passed_over": words.endings(facts.get("passed_over") or {}),
        "chart": _funnel(funnel, read),
        "funnel": [
            {
                **row,
                "left": words.count(row["left"]),
                "dropped": words.count(row["dropped"]),
                "share": words.share(row["left"], read),
            }
            for row in funnel
        ],
        "dropped": words.counted(facts.get("dropped"), read, _definitions(step)),
        "edited": words.counted(facts.get("edited"), read, {}),
        "tables": numbers.tables(facts),
        "examples": step["examples"],
    }


def _definitions(step: Step) -> dict[str, str]:
    """What the rules in force say, with their bounds."""
    return {
        rule["name"]: f"{rule['definition']} ({words.bounds(rule['low'], rule['high'])})"
        for rule in step.get("rules") or []
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
