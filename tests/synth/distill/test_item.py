"""Rows as items, and what a candidate says about itself."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import tables
from curation.checks.typed_result import verdict
from synth.distill.item import Candidate, Tried, items, order
from synth.prompts import load

Make = Callable[..., pl.DataFrame]


def test_a_row_becomes_an_item_with_its_last_question(make_rows: Make) -> None:
    prompt = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Which one?"},
    ]
    rows = make_rows([{"prompt": prompt, "completion": "The second.", "answer": "b", "check": "choice",
                       "choices": ["a", "b"]}])  # fmt: skip
    (item,) = items(rows)
    assert (item.id, item.question, item.reference) == (rows["sample_id"][0], "Which one?", "The second.")
    assert (item.answer, item.kind, item.choices) == ("b", "choice", ("a", "b"))
    earlier = (("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi"))
    assert item.prompt == (*earlier, ("user", "Which one?"))
    assert item.about("And now?") == (*earlier, ("user", "And now?"))
    assert item.row == rows.row(0, named=True)


@pytest.mark.parametrize(
    "completion",
    [
        [{"role": "assistant", "content": "call"}, {"role": "tool", "content": "22"}],
        [{"role": "tool", "content": "22"}],
        [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}],
    ],
)
def test_a_completion_that_is_not_one_answer_is_no_reference(make_rows: Make, completion: list) -> None:
    (item,) = items(make_rows([{"prompt": "q", "completion": completion}]))
    assert item.reference == "" and item.row["completion"] == completion


def test_the_optional_columns_may_be_absent_or_null(make_rows: Make) -> None:
    frame = make_rows([{"prompt": "q", "completion": "a"}])
    (with_nulls,) = items(frame)
    (without,) = items(frame.drop("answer", "check", "choices", "file", "record"))
    for item in (with_nulls, without):
        assert (item.answer, item.kind, item.choices) == (None, "short_answer", ())


def test_further_right_answers_stand_beside_the_reference(make_rows: Make) -> None:
    (item,) = items(make_rows([{"prompt": "q", "completion": "a", "references": ["b", "c"]}]))
    assert item.references == ("a", "b", "c")


def test_items_come_in_the_order_of_the_rows(make_rows: Make) -> None:
    rows = make_rows([{"prompt": f"q{n}", "completion": "a"} for n in range(5)])
    assert [item.id for item in items(rows)] == rows["sample_id"].to_list()


def test_a_candidate_is_what_stands_between_the_white_space(make_item: Any, make_candidate: Any) -> None:
    one: Candidate = make_candidate(make_item(), "self", 0, "  It is 22. \n")
    assert one.text == "It is 22." and one.verified
    failed: Candidate = make_candidate(make_item(), "self", 0, "It is 23.", "number")
    assert not failed.verified and failed.failed == verdict("number", False, "no")


def test_the_generation_names_everything_that_made_the_text(make_item: Any, make_candidate: Any) -> None:
    one: Candidate = make_candidate(make_item(), "rewrite", 1, "so it is 22", finish_reason="length")
    made = one.generation("engine 3", "f" * 32)
    assert made == {
        "model": "f" * 32,
        "adapter": None,
        "engine": "engine 3",
        "method": "distill",
        "rung": "rewrite",
        "template": "rewrite_2.en",
        "template_hash": load("rewrite_2.en").hash,
        "sampling": {"max_tokens": 64, "temperature": 0.0, "top_p": 1.0, "top_k": 0, "repetition_penalty": 1.0,
                     "stop": [], "seed": 0},
        "request": f"{0:032x}/rewrite-1",
        "sample": 0,
        "prompt_tokens": 9,
        "tokens": 4,
        "finish_reason": "length",
    }  # fmt: skip
    assert tables.canonical_json(made)  # plain JSON
    own = make_candidate(make_item(), "self", 0, "22").generation("e", "m")
    assert own["template"] is None and own["template_hash"] is None


def test_verified_candidates_keep_the_order_of_the_ladder(make_item: Any, make_tried: Any) -> None:
    one: Tried = make_tried(make_item(), ("a", False), [("b", True), ("c", False), ("d", True)])
    assert [candidate.text for candidate in one.verified()] == ["b", "d"]
    assert Tried(make_item()).verified() == []


@given(ids=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), unique=True, min_size=2), seed=st.integers())
def test_the_order_of_ids_is_theirs_and_the_seeds_alone(ids: list[str], seed: int) -> None:
    shuffled = sorted(ids, key=lambda one: order(one, seed))
    assert shuffled == sorted(reversed(ids), key=lambda one: order(one, seed))
    assert len({order(one, seed) for one in ids}) == len(ids)


def test_another_seed_is_another_order() -> None:
    ids = [f"{n:032x}" for n in range(50)]
    assert sorted(ids, key=lambda one: order(one, 1)) != sorted(ids, key=lambda one: order(one, 2))
