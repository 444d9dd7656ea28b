"""What self-distillation did to a task set, in figures."""

from collections import Counter
from statistics import median
from typing import Any

from curation.model import Score

from . import copies, fluency, knowledge
from .item import Candidate
from .movement import movement, pairs_of
from .options import DistillOptions
from .settle import Likelihoods, Outcome
from .verify import passed, verify_each


def report(
    outcomes: list[Outcome], likely: Likelihoods, canaries: dict[str, Any], options: DistillOptions
) -> dict[str, Any]:
    """Yield by tier and reason, rejections by rung and check, lengths, likelihoods and the canaries' error rates."""
    tiers = Counter(outcome.tier for outcome in outcomes)
    candidates = [candidate for outcome in outcomes for candidate in outcome.tried.candidates]
    gates = {outcome.tried.item.id: gate for outcome in outcomes if (gate := outcome.tried.knowledge) is not None}
    return {
        "rows": len(outcomes),
        "tiers": dict(sorted(tiers.items())),
        "tiers_by_task": _by_task(outcomes),
        "fallback_reasons": _counts(outcome.reason for outcome in outcomes if outcome.reason is not None),
        "requests": {
            "candidates": len(candidates),
            "used": sum(outcome.chosen is not None for outcome in outcomes),
            "known_samples": sum(len(gate.samples) for gate in gates.values()),
        },
        "rejections": {
            rung: _counts(one.failed.name for one in candidates if one.rung == rung and not one.verified)
            for rung in sorted({one.rung for one in candidates})
        },
        "verified_by_template": _by_template(candidates),
        "same_as_reference": sum(
            outcome.chosen is not None and outcome.chosen.text == outcome.tried.item.reference.strip()
            for outcome in outcomes
        ),
        "copies_of_reference": _copies(outcomes, options),
        "length_ratio": _length_ratio(outcomes),
        "nats_per_token": _nats(outcomes, likely),
        "movement": movement(pairs_of(outcomes, likely)),
        "fluency": fluency.compare(
            (outcome.tried.item.reference, outcome.chosen.text if outcome.chosen else outcome.tried.item.reference)
            for outcome in outcomes
        ),
        "knowledge": knowledge.report([outcome.tried.item for outcome in outcomes], gates) if gates else None,
        "inconsistent_references": _inconsistent(outcomes, options),
        "unusable_answers": sum(outcome.tried.item.problem is not None for outcome in outcomes),
        "tokens": {
            "prompt": sum(one.response.prompt_tokens for one in candidates),
            "generated": sum(len(one.response.token_ids) for one in candidates),
        },
        "canaries": canaries,
    }


def _counts(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _by_task(outcomes: list[Outcome]) -> dict[str, dict[str, int]]:
    tasks: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        tasks.setdefault(outcome.tried.item.row["task"], Counter())[outcome.tier] += 1
    return {task: dict(sorted(tasks[task].items())) for task in sorted(tasks)}


def _by_template(candidates: list[Candidate]) -> dict[str, dict[str, int]]:
    asked: Counter[str] = Counter()
    verified: Counter[str] = Counter()
    for candidate in candidates:
        name = candidate.template.name if candidate.template else "closed book"
        asked[name] += 1
        verified[name] += candidate.verified
    return {name: {"asked": asked[name], "verified": verified[name]} for name in sorted(asked)}


def _copies(outcomes: list[Outcome], options: DistillOptions) -> dict[str, int]:
    """Of the model's own texts, those near their reference, and those with words enough to be compared."""
    own = [outcome.chosen for outcome in outcomes if outcome.chosen is not None]
    likeness = [1 - check.score for one in own for check in one.checks if check.name == copies.OWN]
    return {
        "copies": sum(share >= options.novelty.near_duplicate for share in likeness),
        "compared": len(likeness),
        "own_texts": len(own),
    }


def _length_ratio(outcomes: list[Outcome]) -> dict[str, float] | None:
    """Characters of the model's own texts over those of their references: median, shortest, longest."""
    ratios = [
        len(outcome.chosen.text) / len(outcome.tried.item.reference)
        for outcome in outcomes
        if outcome.chosen is not None
    ]
    return {"median": median(ratios), "lowest": min(ratios), "highest": max(ratios)} if ratios else None


def _nats(outcomes: list[Outcome], likely: Likelihoods) -> dict[str, Any] | None:
    """How surprising the seed model finds what it is to learn: references against what replaces them.

    Over the rows for which both are known; a row that keeps its reference counts the same on both sides.
    """
    references: list[Score] = []
    distilled: list[Score] = []
    for outcome in outcomes:
        reference = likely.references.get(outcome.tried.item.id)
        chosen = reference
        if outcome.chosen is not None:
            chosen = likely.candidates.get(outcome.chosen.request.id)
        if reference is not None and chosen is not None:
            references.append(reference)
            distilled.append(chosen)
    if not references:
        return None
    return {"references": _per_token(references), "distilled": _per_token(distilled), "rows": len(references)}


def _per_token(scores: list[Score]) -> float:
    return -sum(score.total for score in scores) / sum(len(score.token_ids) for score in scores)


def _inconsistent(outcomes: list[Outcome], options: DistillOptions) -> int:
    """Rows whose reference fails its own checks: data that says two things, or a check that is wrong for it."""
    items = [outcome.tried.item for outcome in outcomes]
    given = [(item, item.reference, "stop") for item in items if item.reference.strip() and item.problem is None]
    return sum(not passed(checks) for checks in verify_each(given, options))
