"""How many canaries were judged wrongly, and whether that is within the budget."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from curation.errors import InputError
from curation.metrics.intervals import wilson

from .canary import Canary

READY = "ready rows"
ACCEPT, REJECT = "accept known-bad answers", "reject known-good answers"
_ADVICE = {
    ACCEPT: "give such rows a stricter check, or raise max_false_accept if such an answer may pass",
    REJECT: "mend the references or answers of such rows, or raise max_false_reject if they may be lost",
}
_READY_ADVICE = {
    ACCEPT: "a check passes too much with these settings, or the model that is asked does: change them, or raise "
    "max_false_accept",
    REJECT: "a check refuses too much with these settings, or the model that is asked does: change them, or raise "
    "max_false_reject",
}


class CanaryError(InputError):
    """The checks are wrong too often on the data at hand to be relied on."""


def rates(canaries: Mapping[str, Sequence[Canary]], wrongly: Callable[[Canary], bool], budget: float) -> dict[str, Any]:
    """Error rates of canaries, with Wilson 95 % intervals.

    Args:
        canaries: by group; those of ready rows are groups of their own.
        wrongly: whether one was judged wrongly.
        budget: the largest rate allowed.

    Returns:
        Of all: `wrong`, `of`, `rate`, `low`, `high`, `possible` (the bound with none wrong), `shown` (whether the
        budget is shown to be kept), `rows` (that they were made from). The same under `own` (of the run's rows alone),
        under `by_group`, and under `by_kind` (how they were made).
    """
    every = [one for many in canaries.values() for one in many]
    kinds = sorted({one.kind for one in every})

    def rate(some: Sequence[Canary]) -> dict[str, Any]:
        return {**_rate(sum(map(wrongly, some)), len(some), budget), "rows": len({one.item.id for one in some})}

    return {
        **rate(every),
        "own": rate([one for one in every if not one.ready]),
        "by_group": {name: rate(many) for name, many in canaries.items()},
        "by_kind": {kind: rate([one for one in every if one.kind == kind]) for kind in kinds},
    }


def _rate(wrong_: int, of: int, budget: float) -> dict[str, Any]:
    if not of:
        return {"wrong": 0, "of": 0, "rate": None, "low": None, "high": None, "possible": 1.0, "budget": budget,
                "shown": False}  # fmt: skip
    low, high = wilson(wrong_, of)
    possible = wilson(0, of)[1]
    return {"wrong": wrong_, "of": of, "rate": wrong_ / of, "low": low, "high": high, "possible": possible,
            "budget": budget, "shown": high <= budget}  # fmt: skip


def within(
    what: str, canaries: Mapping[str, Sequence[Canary]], wrongly: Callable[[Canary], bool], budget: float
) -> None:
    """Stop when canaries of a group, or of all groups together, were judged wrongly too often.

    A run's own are held alone, so that ready rows cannot outweigh what went wrong with them; where any of a ready row
    was judged wrongly, both are held together as well.

    Where there are enough canaries to show that the budget is kept, it must be shown: the upper bound counts. Where
    there are too few for that, only what is certainly above the budget stops the run: the lower bound counts.
    """
    groups: dict[str, list[Canary]] = {}
    for name, many in canaries.items():
        groups.setdefault(name.removesuffix(f", {READY}"), []).extend(many)
    groups["all groups"] = [one for many in canaries.values() for one in many]
    own = {name: [one for one in many if not one.ready] for name, many in groups.items()}
    both = {
        f"{name}, with {READY}": sorted(many, key=lambda one: not one.ready)  # a ready one is the example
        for name, many in groups.items()
        if any(one.ready and wrongly(one) for one in many)
    }
    for name, many in (own | both).items():
        rate = _rate(sum(map(wrongly, many)), len(many), budget)
        if not rate["wrong"]:
            continue
        enough = rate["possible"] <= rate["budget"]
        if (rate["high"] if enough else rate["low"]) <= rate["budget"]:
            continue
        first = next(one for one in many if wrongly(one))
        bound, value = ("upper", rate["high"]) if enough else ("lower", rate["low"])
        raise CanaryError(
            f"distill: the checks {what} too often ({name}): {rate['wrong']} of {rate['of']} canaries, {bound} bound "
            f"{value:.2f}, expected at most {rate['budget']:.2f}; for example ({first.kind}) {first.text[:80]!r} "
            f"for row {first.item.id} with answer {first.item.answer!r}; "
            f"{(_READY_ADVICE if first.ready else _ADVICE)[what]}"
        )
