"""Tiers in the order of the ladder, and what a method measured."""

from typing import Any

from pipelines.report.synthesis import distill, synthesize

Step = dict[str, Any]


def test_tiers_stand_in_the_order_of_the_ladder() -> None:
    tiers = {"new_knowledge": 5, "gold_fallback": 10, "verified_rewrite": 60, "verified_self": 25}
    view = distill({"facts": {"rows": 100, "tiers": tiers}, "examples": []})
    assert [row["tier"] for row in view["tiers"]] == list(reversed(tiers))
    assert [row["share"] for row in view["tiers"]] == ["25 %", "60 %", "10 %", "5.0 %"]
    assert view["own"] == "85 %"


def test_canaries_are_shown_with_intervals_and_budget() -> None:
    rate = {"wrong": 2, "of": 60, "rate": 2 / 60, "low": 0.009, "high": 0.114, "budget": 0.08, "shown": False}
    none = {"wrong": 0, "of": 0, "rate": None, "low": None, "high": None, "budget": 0.08, "shown": False}
    facts = {"canaries": {"false_accept": rate, "false_reject": none}}
    accept, reject = distill({"facts": facts, "examples": []})["canaries"]
    assert (accept["name"], accept["rate"], accept["interval"]) == ("false accept", "3.3 %", "[0.9 %, 11.4 %]")
    assert (reject["rate"], reject["interval"]) == ("–", "[–, –]")


def test_canaries_of_the_run_s_own_rows_stand_apart_where_ready_rows_gave_some() -> None:
    rate = {"wrong": 3, "of": 60, "rate": 0.05, "low": 0.0171, "high": 0.137, "budget": 0.5, "shown": True}
    own = {**rate, "wrong": 3, "of": 5, "rate": 0.6, "low": 0.2307, "high": 0.8824, "shown": False}
    facts = {"canaries": {"false_accept": {**rate, "own": rate}, "false_reject": {**rate, "own": own}}}
    shown = distill({"facts": facts, "examples": []})["canaries"]
    assert [(one["name"], one["wrong"], one["of"]) for one in shown] == [
        ("false accept", "3", "60"), ("false reject", "3", "60"), ("false reject, of the run's own rows", "3", "5"),
    ]  # fmt: skip


def test_groups_with_too_few_canaries_are_counted_and_are_no_rate() -> None:
    few = {"good": {"regex, en": {"of": 9, "wanted": 60}}, "bad": {}}
    copied = {"copies": 3, "compared": 40, "own_texts": 90}
    view = distill({"facts": {"canaries": {"too_few": few}, "copies_of_reference": copied}, "examples": []})
    assert view["canaries"] == []
    shown = dict(view["facts"])
    assert shown["groups whose own rows gave too few good canaries (ready rows gave the rest)"] == "1"
    assert "groups whose own rows gave too few bad ones" not in shown
    assert shown["the model's own texts that nearly copy their references"] == "3"


def test_synthesis_shows_its_yield_by_reason_and_every_figure_of_the_method() -> None:
    facts = {
        "method": "best_of",
        "samples": 3,
        "requests": {"requests": 10, "used": 4, "dropped": 6},
        "rejections": {"finish": 2, "number": 4},
        "novelty": {"novelty.held_out": 1},
        "yield_by_task": {"sums": {"rows": 5, "used": 3}},
        "kl_bound": {"n": 8, "nats": 1.2},
    }
    view = synthesize({"facts": facts, "examples": []})
    assert (view["method"], view["samples"], view["requests"]) == ("best of", "3", "10")
    assert [row["rule"] for row in view["rejections"]] == ["number", "finish"]
    assert ("kl bound: nats", "1.2") in view["facts"] and ("requests: used", "4") in view["facts"]
    assert synthesize({"facts": {}, "examples": []})["facts"] == []
