"""How often the checks are wrong, measured in every run with candidates whose truth is known.

Good canaries are references for their own rows. Bad ones are another row's reference, and a row's own reference with
another row's answer put in the place of its own: the same words and style, a wrong answer. They pass through the same
function as real candidates, and none of them is ever returned.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curation.errors import InputError
from curation.metrics.intervals import wilson
from curation.metrics.text import normalise_answer

from .item import Item, order
from .options import DistillOptions
from .verify import passed, verify

PARTNERS = 20  # other rows that a row's known-bad answers may come from


class CanaryError(InputError):
    """The checks are wrong too often on the data at hand to be relied on."""


@dataclass(frozen=True)
class Canary:
    """A candidate whose truth is known: `kind` says how it was made, `good` whether it should pass."""

    item: Item
    kind: str
    good: bool
    text: str


def measure(items: list[Item], options: DistillOptions, seed: int) -> dict[str, Any]:
    """Rates of false accepts and false rejects with Wilson 95 % intervals; depends on no order of the rows.

    Returns:
        `false_accept` and `false_reject`: wrong, of, rate, low, high, and for false accepts the same by kind;
        `shown` says whether there were enough canaries to show that the budget is kept.

    Raises:
        CanaryError: when canaries were judged wrongly and an upper bound is above its budget.
    """
    pool = sorted((item for item in items if item.reference.strip()), key=lambda item: order(item.id, seed))
    good = [Canary(item, "own reference", True, item.reference) for item in pool[: options.canaries]]
    bad = _bad(pool, options.canaries)
    rejected = [canary for canary in good if not _accepted(canary, options)]
    accepted = [canary for canary in bad if _accepted(canary, options)]
    report: dict[str, Any] = {
        "false_accept": _rate(len(accepted), len(bad), options.max_false_accept),
        "false_reject": _rate(len(rejected), len(good), options.max_false_reject),
    }
    report["false_accept"]["by_kind"] = {
        kind: _rate(
            sum(canary.kind == kind for canary in accepted),
            sum(canary.kind == kind for canary in bad),
            options.max_false_accept,
        )
        for kind in sorted({canary.kind for canary in bad})
    }
    _within("accept known-bad answers", report["false_accept"], accepted)
    _within("reject references", report["false_reject"], rejected)
    return report


def _accepted(canary: Canary, options: DistillOptions) -> bool:
    return passed(verify(canary.item, canary.text, "stop", options))


def _bad(pool: list[Item], count: int) -> list[Canary]:
    """Known-bad canaries from pairs of rows of one task, since a wrong answer to a like question is the hardest."""
    tasks: dict[str, list[Item]] = {}
    for item in pool:
        tasks.setdefault(item.row["task"], []).append(item)
    places = [(item, tasks[item.row["task"]], tasks[item.row["task"]].index(item)) for item in pool[: max(count, 1)]]
    made: dict[tuple[str, str], Canary] = {}
    for shift in range(1, PARTNERS + 1):
        for item, rows, place in places:
            if shift >= len(rows):
                continue
            for canary in _from(item, rows[(place + shift) % len(rows)]):
                if len(made) == count:
                    return list(made.values())
                made.setdefault((item.id, canary.text), canary)
    return list(made.values())


def _from(item: Item, other: Item) -> Iterator[Canary]:
    """Wrong answers for a row, made with another: what is wrong depends on whether there is a bare answer."""
    if item.answer is None:
        if not _same(item.reference, other.reference):
            yield Canary(item, "another row's reference", False, other.reference)
        return
    if other.answer is None or _same(item.answer, other.answer):
        return
    if item.reference.count(item.answer) == 1:
        swapped = item.reference.replace(item.answer, other.answer)
        yield Canary(item, "another row's answer", False, swapped)
    yield Canary(item, "another row's reference", False, other.reference)


def _same(one: str, other: str) -> bool:
    return normalise_answer(one) == normalise_answer(other)


def _rate(wrong: int, of: int, budget: float) -> dict[str, Any]:
    if not of:
        return {"wrong": 0, "of": 0, "rate": None, "low": None, "high": None, "budget": budget, "shown": False}
    low, high = wilson(wrong, of)
    return {
        "wrong": wrong,
        "of": of,
        "rate": wrong / of,
        "low": low,
        "high": high,
        "budget": budget,
        "shown": high <= budget,
    }


def _within(what: str, rate: dict[str, Any], wrong: list[Canary]) -> None:
    """Stop when canaries were judged wrongly too often; too few canaries to show anything are no reason to."""
    if not wrong or rate["high"] <= rate["budget"]:
        return
    first = wrong[0]
    raise CanaryError(
        f"distill: the checks {what} too often: {rate['wrong']} of {rate['of']} canaries, upper bound "
        f"{rate['high']:.2f}, expected at most {rate['budget']:.2f}; for example {first.text[:80]!r} for row "
        f"{first.item.id} with answer {first.item.answer!r}"
    )
