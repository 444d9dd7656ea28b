"""Numbers and strangers' texts as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Characters that would hide or reorder what follows them (or that HTML cannot hold) are shown by their code.
_CONTROLS = {code: f"⟨U+{code:04X}⟩" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if code not in (9, 10, 13)}
_DIRECTIONS = {code: f"⟨U+{code:04X}⟩" for code in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_SHOWN = {**_CONTROLS, **_DIRECTIONS, 13: None}

BITS = "bits_per_byte"  # the one metric that is no share of 1, and better when lower

TIERS = {
    "verified_self": "the model's own answer, right without help",
    "verified_rewrite": "the reference in the model's own words, verified",
    "gold_fallback": "the reference as it came: no rewrite passed the checks",
    "new_knowledge": "the reference as it came: the model does not know the answer",
}


def clip(text: str, limit: int) -> tuple[str, int]:
    """The beginning of a text, harmless to show, and how many characters were left out."""
    shown = text[:limit].translate(_SHOWN)
    return shown, max(0, len(text) - limit)


def said(turns: Any) -> str:
    """A conversation, or a text, as one text; a single turn stands without its role."""
    if isinstance(turns, str):
        return turns
    if not turns:
        return ""
    if len(turns) == 1:
        return str(turns[0]["content"])
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)


def count(number: float | None) -> str:
    """A whole number with separators of thousands."""
    return "–" if number is None else f"{number:,.0f}"


def share(part: float, whole: float) -> str:
    """A part in per cent, with a decimal where it is below ten."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def number(value: float | None) -> str:
    """A measured value to four significant digits."""
    return "–" if value is None else f"{value:,.4g}"


def points(value: float | None, signed: bool = False) -> str:
    """A score or difference of scores in points of a hundred."""
    if value is None:
        return "–"
    rounded = round(100 * value, 1) + 0.0  # no minus before a zero
    return f"{rounded:+.1f}" if signed else f"{rounded:.1f}"


def interval(bounds: Mapping[str, Any], metric: str = "", signed: bool = False) -> str:
    """The interval of an estimate in its metric's unit, empty when it has none."""
    if bounds.get("low") is None or bounds.get("high") is None:
        return ""
    return f"[{score(bounds['low'], metric, signed)}, {score(bounds['high'], metric, signed)}]"


def score(value: float | None, metric: str, signed: bool = False) -> str:
    """A score or difference as people read it: points of 100, or the metric's own unit."""
    if metric != BITS:
        return points(value, signed)
    return "–" if value is None else f"{value:+.3f}" if signed else f"{value:.3f}"


def unit(metric: str) -> str:
    """What a score of a metric is counted in."""
    return "bits per byte" if metric == BITS else "points of 100"


def percent(value: Any) -> str:
    """A rate of 0..1 in per cent."""
    return f"{100 * value:.1f} %" if is_number(value) else "–"


def bounds(low: float | None, high: float | None) -> str:
    """What is let through, from one bound to the other."""
    shown = [f"{value:,.10g}" for value in (low, high) if value is not None]
    if len(shown) == 2:
        return f"{shown[0]} to {shown[1]}"
    return f"at {'least' if low is not None else 'most'} {shown[0]}" if shown else "any"


def cut_answers(step: Mapping[str, Any]) -> list[str]:
    """A sentence a model of an evaluate step whose answers were cut, since a cut answer counts as wrong too easily."""
    return [
        f"{row['model']}: {count(row['cut'])} of {count(row['answers'])} answers "
        f"({share(row['cut'], row['answers'])}) {'was' if row['cut'] == 1 else 'were'} cut at "
        f"{count(step['max_tokens'])} tokens and may be right beyond it; raise max_tokens to look further"
        for row in step["facts"].get("answers") or []
        if row["cut"]
    ]


def is_number(value: Any) -> bool:
    """Whether a fact is a number at all."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def measured(named: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Facts by name, those that are numbers."""
    return [
        (name, count(value) if isinstance(value, int) else number(value)) for name, value in named if is_number(value)
    ]


def names(found: Sequence[str], most: int = 12) -> str:
    """How many names there are and the first of them, in a line; empty for none."""
    if not found:
        return ""
    told = [" ".join(clip(name, 80)[0].split()) for name in found[:most]]
    return f"{count(len(found))} ({', '.join(told)}{', …' if len(found) > most else ''})"


def endings(numbers: Mapping[str, int], most: int = 12) -> str:
    """How many files of each ending, in a line: the most frequent, and how many endings there are besides."""
    ranked = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{count(number)} {' '.join(clip(ending, 20)[0].split())}" for ending, number in ranked[:most]]
    return ", ".join(told + ([f"and {count(len(ranked) - most)} endings more"] if len(ranked) > most else []))


def counted(numbers: dict[str, int] | None, whole: float, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """Counts by rule, largest first, with the rule's definition and a bar's width in per cent of the largest."""
    rows = sorted((numbers or {}).items(), key=lambda item: (-item[1], item[0]))
    top = rows[0][1] if rows and rows[0][1] else 1
    return [
        {
            "rule": rule,
            "definition": rules.get(rule),
            "count": count(number),
            "share": share(number, whole),
            "width": round(100 * number / top, 1),
        }
        for rule, number in rows
    ]
