"""Which requests a row costs: rung by rung, no more than it needs, none above the budget."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Request
from synth.distill import DistillOptions
from synth.distill.item import Item, Tried
from synth.distill.knowledge import KnowledgeOptions
from synth.distill.ladder import climb

MakeItem = Callable[..., Item]
GATE = KnowledgeOptions(samples=3, right=1, forms=("asked",))
RIGHT, WRONG = "It is 22.", "It is 23."


def place(request: Request) -> tuple[int, str]:
    """Number of the row, and where on the ladder it asks."""
    row, where = request.id.split("/")
    return int(row, 16), where


def asked(one: Tried) -> list[str]:
    return [candidate.request.id.split("/")[1] for candidate in one.candidates]


def climbed(
    by_rule: Any, items: list[Item], right: set[tuple[int, str]], options: DistillOptions, enough: int = 2
) -> tuple[list[Tried], Any]:
    """Climb with an engine that is right in the places named and wrong in all others."""
    engine = by_rule(lambda request: RIGHT if place(request) in right else WRONG)
    return climb(items, engine, options, enough, seed=3), engine


def test_a_row_climbs_as_far_as_it_must(make_item: MakeItem, by_rule: Any) -> None:
    right = {(0, "self"), (1, "rewrite-0"), (1, "rewrite-1"), (1, "rewrite-2"), (2, "rewrite-2")}
    rows = [make_item(n) for n in range(4)]
    tried, engine = climbed(by_rule, rows, right, DistillOptions(candidates=3))
    assert [one.item for one in tried] == rows
    assert [asked(one) for one in tried] == [
        ["self"],
        ["self", "rewrite-0", "rewrite-1"],  # two verified are enough
        ["self", "rewrite-0", "rewrite-1", "rewrite-2"],
        ["self", "rewrite-0", "rewrite-1", "rewrite-2"],
    ]
    assert [[each.verified for each in one.candidates] for one in tried] == [
        [True], [False, True, True], [False, False, False, True], [False] * 4,
    ]  # fmt: skip
    assert [one.knowledge for one in tried] == [None] * 4
    assert len(engine.asked) == 12


@pytest.mark.parametrize(("enough", "rounds"), [(1, 1), (2, 2), (3, 3), (9, 4)])
def test_rounds_end_when_enough_are_verified(make_item: MakeItem, by_rule: Any, enough: int, rounds: int) -> None:
    right = {(0, f"rewrite-{n}") for n in range(9)}
    (one,), _ = climbed(by_rule, [make_item()], right, DistillOptions(candidates=4), enough)
    assert asked(one) == ["self", *(f"rewrite-{n}" for n in range(rounds))]


def test_the_rungs_can_be_left_out(make_item: MakeItem, by_rule: Any) -> None:
    (one,), _ = climbed(by_rule, [make_item()], {(0, "self")}, DistillOptions(closed_book=False, candidates=2))
    assert asked(one) == ["rewrite-0", "rewrite-1"]
    (one,), _ = climbed(by_rule, [make_item()], set(), DistillOptions(candidates=0))
    assert asked(one) == ["self"]


def test_a_row_without_a_reference_asks_nothing(make_item: MakeItem, by_rule: Any) -> None:
    rows = [make_item(0, reference=""), make_item(1, reference=" \n"), make_item(2)]
    tried, engine = climbed(by_rule, rows, {(2, "self")}, DistillOptions(knowledge=GATE, candidates=1))
    assert [len(one.candidates) for one in tried] == [0, 0, 0] and [one.new for one in tried] == [False, False, True]
    assert {place(request) for request in engine.asked} == {(2, "known-asked")}


def test_the_gate_counts_right_samples_and_lets_known_rows_through(make_item: MakeItem, by_rule: Any) -> None:
    def rule(request: Request) -> str:
        row, where = place(request)
        return RIGHT if where == "known-asked" and request.sample < row else WRONG

    engine = by_rule(rule)
    tried = climb([make_item(n) for n in range(4)], engine, DistillOptions(knowledge=GATE, candidates=1), 2, seed=3)
    assert [one.knowledge.right for one in tried if one.knowledge is not None] == [0, 1, 2, 3]
    assert [asked(one) for one in tried] == [[], *[["self", "rewrite-0"]] * 3]
    gate = [request for request in engine.asked if place(request)[1] == "known-asked"]
    assert Counter(place(request)[0] for request in gate) == dict.fromkeys(range(4), 3)
    assert {request.sample for request in gate} == {0, 1, 2}
    assert all(request.prompt == (("user", "What is 11 + 11?"),) for request in gate)


def test_rows_of_open_text_pass_the_gate_unasked(make_item: MakeItem, by_rule: Any) -> None:
    (one,), engine = climbed(by_rule, [make_item(answer=None)], set(), DistillOptions(knowledge=GATE, candidates=1))
    assert one.knowledge is None and asked(one) == ["self", "rewrite-0"]


def test_prompts_of_a_translation_are_korean(make_item: MakeItem, by_rule: Any) -> None:
    options = DistillOptions(prompts="translation", closed_book=False, candidates=3)
    _, engine = climbed(by_rule, [make_item(question="Who?"), make_item(1, question="누구?")], set(), options)
    assert all("고친" in request.prompt[-1][1] for request in engine.asked)
    assert [request.sampling.temperature for request in engine.asked[::2]] == [0.0, 0.0, 0.7]
    assert engine.asked[-1].sampling.top_p == options.top_p


def test_a_rewrite_alone_is_looked_at_for_what_leaked_into_it(make_item: MakeItem, by_rule: Any) -> None:
    """With the reference in view every token is far likelier, and none of them is the reference's own."""
    engine = by_rule(lambda request: RIGHT)
    engine.likelihood = lambda request: -0.1 if "RESULT" in request.context[-1][1] else -9.0
    options = DistillOptions(candidates=1, max_leaked=0.0)
    own = climb([make_item(reference="22 is the RESULT of it")], engine, options, 1, 3, scorer=engine)[0]
    assert [each.verified for each in own.candidates] == [True]  # nothing was in view
    engine.rule = lambda request: RIGHT if "rewrite" in request.id else WRONG
    one = climb([make_item(reference="RESULT")], engine, options, 1, 3, scorer=engine)[0]
    assert [each.failed.name for each in one.candidates] == ["short_answer", "open.leaked_tokens"]


