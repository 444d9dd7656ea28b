"""The label of a text, from what several prompt forms say, or why it is left without one; and how good that is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.metrics.intervals import wilson

from ...drop import Drop
from .ask import Answers
from .options import LabelOptions

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Decision:
    """The label of a text.

    Attributes:
        label: the likeliest, none where nothing was read.
        confidence: its mean probability over the prompt forms, or without probabilities the agreement, 0..1.
        agreement: share of all prompt forms in which the model says it, 0..1.
        probabilities: mean over the prompt forms; none without a scorer.
        drop: why the text is left without a label all the same.
    """

    label: str | None
    confidence: float
    agreement: float
    probabilities: dict[str, float] | None
    drop: Drop | None


def decide(answers: Answers, scored: bool, options: LabelOptions) -> Decision:
    """The label of highest mean probability, or without a scorer the most frequent one.

    Args:
        answers: of one text.
        scored: whether a scorer was asked.
        options: the thresholds.
    """
    votes = Counter(vote for vote in answers.votes if vote is not None)
    if not votes:
        return Decision(None, 0.0, 0.0, None, Drop("no_label", 0.0, detail={"forms": len(answers.votes)}))
    known = [one for one in answers.probabilities if one is not None]
    probabilities = None
    if known:
        probabilities = {label: sum(one[label] for one in known) / len(known) for label in options.labels}
    elif scored:
        return Decision(None, 0.0, 0.0, None, Drop("not_scored", 0.0))
    strength: dict[str, float] = probabilities or {label: float(votes[label]) for label in options.labels}
    best = max(strength.values())
    first = [label for label in options.labels if strength[label] == best]
    agreement = votes[first[0]] / len(answers.votes)
    confidence = probabilities[first[0]] if probabilities is not None else agreement
    drop = None
    if len(first) > 1:
        drop = Drop("tie", confidence, detail={"labels": first})
    elif confidence < options.min_confidence:
        drop = Drop("low_confidence", confidence, options.min_confidence, detail={"label": first[0]})
    elif agreement < options.min_agreement:
        drop = Drop("disagreement", agreement, options.min_agreement, detail={"label": first[0], "votes": dict(votes)})
    return Decision(first[0], confidence, agreement, probabilities, drop)


def measured(decided: Sequence[tuple[Answers, Decision]]) -> dict[str, Any]:
    """Labels against the truth, over texts whose label is known.

    Returns:
        `forced`: accuracy with 95 % interval when every text gets its label, one without an answer being wrong;
        `accepted`: the same over those that pass the thresholds, with their `coverage`; `curve`: coverage and
        accuracy for each confidence; `by_form`: accuracy of each prompt form alone; `by_label`.
    """
    of = len(decided)
    right = [decision.label == answers.text.truth for answers, decision in decided]
    accepted = [good for good, (_, decision) in zip(right, decided, strict=True) if decision.drop is None]
    curve = []
    for threshold in THRESHOLDS:
        above = [
            good
            for good, (_, decision) in zip(right, decided, strict=True)
            if decision.label is not None and decision.confidence >= threshold
        ]
        curve.append({"confidence": threshold, "coverage": len(above) / of, **_accuracy(sum(above), len(above))})
    forms: dict[str, list[bool]] = {}
    for answers, _ in decided:
        for attempt, vote in zip(answers.attempts, answers.votes, strict=True):
            name = attempt.ask.template.name if attempt.ask.template else ""
            forms.setdefault(name, []).append(vote == answers.text.truth)
    labels: dict[str, dict[str, int]] = {}
    for answers, decision in decided:
        truth = answers.text.truth or ""
        row = labels.setdefault(truth, {"texts": 0, "right": 0, "accepted": 0, "accepted_right": 0})
        row["texts"] += 1
        row["right"] += decision.label == truth
        row["accepted"] += decision.drop is None
        row["accepted_right"] += decision.drop is None and decision.label == truth
    return {
        "texts": of,
        "forced": _accuracy(sum(right), of),
        "accepted": {"coverage": len(accepted) / of, **_accuracy(sum(accepted), len(accepted))},
        "curve": curve,
        "by_form": {name: _accuracy(sum(found), len(found)) for name, found in sorted(forms.items())},
        "by_label": dict(sorted(labels.items())),
    }


def _accuracy(right: int, of: int) -> dict[str, Any]:
    low, high = wilson(right, of)
    return {"right": right, "of": of, "accuracy": right / of if of else None, "low": low, "high": high}
