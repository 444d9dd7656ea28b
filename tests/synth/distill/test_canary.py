"""Whose row a canary is made from."""

from collections.abc import Callable

from synth.distill import ready
from synth.distill.canary import Canary
from synth.distill.item import Item


def test_a_canary_knows_whether_its_row_is_of_the_run(make_item: Callable[..., Item]) -> None:
    own = make_item(answer="Oslo")
    (stands_ready,) = ready.rows([own], "ko", 1)
    assert not Canary(own, "own reference", True, "Oslo").ready
    assert Canary(stands_ready, "own reference", True, stands_ready.reference).ready
