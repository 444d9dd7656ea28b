"""What the report says of a merge: what was merged, and how far its parents are apart."""

from typing import Any

from . import words
from .synergy import shown


def merge(step: dict[str, Any]) -> dict[str, Any]:
    """Values of the page's section."""
    facts = step["facts"]
    options = facts.get("options") or {}
    cosine, distance = facts.get("cosine") or {}, facts.get("distance") or {}
    figures = [
        ("tensors", words.count(facts.get("tensors"))),
        ("cosine between parents, median of the tensors", words.number(cosine.get("median"))),
        ("cosine, lowest", words.number(cosine.get("lowest"))),
        ("distance of first and last parent, of the length of the first", words.number(distance.get("relative"))),
    ]
    if facts.get("length_ratio") is not None:
        figures.append(("length of the result, of the mean length of its parents", words.number(facts["length_ratio"])))
    if facts.get("straight") is not None:
        share = words.share(round(facts["straight"] * 1000), 1000)
        figures.append(("tensors so near each other that the arc is a line", share))
    return {
        "names": ", ".join(parent["name"] for parent in facts.get("parents") or []),
        "base": (facts.get("base") or {}).get("name"),
        "method": options.get("method"),
        "figures": figures,
        "synergy": shown(step.get("synergy") or []),
    }


def lines(facts: dict[str, Any]) -> list[str]:
    """Lines of the terminal."""
    if "parents" not in facts:
        return []
    names = " and ".join(words.clip(parent["name"], 60)[0] for parent in facts["parents"])
    return [
        f"{facts['options']['method']} of {names}: median cosine {words.number(facts['cosine']['median'])}, "
        f"relative distance {words.number(facts['distance']['relative'])}"
    ]