def test_an_engine_that_makes_nothing_is_a_failed_check_and_no_text(make_item: MakeItem, by_rule: Any) -> None:
    engine = by_rule(lambda request: ("", "refused") if place(request)[1] == "self" else "  \n ")
    (one,) = climb([make_item()], engine, DistillOptions(candidates=1), 2, seed=3)
    refused, empty = one.candidates
    assert [check.name for check in refused.checks] == ["refused"]
    assert refused.failed.detail == "prompt of 9 tokens, limit 8"
    assert [check.name for check in empty.checks] == ["empty"]


def test_answers_are_joined_by_request_whatever_their_order(make_item: MakeItem, by_rule: Any) -> None:
    rows = [make_item(n) for n in range(3)]

    def rule(request: Request) -> str:
        return f"row {place(request)[0]} {place(request)[1]}"

    forwards = climb(rows, by_rule(rule), DistillOptions(candidates=2), 2, seed=3)
    assert forwards == climb(rows, by_rule(rule, backwards=True), DistillOptions(candidates=2), 2, seed=3)
    for number, one in enumerate(forwards):
        assert [each.text for each in one.candidates] == [f"row {number} {where}" for where in asked(one)]


@given(
    right=st.sets(st.tuples(st.integers(0, 3), st.sampled_from(["self", *(f"rewrite-{n}" for n in range(4))]))),
    candidates=st.integers(0, 4), enough=st.integers(1, 3), closed_book=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_no_row_asks_more_than_the_ladder_allows(
    make_item: MakeItem, by_rule: Any, right: set, candidates: int, enough: int, closed_book: bool, seed: int
) -> None:
    if not (closed_book or candidates):
        return
    options = DistillOptions(closed_book=closed_book, candidates=candidates)
    engine = by_rule(lambda request: RIGHT if place(request) in right else WRONG)
    tried = climb([make_item(n) for n in range(4)], engine, options, enough, seed)
    assert sum(len(one.candidates) for one in tried) == len(engine.asked) == len({one.id for one in engine.asked})
    for number, one in enumerate(tried):
        rewrites = [each for each in one.candidates if each.rung == "rewrite"]
        assert asked(one) == (["self"] if closed_book else []) + [f"rewrite-{n}" for n in range(len(rewrites))]
        own = closed_book and (number, "self") in right
        good = [(number, f"rewrite-{n}") in right for n in range(candidates)]
        # It stops at the round that makes them enough, and only the last round may be that one.
        needed = next((n for n in range(1, candidates + 1) if sum(good[:n]) == enough), candidates)
        assert len(rewrites) == (0 if own else needed)
        assert all(each.request.sampling.seed == seed for each in one.candidates)
        assert all((each.template is None) == (each.rung == "self") for each in one.candidates)
