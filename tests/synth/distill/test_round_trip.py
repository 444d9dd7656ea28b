"""A rewrite from which the answer cannot be had again is rejected."""

from collections.abc import Callable
from typing import Any

import pytest

from synth.distill.claim import Claim
from synth.distill.item import Item
from synth.distill.round_trip import round_trip

MakeItem = Callable[..., Item]


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("22", True),
        ("It is 22.", True),
        ("23", False),
        ("", False),
        (("22", "length"), False),
        (("", "refused"), False),
    ],
)
def test_the_answer_from_the_text_alone_decides(by_rule: Any, make_item: MakeItem, said: Any, passed: bool) -> None:
    engine = by_rule(lambda request: said)
    claim = Claim("row/self", make_item(check="number"), "Eleven and eleven make 22.")
    assert round_trip([claim], engine, 64, seed=1)["row/self"].passed is passed
    (request,) = engine.asked
    ((role, text),) = request.prompt
    assert role == "user" and claim.text in text and "What is 11 + 11?" in text
    assert claim.item.reference not in text  # nothing but the rewrite is in view


def test_only_answers_that_can_be_asked_for(by_rule: Any, make_item: MakeItem) -> None:
    engine = by_rule(lambda request: "22")
    claims = [
        Claim("open", make_item(answer=None), "x"),
        Claim("code", make_item(check="python_code", answer="assert 1"), "x"),
        Claim("short", make_item(), "x"),
        Claim("choice", make_item(check="choice", choices=["22", "33"]), "x"),
    ]
    assert set(round_trip(claims, engine, 64, seed=1)) == {"short", "choice"}
    assert round_trip([], engine, 64, seed=1) == {}
