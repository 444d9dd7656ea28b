"""What likelihoods say: worked by hand with an engine whose likelihoods are written down."""

from collections.abc import Callable
from typing import Any

import pytest

from curation.model import ScoreRequest
from synth.distill.claim import Claim
from synth.distill.item import Item
from synth.distill.support import leaked, support

MakeItem = Callable[..., Item]
REFERENCE, REWRITE = "one two three four", "four three two one"


def supported(by_rule: Any, make_item: MakeItem, nats: Callable[[ScoreRequest], float]) -> Any:
    engine = by_rule(lambda request: "", likelihood=nats)
    claim = Claim("k", make_item(reference=REFERENCE, answer=None), REWRITE)
    return support([claim], engine, 0.7)["k"]


def table(carried: float, grounded: float, itself: float = -1.0) -> Callable[[ScoreRequest], float]:
    """Nats a token: -3 alone, `itself` with the text itself to read, given shares of that gain with the other."""

    def nats(request: ScoreRequest) -> float:
        where = request.id.split("/")[1]
        share = {"r": 0.0, "c": 0.0, "r-itself": 1.0, "c-itself": 1.0, "r-other": carried, "c-other": grounded}[where]
        return -3.0 + share * (itself + 3.0)

    return nats


def test_the_smaller_of_both_directions_counts(by_rule: Any, make_item: MakeItem) -> None:
    assert supported(by_rule, make_item, table(0.9, 0.8)).score == pytest.approx(0.8)
    assert supported(by_rule, make_item, table(0.9, 0.8)).passed
    assert not supported(by_rule, make_item, table(0.4, 1.0)).passed  # something was left out
    assert not supported(by_rule, make_item, table(1.0, 0.4)).passed  # something was added


def test_a_model_that_gains_nothing_by_reading_cannot_tell(by_rule: Any, make_item: MakeItem) -> None:
    result = supported(by_rule, make_item, table(1.0, 1.0, itself=-3.0))
    assert not result.passed and "gains nothing" in result.detail


def test_leaked_tokens_are_those_that_only_the_view_explains(by_rule: Any, make_item: MakeItem) -> None:
    def measured(shown: Any, seen: float, reference: str, most: float) -> Any:
        engine = by_rule(lambda request: "", likelihood=lambda one: seen if one.id.endswith("in-view") else -9.0)
        claim = Claim("k", make_item(reference=reference, answer=None), "a b c d", shown)
        return leaked([claim], engine, most).get("k")

    view = (("user", "with the reference"),)
    assert measured(None, -1.0, "x", 0.1) is None  # closed book: there was nothing to leak
    # Tokens of the rule-made engine are numbered by place: the first of four is also in a reference of one token.
    assert measured(view, -1.0, "x", 0.1).score == pytest.approx(1 - 3 / 4)
    assert not measured(view, -1.0, "x", 0.1).passed and measured(view, -1.0, "x", 0.8).passed
    assert measured(view, -5.0, "x", 0.1).score == 1.0  # 4 nats are too few
    assert measured(view, -1.0, "x y z w", 0.1).score == 1.0  # the reference's own tokens


def test_earlier_turns_stay_before_the_notes(by_rule: Any, make_item: MakeItem) -> None:
    shown: list[Any] = []

    def nats(request: ScoreRequest) -> float:
        shown.append(request.context)
        return -1.0

    turns = [{"role": "system", "content": "brief"}, {"role": "user", "content": "What?"}]
    claim = Claim("k", make_item(reference=REFERENCE, answer=None, question="What?", prompt=turns), REWRITE)
    support([claim], by_rule(lambda request: "", likelihood=nats), 0.7)
    assert len(shown) == 6 and all(context[0] == ("system", "brief") and len(context) == 2 for context in shown)
