"""The figures of a report, each worked by hand, and their sums for any outcome."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curation.checks.typed_result import graded
from curation.model import Score
from synth.distill import DistillOptions, copies
from synth.distill.item import Item, Tried
from synth.distill.report import report
from synth.distill.settle import Likelihoods, settle

MakeItem = Callable[..., Item]
MakeTried = Callable[..., Tried]
OPTIONS = DistillOptions()
CANARIES = {"false_accept": {"wrong": 0}}
answers = st.tuples(st.sampled_from(["22", "It is 22.", "x" * 40]), st.booleans())


def score(*logprobs: float) -> Score:
    return Score("", logprobs, tuple(range(len(logprobs))))


def test_a_small_set_worked_by_hand(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [
        make_tried(make_item(0, reference="0123456789", answer="0123456789"), ("01234", True), [], known=2),
        make_tried(make_item(1, reference="RESULT 22"), ("23", False), [("RESULT 22", True), ("so 22", True)]),
        make_tried(make_item(2, task="other", reference="RESULT 23"), ("21", False), [("too wrong by far", False)]),
        make_tried(make_item(3, task="other", reference=""), None, []),
        make_tried(make_item(4, task="other"), None, [], known=0),
    ]
    name = [one.item.id for one in tried]
    likely = Likelihoods(
        references={name[0]: score(-4.0, -2.0), name[1]: score(-3.0), name[2]: score(-1.0)},
        candidates={f"{name[0]}/self": score(-1.0), f"{name[1]}/rewrite-0": score(-0.5, -0.5),
                    f"{name[1]}/rewrite-1": score(-2.0)},
    )  # fmt: skip
    made = report([settle(one, likely) for one in tried], likely, CANARIES, OPTIONS)
    movement, gate = made.pop("movement"), made.pop("knowledge")
    assert movement["all"]["nats_per_token"]["before"] == 2.5 and movement["tasks"]["other"]["rows"] == 1
    assert (gate["measured"], gate["not_measured"], gate["known"], gate["new"]) == (2, 3, 1, 1)
    assert made == {
        "rows": 5,
        "tiers": {"gold_fallback": 2, "new_knowledge": 1, "verified_rewrite": 1, "verified_self": 1},
        "tiers_by_task": {
            "other": {"gold_fallback": 2, "new_knowledge": 1},
            "sums": {"verified_rewrite": 1, "verified_self": 1},
        },
        "fallback_reasons": {"new_knowledge": 1, "not_one_answer": 1, "number": 1},
        "requests": {"candidates": 6, "used": 2, "known_samples": 6},
        "rejections": {"rewrite": {"number": 1}, "self": {"number": 2}},
        "verified_by_template": {
            "closed book": {"asked": 3, "verified": 1},
            "rewrite_1.en": {"asked": 2, "verified": 1},
            "rewrite_2.en": {"asked": 1, "verified": 1},
        },
        "same_as_reference": 1,
        "copies_of_reference": {"copies": 0, "compared": 0, "own_texts": 2},  # too short, all of them
        "length_ratio": {"median": 0.75, "lowest": 0.5, "highest": 1.0},  # 5 of 10 and 9 of 9 characters
        # References: (4 + 2 + 3 + 1) nats over 4 tokens; distilled: (1 + 1 + 1) over 4, row 2 keeping its reference.
        "nats_per_token": {"references": 2.5, "distilled": 0.75, "rows": 3},
        "unusable_answers": 0,
        "fluency": None,  # no Korean
        "inconsistent_references": 1,  # row 2, whose answer is 22
        "tokens": {"prompt": 54, "generated": 1 + 1 + 2 + 2 + 1 + 4},
        "canaries": CANARIES,
    }
    assert list(made["fallback_reasons"]) == ["new_knowledge", "not_one_answer", "number"]  # equal counts by name


def test_copies_are_counted_by_their_check(make_item: MakeItem, make_tried: MakeTried) -> None:
    """From `near_duplicate` (0.7) on; a text without the check was too short."""
    tried = [make_tried(make_item(n), ("It is 22.", True), []) for n in range(4)]
    for one, score in zip(tried[1:], (0.3, 0.31, 0.0), strict=True):
        check = graded(copies.OWN, score, 0.0, "")
        one.candidates = [replace(each, checks=(*each.checks, check)) for each in one.candidates]
    made = report([settle(one, Likelihoods()) for one in tried], Likelihoods(), CANARIES, OPTIONS)
    assert made["copies_of_reference"] == {"copies": 2, "compared": 3, "own_texts": 4}


def test_a_kept_reference_stands_on_both_sides_of_the_fluency(make_item: MakeItem, make_tried: MakeTried) -> None:
    rows = [make_item(n, reference="답은 바로 22 입니다", question="합은?") for n in range(2)]
    tried = [make_tried(rows[0], ("22 입니다", True), []), make_tried(rows[1], ("23", False), [])]
    made = report([settle(one, Likelihoods()) for one in tried], Likelihoods(), CANARIES, OPTIONS)["fluency"]
    assert (made["rows"], made["before"]["words"], made["after"]["words"]) == (2, 8, 2 + 4)


def test_a_reference_that_nothing_could_verify_is_unusable_and_not_inconsistent(
    make_item: MakeItem, make_tried: MakeTried
) -> None:
    odd = replace(make_item(answer="none", check="number"), problem="has no number")
    made = report([settle(make_tried(odd, None, []), Likelihoods())], Likelihoods(), CANARIES, OPTIONS)
    assert (made["unusable_answers"], made["inconsistent_references"]) == (1, 0)


def test_nothing_of_its_own_has_no_ratio_and_no_likelihood(make_item: MakeItem, make_tried: MakeTried) -> None:
    made = report([settle(make_tried(make_item(), ("23", False), []), Likelihoods())], Likelihoods(), CANARIES, OPTIONS)
    assert made["length_ratio"] is None and made["nats_per_token"] is None and made["same_as_reference"] == 0


@given(rows=st.lists(st.tuples(st.none() | answers, st.lists(answers, max_size=4), st.sampled_from("ab")), max_size=8))
def test_every_row_and_every_candidate_is_counted_once(
    make_item: MakeItem, make_tried: MakeTried, rows: list[tuple[Any, Any, str]]
) -> None:
    tried = [
        make_tried(make_item(number, task=task), own, rewrites)
        for number, (own, rewrites, task) in enumerate(rows)
        if own is not None or rewrites
    ]
    outcomes = [settle(one, Likelihoods()) for one in tried]
    made = report(outcomes, Likelihoods(), CANARIES, OPTIONS)
    assert json.loads(json.dumps(made)) == made
    assert made == report(list(reversed(outcomes)), Likelihoods(), CANARIES, OPTIONS)
    assert sum(made["tiers"].values()) == made["rows"] == len(tried)
    by_task = [count for task in made["tiers_by_task"].values() for count in task.values()]
    assert sum(by_task) == len(tried)
    assert sum(made["fallback_reasons"].values()) == made["tiers"].get("gold_fallback", 0)
    candidates = made["requests"]["candidates"]
    assert candidates == sum(each["asked"] for each in made["verified_by_template"].values())
    verified = sum(each["verified"] for each in made["verified_by_template"].values())
    rejected = sum(count for rung in made["rejections"].values() for count in rung.values())
    assert verified + rejected == candidates
    assert made["requests"]["used"] == len(tried) - made["tiers"].get("gold_fallback", 0)
