"""What the page shows of a training: its settings, what it was fed, and what was measured in every step."""

from typing import Any

from markupsafe import Markup

from . import charts, words

Step = dict[str, Any]
View = dict[str, Any]

MOST_POINTS = 150  # of a curve
MOST_MEASURES = 12  # that are drawn; report.json has all
SHOWN_OPTIONS = ("method", "tuning", "steps", "batch_size", "learning_rate", "schedule", "max_tokens", "over_long")
OF_TOKENS = {"cpt", "sft"}  # methods whose loss is that of a token and nothing else
HELD_OUT = {  # names of what is measured on pairs that are not trained on
    "pairs": "held-out pairs",
    "prompts_trained_on": "held-out pairs whose prompt was trained on",
    "accuracy": "pairs in which the better answer is preferred",
    "share": "pairs in which the better answer is preferred",
    "margin": "mean margin between better and worse answers",
    "calibration_error": "calibration error: how far confidence is from being right",
    "length_correlation": "correlation of reward and length",
    "chosen_shorter": "right where the better answer is the shorter one",
    "chosen_longer": "right where the better answer is the longer one",
}


def train(step: Step) -> View:
    """The run card in short."""
    facts = step["facts"]
    options = facts.get("options") or {}
    sources = facts.get("sources") or {}
    other = facts.get("of_other_tiers") or {}
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
                "other": words.count(other.get(name, 0)),
            }
            for name, source in sources.items()
        ],
        "other": bool(other),
        "held_out": _held_out(facts.get("held_out") or {}),
        "measures": _measures(facts.get("measures") or {}),
    }


def losses(steps: list[Step]) -> Markup | None:
    """The loss of every training of a run in one chart."""
    trained = [step for step in steps if step["job"] == "train" and step["facts"].get("losses")]
    if not trained:
        return None
    rows: list[dict[str, Any]] = []
    for step in trained:
        rows += [{"model": step["name"], "step": at, "loss": loss} for at, loss in _thinned(step["facts"]["losses"])]
    names = [step["name"] for step in trained]
    ends = "; ".join(f"{step['name']} ends at {step['facts']['losses'][-1]:.3f}" for step in trained)
    methods = {(step["facts"].get("options") or {}).get("method", "sft") for step in trained}
    title = "loss, nats a token" if methods <= OF_TOKENS else "loss, of each method its own"
    return charts.svg(charts.curves(rows, names, title), f"Training loss by step: {ends}")


def _setting(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _thinned(course: list[float]) -> list[tuple[int, float]]:
    every = max(1, len(course) // MOST_POINTS)
    return [(at + 1, course[at]) for at in range(0, len(course), every)]


def _measures(measures: dict[str, list[float]]) -> list[View]:
    """Each measure of the steps as a small chart with its first and last value."""
    found = []
    for name in [name for name, course in measures.items() if course][:MOST_MEASURES]:
        course = measures[name]
        said = f"from {words.number(course[0])} to {words.number(course[-1])}"
        rows = [{"step": at, "value": value} for at, value in _thinned(course)]
        title = name.replace("_", " ").replace("/", ", ")
        found.append({"name": title, "said": said, "chart": charts.svg(charts.spark(rows), f"{title} by step, {said}")})
    return found


def _held_out(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured on held-out pairs, before and after where both were."""
    found = []
    for name, value in facts.items():
        if name in ("before", "after") and isinstance(value, dict):
            found += [(f"{said}, {name}", shown) for said, shown in _held_out(_shares(value))]
        elif name in HELD_OUT and isinstance(value, dict):
            found.append((HELD_OUT[name], _share(value)))
        elif name in HELD_OUT and words.is_number(value):
            found.append((HELD_OUT[name], words.count(value) if isinstance(value, int) else words.number(value)))
    return found


def _shares(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of preferences with the share and its interval as one."""
    share = {name: facts.get(name) for name in ("share", "low", "high", "right", "pairs")}
    return {"share": share, "margin": facts.get("margin")} if share["share"] is not None else {}


def _share(part: dict[str, Any]) -> str:
    if part.get("share") is None:
        return "–"
    interval = f"[{words.percent(part.get('low'))}, {words.percent(part.get('high'))}]"
    return f"{words.percent(part['share'])} {interval} of {words.count(part.get('pairs'))}"
