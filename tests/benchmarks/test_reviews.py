"""The reviews that `benchmarks.methods review` teaches and measures: their labels are right, and held apart."""

import random

import pytest

from benchmarks import reviews


def test_what_is_measured_is_in_no_lesson() -> None:
    draw = random.Random(1)
    taught = " ".join(one.prompt for one in reviews.of(300, 1))
    for kind in ("plain", "negated", "untaught", "both"):
        assert not [one for one in reviews.reviews(40, kind, draw, kept=True) if one.text in taught]
    untaught = [word for words in reviews.WORDS.values() for word in words[-reviews.UNTAUGHT :]]
    assert len(untaught) == 8
    assert not [word for word in untaught if f" {word}." in taught or f" {word}했다" in taught]


@pytest.mark.parametrize("kind", ["plain", "negated", "untaught", "both", "neither"])
def test_a_review_says_what_its_label_says(kind: str) -> None:
    every = reviews.reviews(40, kind, random.Random(2))
    assert len({one.text for one in every}) == 40
    for one in every:
        found = [label for (language, label), words in reviews.WORDS.items() if language == one.language
                 for word in words if f" {word}." in one.text or f" {word}," in one.text or f" {word}했" in one.text
                 or f" {word}하" in one.text]  # fmt: skip
        assert len(found) == {"both": 2, "neither": 0}.get(kind, 1)
        assert (one.label is None) == (kind in ("both", "neither"))
        if kind in ("plain", "untaught"):
            assert found == [one.label]
        if kind == "negated":
            assert found != [one.label]
    if kind not in ("both", "neither"):
        assert {(one.language, one.label) for one in every} == {(a, b) for a in ("en", "ko") for b in reviews.LABELS}
