"""How far a set moved: figures worked by hand, and what must hold for any set."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.model import Score
from synth.distill.movement import Pair, Text, movement, pairs_of
from synth.distill.settle import Likelihoods, settle

texts = st.builds(Text, st.floats(0, 100), st.integers(1, 50), st.integers(1, 200))
pairs = st.lists(
    st.builds(Pair, st.uuids().map(str), st.sampled_from("ab"), st.sampled_from(["verified_self", "gold_fallback"]),
              texts, texts),
    min_size=1, max_size=12, unique_by=lambda pair: pair.id,
)  # fmt: skip


def pair(id_: str, before: Text, after: Text, task: str = "sums", tier: str = "verified_self") -> Pair:
    return Pair(id_, task, tier, before, after)


def test_a_set_worked_by_hand() -> None:
    found = movement(
        [
            pair("a", Text(8.0, 4, 16), Text(2.0, 2, 8)),  # 2 a token, then 1
            pair("b", Text(6.0, 2, 4), Text(6.0, 6, 12)),  # 3, then 1
            pair("c", Text(5.0, 5, 10), Text(5.0, 5, 10), tier="gold_fallback"),  # kept
        ]
    )
    assert found is not None
    every = found["all"]
    assert every["rows"] == 3 and every["closer"] == pytest.approx(2 / 3)
    token = every["nats_per_token"]
    assert token["before"] == pytest.approx(19 / 11) and token["after"] == pytest.approx(13 / 13)
    assert token["mean"] == pytest.approx((-1 - 2 + 0) / 3)
    assert token["low"] < token["mean"] < token["high"]
    assert token["quantiles"]["before"]["0.5"] == 2.0 and token["quantiles"]["change"]["0.5"] == -1.0
    assert every["nats_per_character"]["before"] == pytest.approx(19 / 30)
    assert every["length"]["characters"] == 1.0 and every["length"]["tokens"] == pytest.approx(13 / 11)
    assert every["length"]["quantiles"]["0.5"] == 1.0
    assert found["tiers"]["gold_fallback"]["nats_per_token"]["mean"] == 0
    assert found["tiers"]["gold_fallback"]["nats_per_token"]["low"] is None  # one row has no interval
    assert list(found["tasks"]) == ["sums"] and found["tasks"]["sums"] == every


def test_a_longer_text_of_surer_tokens_is_told_from_a_likelier_one() -> None:
    """Nats a token fall when certain tokens are added; nats in all do not, and the length says why."""
    found = movement([pair("a", Text(4.0, 4, 20), Text(4.0, 8, 40))])
    assert found is not None
    assert found["all"]["nats_per_token"]["mean"] == -0.5
    assert found["all"]["length"] == {
        "characters": 2.0, "tokens": 2.0, "quantiles": {share: 2.0 for share in ("0.05", "0.25", "0.5", "0.75", "0.95")}
    }  # fmt: skip


def test_both_intervals_say_the_same_where_they_meet() -> None:
    rows = [pair(f"{n:04d}", Text(2.0 + n % 7, 2, 9), Text(2.0 + n % 5, 2, 9)) for n in range(1000)]
    few, many = movement(rows[:-1]), movement(rows)
    assert few is not None and many is not None
    for end in ("low", "high"):
        assert few["all"]["nats_per_token"][end] == pytest.approx(many["all"]["nats_per_token"][end], abs=0.01)


def test_pairs_are_the_rows_of_which_both_texts_were_scored(make_item: Any, make_tried: Any) -> None:
    own, kept, unscored = make_item(0), make_item(1), make_item(2)
    outcomes = [
        settle(make_tried(own, ("It is 22.", True), []), Likelihoods()),
        settle(make_tried(kept, ("23", False), []), Likelihoods()),
        settle(make_tried(unscored, ("It is 22.", True), []), Likelihoods()),
    ]
    reference = Score("", (-1.0, -3.0), (1, 2))
    likely = Likelihoods(
        {item.id: reference for item in (own, kept, unscored)}, {f"{own.id}/self": Score("", (-0.5,) * 3, (1, 2, 3))}
    )
    before = Text(4.0, 2, len("RESULT >>> 22 <<<"))
    assert pairs_of(outcomes, likely) == [
        Pair(own.id, "sums", "verified_self", before, Text(1.5, 3, 9)),
        Pair(kept.id, "sums", "gold_fallback", before, before),
    ]


def test_no_rows_are_no_figures() -> None:
    assert movement([]) is None


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in numbers(each)]
    return [] if value is None else [value]


@settings(max_examples=25)
@given(pairs)
def test_any_set_gives_finite_json_that_adds_up(rows: list[Pair]) -> None:
    found = movement(rows)
    assert found is not None and json.loads(json.dumps(found)) == found
    assert all(math.isfinite(number) for number in numbers(found))
    for part in ("tiers", "tasks"):
        assert sum(group["rows"] for group in found[part].values()) == found["all"]["rows"] == len(rows)
    assert found == movement(reversed(rows))


@settings(max_examples=25)
@given(pairs)
def test_a_set_that_kept_everything_moved_by_nothing(rows: list[Pair]) -> None:
    found = movement(replace(row, after=row.before) for row in rows)
    assert found is not None
    assert found["all"]["closer"] == 0 and found["all"]["length"]["characters"] == 1
    for unit in ("nats_per_token", "nats_per_character"):
        figures = found["all"][unit]
        assert figures["before"] == figures["after"] and figures["mean"] == 0
        assert set(figures["quantiles"]["change"].values()) == {0.0}
