"""Error rates of canaries, and when they are a reason to stop."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from synth.distill import CanaryError, canary_rates, ready
from synth.distill.canary import Canary
from synth.distill.item import Item


def test_rates_are_told_for_all_for_a_run_s_own_by_group_and_by_kind(make_item: Callable[..., Item]) -> None:
    own = make_item(answer="Oslo")
    (row,) = ready.rows([own], "en", 1)
    made = {
        "short_answer, en": [Canary(own, "own reference", True, "a"), Canary(own, "the bare answer", True, "b")],
        "short_answer, en, ready rows": [Canary(row, "own reference", True, "c")],
    }
    found = canary_rates.rates(made, lambda one: one.text == "b", 0.5)
    told = {name: (one["wrong"], one["of"], one["rows"]) for name, one in found["by_group"].items()}
    assert told == {"short_answer, en": (1, 2, 1), "short_answer, en, ready rows": (0, 1, 1)}
    assert (found["wrong"], found["of"], found["rows"]) == (1, 3, 2)
    assert (found["own"]["wrong"], found["own"]["of"], found["own"]["rate"]) == (1, 2, 0.5)
    assert {kind: one["of"] for kind, one in found["by_kind"].items()} == {"own reference": 2, "the bare answer": 1}
    nothing = canary_rates.rates({}, lambda one: True, 0.5)
    assert nothing["of"] == nothing["own"]["of"] == 0 and nothing["rate"] is None and not nothing["shown"]


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_groups_that_are_too_small_to_show_it_are_counted_together(make_item: Callable[..., Item], groups: int) -> None:
    """One of 15 in each: no group alone shows anything, nor do 2 of 30; 6 of 90 are at most 14 %."""
    made = {
        f"group {n}": [Canary(make_item(n), "planted", False, f"{n}-{k}") for k in range(15)] for n in range(groups)
    }

    def wrongly(one: Canary) -> bool:
        return one.text.endswith("-0")

    with (
        pytest.raises(CanaryError, match=r"\(all groups\): 6 of 90 .* upper.*raise max_false_accept")
        if groups == 6
        else nullcontext()
    ):
        canary_rates.within(canary_rates.ACCEPT, made, wrongly, 0.08)


def test_a_few_wrong_ready_ones_are_weighed_with_the_many_right_ones_of_a_run(make_item: Callable[..., Item]) -> None:
    """One of five alone would be more than half by the upper bound; of sixty it is little."""
    own = make_item(answer="Oslo")
    (row,) = ready.rows([own], "en", 1)
    some = {
        "short_answer, en": [Canary(own, "own reference", True, f"{n}") for n in range(55)],
        "short_answer, en, ready rows": [Canary(row, "own reference", True, f"ready {n}") for n in range(5)],
    }
    for wrong in ({"ready 0"}, {f"ready {n}" for n in range(5)}):
        canary_rates.within(canary_rates.REJECT, some, lambda one, wrong=wrong: one.text in wrong, 0.5)
    with pytest.raises(
        CanaryError, match=r"\(short_answer, en, with ready rows\): 5 of 60 .* 'ready 0' .* change them"
    ):
        canary_rates.within(canary_rates.REJECT, some, lambda one: one.ready, 0.08)
    with pytest.raises(CanaryError, match=r"\(short_answer, en\): 55 of 55 .* mend the references"):
        canary_rates.within(canary_rates.REJECT, some, lambda one: not one.ready, 0.9)
