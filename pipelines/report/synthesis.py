"""What the page shows of distillation and synthesis; facts may lack anything."""

from typing import Any

from markupsafe import Markup

from . import charts, words

Step = dict[str, Any]
View = dict[str, Any]

TIER_COLOURS = {
    "verified_self": charts.LEARNED,
    "verified_rewrite": "var(--series-2)",
    "gold_fallback": charts.NEUTRAL,
    "new_knowledge": "var(--series-5)",
}


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
            {
                "tier": tier,
                "meaning": words.TIERS.get(tier, ""),
                "count": words.count(number),
                "share": words.share(number, rows),
            }
            for tier, number in _by_ladder(tiers)
        ],
        "reasons": words.counted(facts.get("fallback_reasons"), rows, {}),
        "rejections": [
            {"rung": rung, "rows": words.counted(counted, sum(counted.values()), {})}
            for rung, counted in rejections.items()
            if counted
        ],
        "facts": _distilled(facts),
        "canaries": [
            row
            for name, rate in (facts.get("canaries") or {}).items()
            if isinstance(rate, dict) and name != "too_few"
            for row in _canaries(name, rate)
        ],
        "examples": sorted(step["examples"], key=lambda row: _rung(row["tier"])),
    }


def _tiers(tasks: dict[str, dict[str, int]]) -> Markup | None:
    """Rows of each task by tier."""
    present = {tier for tiers in tasks.values() for tier in tiers}
    if not present:
        return None
    groups = [tier for tier, _ in _by_ladder(dict.fromkeys(present, 0))]
    rows = [
        {"name": task, "group": tier, "count": tiers.get(tier, 0), "order": place}
        for task, tiers in tasks.items()
        for place, tier in enumerate(groups)
    ]
    said = "; ".join(f"{row['name']}, {row['group']}: {row['count']}" for row in rows)
    colours = {tier: TIER_COLOURS.get(tier, charts.NEUTRAL) for tier in groups}
    return charts.svg(charts.stacked(rows, colours, list(tasks), "rows"), f"Rows by task and tier. {said}")


def _distilled(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What else was measured, named, as far as it is there."""
    likelihood, length = facts.get("nats_per_token") or {}, facts.get("length_ratio") or {}
    moved = ((facts.get("movement") or {}).get("all") or {}).get("nats_per_token") or {}
    before, after = ((facts.get("fluency") or {}).get(side) or {} for side in ("before", "after"))
    gate = facts.get("knowledge") or {}
    copied = facts.get("copies_of_reference") or {}
    too_few = (facts.get("canaries") or {}).get("too_few") or {}
    requests, tokens = facts.get("requests") or {}, facts.get("tokens") or {}
    named = [
        ("surprise of the references to the model, nats a token", likelihood.get("references")),
        ("surprise of what is trained on instead, nats a token", likelihood.get("distilled")),
        ("change of a row, nats a token, mean", moved.get("mean")),
        ("its 95 % interval, low", moved.get("low")),
        ("its 95 % interval, high", moved.get("high")),
        ("marks of bad Korean translation in 100 words of the references", before.get("marks_per_100_words")),
        ("the same of what is trained on instead", after.get("marks_per_100_words")),
        ("rows whose answer the model knows", gate.get("known")),
        ("rows whose answer is new to it", gate.get("new")),
        ("of those, right by luck as far as can be told", gate.get("guessed")),
        ("length of the model's own texts against their references, median", length.get("median")),
        ("the shortest", length.get("lowest")),
        ("the longest", length.get("highest")),
        ("the model's own texts that nearly copy their references", copied.get("copies")),
        ("of so many with words enough to be compared", copied.get("compared")),
        ("groups whose own rows gave too few good canaries (ready rows gave the rest)", _some(too_few.get("good"))),
        ("groups whose own rows gave too few bad ones", _some(too_few.get("bad"))),
        ("references that fail their own checks", facts.get("inconsistent_references")),
        ("answers asked for", requests.get("candidates")),
        ("answers used", requests.get("used")),
        ("closed-book samples of the knowledge gate", requests.get("known_samples")),
        ("answers generated in this run", facts.get("generated")),
        ("answers taken from the cache", facts.get("cached")),
        ("tokens generated", tokens.get("generated")),
    ]
    return words.measured(named)


def _some(groups: dict[str, Any] | None) -> int | None:
    return len(groups or ()) or None


def _by_ladder(tiers: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(tiers.items(), key=lambda item: _rung(item[0]))


def _rung(tier: str | None) -> tuple[int, str]:
    ladder = list(words.TIERS)
    return (ladder.index(tier), tier) if tier in ladder else (len(ladder), tier or "")


def _canaries(name: str, rate: dict[str, Any]) -> list[View]:
    """A row of all canaries and, where ready rows gave some of them, one of those of the run's own rows."""
    own = rate.get("own") or rate
    less = own.get("of", 0) < rate.get("of", 0)
    return [_canary(name, rate), *([_canary(f"{name}, of the run's own rows", own)] if less else [])]


def _canary(name: str, rate: dict[str, Any]) -> View:
    return {
        "name": name.replace("_", " "),
        "wrong": words.count(rate.get("wrong")),
        "of": words.count(rate.get("of")),
        "rate": words.percent(rate.get("rate")),
        "interval": f"[{words.percent(rate.get('low'))}, {words.percent(rate.get('high'))}]",
        "budget": words.percent(rate.get("budget")),
        "shown": rate.get("shown"),
    }


def synthesize(step: Step) -> View:
    """Yield of a method: what was asked for, kept, and dropped for which reason, and what the method measured."""
    facts = step["facts"]
    requests = (facts.get("requests") or {}).get("requests")
    return {
        "method": (facts.get("method") or "").replace("_", " "),
        "samples": words.count(facts.get("samples")),
        "asked": bool(requests),
        "requests": words.count(requests),
        "rejections": words.counted(facts.get("rejections"), requests or 0, {}),
        "novelty": words.counted(facts.get("novelty"), requests or 0, {}),
        "tasks": [
            {"task": task, "rows": words.count(counts.get("rows")), "used": words.count(counts.get("used"))}
            for task, counts in (facts.get("yield_by_task") or {}).items()
        ],
        "facts": _measured({name: value for name, value in facts.items() if name not in _SHOWN}),
        "examples": step["examples"],
    }


_SHOWN = ("method", "samples", "rejections", "novelty", "yield_by_task")


def _measured(facts: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every number among nested facts, named by the keys that lead to it."""
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        named = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            found += _measured(value, f"{named}: ")
        else:
            found += words.measured([(named, value)])
    return found
