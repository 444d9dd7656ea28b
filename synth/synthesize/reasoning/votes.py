"""The answers of reasoning paths: read strictly, told apart by value, counted (self-consistency)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import re2

from curation import tables
from curation.checks import typed
from curation.checks.typed_numbers import numbers
from curation.checks.typed_result import unfenced
from curation.metrics.text import normalise_answer

from ...distill.item import Item
from ...parse import Rejected

_ANSWER = re2.compile(
    r"(?i)^\s*(?:\*\*)?(?:(?:the )?(?:final )?answer|최종 답|정답|답)(?:\*\*)?\s*[:：]\s*(?:\*\*)?(.*?)(?:\*\*)?\s*$"
)
_BARE_NUMBER = re2.compile(r"[$₩€£]? ?[+−-]?[\d.,/ ]*\d\.?")  # and nothing beside it, not even a unit


@dataclass(frozen=True)
class Vote:
    """How the paths of a row voted.

    Attributes:
        key: the most frequent answer, none where no path has one.
        agreement: its share of all paths, 0..1.
        tied: whether another answer is as frequent.
        counts: votes by answer, the most frequent first.
    """

    key: str | None
    agreement: float
    tied: bool
    counts: dict[str, int]


def extract(text: str, pattern: str | None = None) -> str | Rejected:
    """The answer of a path, as it stands there.

    Without a pattern it is what follows `Answer:` (`답:`) in the last line that is not empty, and no other line may
    have that mark: nothing would say which is meant. With one it is the group of its only match.

    Returns:
        The answer, or `no_answer`, `several_answers`, `empty_answer`.
    """
    if pattern is not None:
        found = [match.group(1) or "" for match in re2.finditer(pattern, text)]
        last = True
    else:
        lines = [line for line in text.split("\n") if line.strip()]
        matches = [_ANSWER.match(line) for line in lines]
        found = [match.group(1) for match in matches if match is not None]
        last = bool(matches) and matches[-1] is not None
    if len(found) > 1:
        return Rejected("several_answers", f"{len(found)} answers are marked, expected one")
    if not found or not last:
        return Rejected("no_answer", "the last line marks no answer" if pattern is None else "the pattern is not there")
    answer = found[0].strip()
    return answer if answer else Rejected("empty_answer", "nothing after the mark of the answer")


def key(item: Item, answer: str, compare: str = "auto") -> str | Rejected:
    """The value of an answer, equal for answers that say the same.

    By the row's check where it names one (a number's value, the option that is named, JSON), else by `compare`.

    Returns:
        The key, or `unreadable_answer` where the answer is none of its kind.
    """
    kind = item.kind if item.answer is not None else {"auto": "short_answer"}.get(compare, compare)
    if kind == "number":
        found = numbers(answer)
        return str(found[-1]) if found else Rejected("unreadable_answer", f"no number in {answer!r}")
    if kind == "choice" and item.choices:
        named = [one for one in item.choices if typed.check("choice", one, answer, choices=item.choices).passed]
        if len(named) == 1:
            return named[0]
        return Rejected("unreadable_answer", f"names {named} of the choices, expected one")
    if kind == "json":
        try:
            return tables.canonical_json(json.loads(unfenced(answer)))
        except (ValueError, RecursionError):
            return Rejected("unreadable_answer", f"no JSON: {answer!r}")
    if compare != "text" and _BARE_NUMBER.fullmatch(answer) and len(found := numbers(answer)) == 1:
        return str(found[0])
    return normalise_answer(answer).strip(" '\"()[]")


def vote(keys: Sequence[str | None]) -> Vote:
    """The most frequent answer (Wang et al., arXiv 2203.11171, section 2: unweighted majority).

    Args:
        keys: of every path; none for one without a readable answer, which votes for nothing but counts as a path.
    """
    counted = Counter(one for one in keys if one is not None)
    ordered = dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
    if not ordered:
        return Vote(None, 0.0, False, {})
    first, *others = ordered.items()
    return Vote(first[0], first[1] / len(keys), bool(others) and others[0][1] == first[1], ordered)


def by_agreement(rows: Sequence[tuple[float, bool]], width: float = 0.25) -> list[dict[str, Any]]:
    """How often the most frequent answer is right among rows of like agreement: what the threshold is chosen by.

    Args:
        rows: agreement and whether the answer is right, of each row with an answer.
        width: of a class of agreement.
    """
    classes: dict[int, list[bool]] = {}
    top = round(1 / width) - 1
    for agreement, right in rows:
        classes.setdefault(min(int(agreement / width), top), []).append(right)
    return [
        {"from": at * width, "to": (at + 1) * width, "rows": len(found), "right": sum(found)}
        for at, found in sorted(classes.items())
    ]
