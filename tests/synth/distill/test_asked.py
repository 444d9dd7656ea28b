"""Which checks ask a model, and of which rows."""

from collections.abc import Callable
from typing import Any

from synth.distill import DistillOptions
from synth.distill.asked import Asker
from synth.distill.claim import Claim
from synth.distill.item import Item

MakeItem = Callable[..., Item]


def test_nothing_is_asked_by_default(by_rule: Any, make_item: MakeItem) -> None:
    engine = by_rule(lambda request: "A")
    asker = Asker(engine, engine, DistillOptions(), 1)
    assert not asker.asks() and asker.checks([Claim("k", make_item(), "22")]) == {"k": ()}
    assert engine.asked == []


def test_each_option_adds_its_check_where_it_applies(by_rule: Any, make_item: MakeItem) -> None:
    engine = by_rule(lambda request: "22")
    claims = [Claim("typed", make_item(), "22", (("user", "in view"),)), Claim("open", make_item(answer=None), "x y")]
    options = DistillOptions(judge=True, round_trip=True, min_support=0.5, max_leaked=0.5)
    found = Asker(engine, engine, options, 1).checks(claims)
    assert [one.name for one in found["typed"]] == ["round_trip", "open.leaked_tokens"]
    assert [one.name for one in found["open"]] == ["open.judge", "open.support"]
    without = Asker(engine, None, options, 1).checks(claims)
    assert [[one.name for one in without[key]] for key in ("typed", "open")] == [["round_trip"], ["open.judge"]]


def test_likelihood_needs_a_scorer(by_rule: Any) -> None:
    engine = by_rule(lambda request: "")
    assert not Asker(engine, None, DistillOptions(min_support=0.5), 1).asks()
    assert Asker(engine, engine, DistillOptions(min_support=0.5), 1).asks()
    assert Asker(engine, engine, DistillOptions(max_leaked=0.5), 1).asks()


def test_each_check_has_the_threshold_of_its_own_option(by_rule: Any, make_item: MakeItem) -> None:
    engine = by_rule(lambda request: "")
    claim = Claim("k", make_item(answer=None), "x y", (("user", "in view"),))
    found = Asker(engine, engine, DistillOptions(min_support=0.6, max_leaked=0.1), 1).checks([claim])["k"]
    assert [(one.name, one.threshold) for one in found] == [("open.support", 0.6), ("open.leaked_tokens", 0.9)]
