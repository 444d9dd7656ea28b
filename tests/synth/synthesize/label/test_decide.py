"""The label of a text and when it is left without one; accuracy, coverage and their intervals on known labels."""

from typing import Any

import pytest

from curation.metrics.intervals import wilson
from curation.model import Request, Response, Sampling
from synth.prompts import load
from synth.synthesize.attempt import Ask, Attempt, Source
from synth.synthesize.label.ask import Answers, Text
from synth.synthesize.label.decide import decide, measured
from synth.synthesize.label.options import LabelOptions

LABELS = ("good", "bad")


def answers(votes: list[str | None], good: list[float | None], truth: str | None = None) -> Answers:
    source = Source("a" * 32, "t", None, None)
    attempts = []
    for number, vote in enumerate(votes):
        ask = Ask(source, Request(f"a/{number}", "x", Sampling(4)), load(f"label_{number + 1}.en"))
        attempts.append(Attempt(ask, Response(f"a/{number}", 0, vote or "?", (1,), "stop", 3), "e", "m"))
    known = [None if share is None else {"good": share, "bad": 1 - share} for share in good]
    return Answers(Text(source, "x", truth), attempts, votes, known)


@pytest.mark.parametrize(
    ("votes", "good", "label", "confidence", "rule"),
    [
        (["good", "good", "bad"], [0.9, 0.8, 0.4], "good", 0.7, None),
        (["good", "good", "good"], [0.55, 0.5, 0.45], None, None, "tie"),
        (["good", "good", "good"], [0.7, 0.6, 0.5], "good", 0.6, "low_confidence"),
        (["bad", "bad", "good"], [0.9, 0.9, 0.9], "good", 0.9, "disagreement"),
        (["good", None, "good"], [0.9, None, 0.9], "good", 0.9, None),
        ([None, None, None], [0.9, 0.9, 0.9], None, 0.0, "no_label"),
        (["good", "good", "good"], [None, None, None], None, 0.0, "not_scored"),
    ],
)
def test_with_probabilities(votes: Any, good: Any, label: Any, confidence: Any, rule: Any) -> None:
    found = decide(answers(votes, good), True, LabelOptions(LABELS, min_confidence=0.65))
    assert (found.drop.rule if found.drop else None) == rule
    if label is not None:
        assert found.label == label and found.confidence == pytest.approx(confidence)


def test_each_limit_is_that_of_its_own_option() -> None:
    one = answers(["good", "good", "bad"], [0.6] * 3)
    unsure = decide(one, True, LabelOptions(LABELS, min_confidence=0.7, min_agreement=0.1)).drop
    apart = decide(one, True, LabelOptions(LABELS, min_confidence=0.1, min_agreement=0.7)).drop
    assert unsure is not None and (unsure.rule, unsure.threshold) == ("low_confidence", 0.7)
    assert apart is not None and (apart.rule, apart.threshold) == ("disagreement", 0.7)
    exact = LabelOptions(LABELS, min_confidence=0.5, min_agreement=2 / 3)  # a limit itself is enough
    assert decide(answers(["good", "good", "bad"], [0.75, 0.5, 0.75]), True, exact).drop is None


@pytest.mark.parametrize(
    ("votes", "label", "confidence", "rule"),
    [
        (["good", "good", "bad"], "good", 2 / 3, None),
        (["good", None, None], "good", 1 / 3, "low_confidence"),
        (["good", "bad", None], "good", 1 / 3, "tie"),
    ],
)
def test_without_a_scorer_agreement_is_the_confidence(votes: Any, label: str, confidence: float, rule: Any) -> None:
    found = decide(answers(votes, [None] * 3), False, LabelOptions(LABELS))
    assert found.label == label and found.confidence == pytest.approx(confidence)
    assert found.probabilities is None and (found.drop.rule if found.drop else None) == rule


def test_accuracy_and_coverage_on_known_labels() -> None:
    options = LabelOptions(LABELS, min_confidence=0.8)
    cases = [
        answers(["good"] * 3, [0.95] * 3, "good"),
        answers(["good"] * 3, [0.9] * 3, "good"),
        answers(["good", "bad", "good"], [0.6] * 3, "bad"),
        answers([None] * 3, [None] * 3, "bad"),
    ]
    found = measured([(one, decide(one, True, options)) for one in cases])
    low, high = wilson(2, 4)
    assert found["forced"] == {"right": 2, "of": 4, "accuracy": 0.5, "low": low, "high": high}
    assert found["accepted"]["coverage"] == 0.5 and found["accepted"]["accuracy"] == 1.0
    curve = {point["confidence"]: (point["coverage"], point["accuracy"]) for point in found["curve"]}
    assert curve[0.5] == (0.75, pytest.approx(2 / 3)) and curve[0.9] == (0.5, 1.0) and curve[0.99] == (0.0, None)
    assert found["by_form"]["label_2.en"]["right"] == 3
    assert found["by_label"]["bad"] == {"texts": 2, "right": 0, "accepted": 0, "accepted_right": 0}
