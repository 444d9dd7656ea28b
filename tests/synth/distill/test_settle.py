"""Who wins: the highest rung, on it the likeliest a token, then the earliest; or the reference, with its reason."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.model import Score, ScoreRequest
from synth.distill.item import Item, Tried
from synth.distill.settle import GOLD, NEW, TIERS, Likelihoods, Outcome, likelihoods, settle

MakeItem = Callable[..., Item]
MakeTried = Callable[..., Tried]
answers = st.tuples(st.sampled_from(["one", "two words", "three words here"]), st.booleans())


@dataclass
class Measured:
    """A scorer that gives each token of a text the same log-probability, or says that it cannot score it."""

    nats: float = -1.0
    broken: str = "never"
    asked: list[ScoreRequest] = field(default_factory=list)

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for request in requests:
            self.asked.append(request)
            tokens = tuple(range(len(request.continuation.split())))
            error = "too long" if self.broken in request.continuation else None
            yield Score(request.id, () if error else (self.nats,) * len(tokens), () if error else tokens, error)


def scored(one: Tried, totals: dict[str, tuple[float, int]]) -> Likelihoods:
    """Sum of log-probabilities and number of tokens, by the name of the round."""
    return Likelihoods(
        candidates={
            f"{one.item.id}/{name}": Score(name, (total / count,) * count, tuple(range(count)))
            for name, (total, count) in totals.items()
        }
    )


def chosen(outcome: Outcome) -> str | None:
    return None if outcome.chosen is None else outcome.chosen.request.id.split("/")[1]


def test_the_own_answer_wins_over_likelier_rewrites(make_item: MakeItem, make_tried: MakeTried) -> None:
    one = make_tried(make_item(), ("own", True), [("rewrite", True)])
    outcome = settle(one, scored(one, {"self": (-9.0, 1), "rewrite-0": (-0.1, 1)}))
    assert (chosen(outcome), outcome.tier, outcome.reason) == ("self", "verified_self", None)


def test_the_mean_decides_and_not_the_sum(make_item: MakeItem, make_tried: MakeTried) -> None:
    """-4 nats over 8 tokens are likelier a token than -2 over 2, though the sum is smaller."""
    one = make_tried(make_item(), ("no", False), [("short", True), ("long", True)])
    outcome = settle(one, scored(one, {"rewrite-0": (-2.0, 2), "rewrite-1": (-4.0, 8)}))
    assert (chosen(outcome), outcome.tier) == ("rewrite-1", "verified_rewrite")


@pytest.mark.parametrize(
    ("totals", "winner"),
    [
        ({}, "rewrite-0"),  # none scored: the first
        ({"rewrite-2": (-50.0, 1)}, "rewrite-2"),  # a score, however bad, before none
        ({"rewrite-0": (-1.0, 1), "rewrite-2": (-2.0, 2)}, "rewrite-0"),  # equal: the earlier
        ({"rewrite-1": (-0.1, 1), "rewrite-2": (-3.0, 1)}, "rewrite-2"),  # the likeliest is not verified
    ],
)
def test_ties_and_missing_scores(make_item: MakeItem, make_tried: MakeTried, totals: dict, winner: str) -> None:
    one = make_tried(make_item(), None, [("a", True), ("b", False), ("c", True)])
    assert chosen(settle(one, scored(one, totals))) == winner


def test_a_row_without_a_verified_text_keeps_its_reference_and_says_why(
    make_item: MakeItem, make_tried: MakeTried
) -> None:
    failed = settle(make_tried(make_item(), ("no", False), [("nor this", False)]), Likelihoods())
    assert (failed.chosen, failed.tier, failed.reason) == (None, GOLD, "number")
    unknown = settle(make_tried(make_item(), None, [], known=0), Likelihoods())
    assert (unknown.chosen, unknown.tier, unknown.reason) == (None, NEW, NEW)
    several = settle(make_tried(make_item(reference=""), None, []), Likelihoods())
    assert (several.chosen, several.tier, several.reason) == (None, GOLD, "not_one_answer")
    known = settle(make_tried(make_item(), ("no", False), [], known=2), Likelihoods())
    assert (known.tier, known.reason) == (GOLD, "number")


@given(own=st.none() | answers, rewrites=st.lists(answers, max_size=5),
       nats=st.lists(st.none() | st.floats(-20, -0.01), min_size=6, max_size=6))  # fmt: skip
def test_every_row_ends_on_exactly_one_tier(
    make_item: MakeItem, make_tried: MakeTried, own: tuple[str, bool] | None, rewrites: list, nats: list
) -> None:
    if own is None and not rewrites:
        return
    one = make_tried(make_item(), own, rewrites)
    totals = {
        candidate.request.id.split("/")[1]: (total * len(candidate.text.split()), len(candidate.text.split()))
        for candidate, total in zip(one.candidates, nats, strict=False)
        if total is not None and candidate.verified
    }
    outcome = settle(one, scored(one, totals))
    verified = one.verified()
    assert (outcome.chosen is None) == (not verified) == (outcome.tier in (GOLD, NEW)) == (outcome.reason is not None)
    if outcome.chosen is not None:
        assert outcome.chosen in verified
        assert outcome.tier == TIERS[outcome.chosen.rung]
        rung = [each for each in verified if each.rung == outcome.chosen.rung]
        assert outcome.chosen.rung == "self" or not any(each.rung == "self" for each in verified)
        means = [totals.get(each.request.id.split("/")[1], (-math.inf, 1)) for each in rung]
        best = max(total / count for total, count in means)
        won = totals.get(outcome.chosen.request.id.split("/")[1], (-math.inf, 1))
        assert won[0] / won[1] == pytest.approx(best)


def test_references_and_verified_candidates_are_scored_closed_book(make_item: MakeItem, make_tried: MakeTried) -> None:
    rows = [
        make_tried(make_item(0, "the first reference"), ("good one", True), [("bad", False)]),
        make_tried(make_item(1, reference=""), None, []),
        make_tried(make_item(2, "too hard"), ("bad", False), [("fine", True), ("too hard as well", True)]),
    ]
    scorer = Measured(nats=-0.5, broken="too hard")
    found = likelihoods(rows, scorer)
    assert [request.continuation for request in scorer.asked] == [
        "the first reference", "good one", "too hard", "fine", "too hard as well",
    ]  # fmt: skip
    assert all(request.context == (("user", "What is 11 + 11?"),) for request in scorer.asked)
    first, _, third = (f"{n:032x}" for n in range(3))
    assert {name: score.total for name, score in found.references.items()} == {first: -1.5}
    assert {name: score.total for name, score in found.candidates.items()} == {
        f"{first}/self": -1.0, f"{third}/rewrite-0": -0.5,
    }  # fmt: skip
    assert chosen(settle(rows[2], found)) == "rewrite-0"


def test_a_text_without_tokens_has_no_likelihood(make_item: MakeItem, make_tried: MakeTried) -> None:
    one = make_tried(make_item(), (" ", True), [])
    assert likelihoods([one], Measured()).candidates == {}
