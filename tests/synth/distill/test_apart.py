"""No two rows end in the same text of the model's, whatever the order; what that costs is counted."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.distill.apart import Apart, apart
from synth.distill.item import Item, Tried
from synth.distill.settle import GOLD, REPEATS, Likelihoods
from synth.novelty import NoveltyOptions

MakeItem = Callable[..., Item]
MakeTried = Callable[..., Tried]
RIVER = "The river rises in the hills of the north and runs past nine old mills to the sea at last"
BREAD = "Flour and water are kneaded by hand for ten minutes and rest under a cloth until they have doubled"


def ended(tried: Sequence[Tried]) -> tuple[dict[int, str | None], Apart]:
    """The text of its own that each row ends with, by its number."""
    made = apart(tried, Likelihoods(), NoveltyOptions())
    assert [one.tried.item for one in made.outcomes] == [one.item for one in tried]
    return {int(one.tried.item.id, 16): one.chosen.text if one.chosen else None for one in made.outcomes}, made


def row(make_item: MakeItem, number: int, **other: Any) -> Item:
    """An open question, like that of every other row."""
    return make_item(number, **{"reference": f"reference {number}", "answer": None, "question": f"{number}?", **other})


def test_the_later_row_keeps_its_reference_and_says_why(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [make_tried(row(make_item, n), (f"{RIVER} {n}", True), []) for n in (2, 0, 1)]
    texts, made = ended(tried)
    assert texts == {2: None, 0: f"{RIVER} 0", 1: None} and (made.refused, made.alike) == (2, 0)
    later = made.outcomes[0]
    assert (later.tier, later.reason) == (GOLD, REPEATS)
    failed = later.tried.candidates[0].failed
    assert (failed.name, failed.passed) == (REPEATS, False)
    assert failed.detail.endswith(f"like the text of {0:032x}/self") and tried[0].candidates[0].verified


def test_a_row_takes_its_next_verified_text(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [
        make_tried(row(make_item, 0), (RIVER, True), []),
        make_tried(row(make_item, 1), None, [(f"{RIVER} so", True), (f"{BREAD} so", True)]),
        make_tried(row(make_item, 2), None, [(f"{RIVER} too", True), (f"{BREAD} too", True), ("wrong", False)]),
    ]
    texts, made = ended(tried)
    assert texts == {0: RIVER, 1: f"{BREAD} so", 2: None} and made.refused == 3
    assert made.outcomes[2].reason == REPEATS  # not what the last candidate failed


def test_what_nobody_ended_with_is_repeated_by_nobody(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [
        make_tried(row(make_item, 0), None, [("First of all", True), (RIVER, True)]),
        make_tried(row(make_item, 1), (RIVER, True), []),
    ]
    assert ended(tried)[0] == {0: "First of all", 1: RIVER}


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ({"answer": "22"}, False),
        ({"question": " ".join(f"word{n}" for n in range(60))}, False),  # another row as a whole
        ({"prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1?"}]}, False),
        ({"reference": "Reference  0"}, True),
    ],
)
def test_rows_that_differ_otherwise_may_say_the_same(
    make_item: MakeItem, make_tried: MakeTried, other: dict[str, Any], alike: bool
) -> None:
    answer = {"answer": "23"} if "answer" in other else {}
    tried = [
        make_tried(row(make_item, 0, **answer), (RIVER, True), []),
        make_tried(row(make_item, 1, **other), (f"{RIVER} so", True), []),
    ]
    if "question" in other:
        tried[1].item.row["prompt"][0]["content"] = other["question"]
    texts, made = ended(tried)
    assert texts == {0: RIVER, 1: f"{RIVER} so"} and (made.refused, made.alike) == (0, int(alike))


def test_references_that_are_near_are_as_alike(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [make_tried(row(make_item, n, reference=f"{BREAD} {n}"), (f"{RIVER} {n}", True), []) for n in range(2)]
    assert ended(tried)[1].alike == 1


def test_of_several_rows_the_nearest_is_named(make_item: MakeItem, make_tried: MakeTried) -> None:
    """Two rows may end alike, since their references are; the third says just what the second of them does."""
    items = [row(make_item, n, reference="reference 0" if n < 2 else "another") for n in range(3)]
    said = (f"{RIVER} and on", f"{RIVER} so", f"{RIVER} so")
    made = ended([make_tried(item, (text, True), []) for item, text in zip(items, said, strict=True)])[1]
    assert (made.refused, made.alike) == (1, 1)
    failed = made.outcomes[2].tried.candidates[0].failed
    assert failed.detail == f"1.00 like the text of {1:032x}/self"


def test_short_answers_are_nobodys(make_item: MakeItem, make_tried: MakeTried) -> None:
    tried = [make_tried(row(make_item, n), ("It is so.", True), []) for n in range(3)]
    assert set(ended(tried)[0].values()) == {"It is so."}


TEXTS = st.sampled_from([RIVER, f"{RIVER} so", f"so {RIVER} too", BREAD, f"{BREAD} so", "short", "It is so."])


@given(
    rows=st.lists(st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=3), max_size=7),
    references=st.lists(st.sampled_from(["a", "b", RIVER]), min_size=7, max_size=7),
    block=st.sampled_from([1, 2, 64]),
    mix=st.randoms(use_true_random=False),
)
def test_any_rows_in_any_order_and_blocks(
    make_item: MakeItem, make_tried: MakeTried, rows: Any, references: list[str], block: int, mix: Any
) -> None:
    tried = [make_tried(row(make_item, n, reference=references[n]), None, texts) for n, texts in enumerate(rows)]
    texts, made = ended(tried)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synth.likeness.BLOCK", block)
        mixed = list(tried)
        mix.shuffle(mixed)
        again, other = ended(mixed)
        assert (again, other.refused, other.alike) == (texts, made.refused, made.alike)
    assert made.refused == sum(one.failed.name == REPEATS for out in made.outcomes for one in out.tried.candidates
                               if not one.verified)  # fmt: skip
    for outcome in made.outcomes:  # a row with verified texts ends without one only because each repeats
        if outcome.chosen is None:
            names = {one.failed.name for one in outcome.tried.candidates}
            assert names == {"number"} or REPEATS in names
    # What rows end with, taken again, stays.
    assert apart([one.tried for one in made.outcomes], Likelihoods(), NoveltyOptions()).refused == 0
