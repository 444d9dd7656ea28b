"""Answers in other rows' words: which pairs count, and which are alike for their rows' sake."""

from typing import Any

import polars as pl
import pytest

from synth import likeness
from synth.borrowed import between, from_inputs
from synth.novelty import NoveltyOptions

FERRY = "the ferry leaves the old harbour at nine in the morning and comes back from the island before the night falls"
BAKER = "our baker kneads the dough by hand, lets it rest under a linen cloth and bakes it slowly in an oven of stone"
한강 = (
    "한강의 다리는 밤마다 불빛으로 물들고 사람들은 그 아래에서 자전거를 타거나 돗자리를 펴고 앉아 오래 이야기를 나눈다"
)
LIMITS = NoveltyOptions()


def texts(*every: str) -> pl.DataFrame:
    return likeness.numbered(every)


def owned(*pairs: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"at": pl.Int64, "beside": pl.Int64}, orient="row")


def found(said: pl.DataFrame, inputs: pl.DataFrame, own: pl.DataFrame) -> list[tuple[int, int]]:
    blocks = from_inputs(likeness.side(said), likeness.side(inputs), own, LIMITS)
    return [pair for block in blocks for pair in block.select("at", "beside").iter_rows()]


@pytest.mark.parametrize("copied", [FERRY, BAKER, 한강])
def test_an_answer_in_the_words_of_another_row_is_found(copied: str) -> None:
    own = "what is said here has nothing to do with any of the other texts that stand in this small set of rows at all"
    assert found(texts(f"{copied} now"), texts(own, copied), owned((0, 0))) == [(0, 1)]
    assert found(texts(f"{copied} now"), texts(copied, own), owned((0, 0))) == []
    assert found(texts(copied), texts(own, copied), owned((0, 0), (0, 1))) == []


def test_inputs_that_are_alike_are_not_borrowed_from_each_other() -> None:
    own = " ".join([*FERRY.split()[:-3], "one", "two", "three"])  # near the other input, not the answer
    said = texts(" ".join(["one", "two", "three", *FERRY.split()[3:]]))
    assert found(said, texts(own, FERRY), owned((0, 0))) == []
    assert found(said, texts(BAKER, FERRY), owned((0, 0))) == [(0, 1)]


def rows(*every: tuple[Any, ...]) -> pl.DataFrame:
    """Prompts, rules, parents, and where given bare answers and references."""
    schema = {"asked": pl.String, "rules": pl.String, "parents": pl.List(pl.String), "answer": pl.String,
              "reference": pl.String}  # fmt: skip
    return pl.DataFrame([(*row, None, None)[:5] for row in every], schema=schema, orient="row")


ASKED = "tell me in a few words of your own about {} and do not leave out what a visitor has to know beforehand"


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        ((ASKED.format("it"), "", ["a"]), (ASKED.format("that"), "", ["b"]), [(1, 0)]),
        ((ASKED.format("it"), "", ["a"]), (ASKED.format("that"), "", ["a"]), []),  # of one row
        ((ASKED.format("it"), "be brief", ["a"]), (ASKED.format("that"), "", ["b"]), []),  # other rules
        ((ASKED.format("it"), "", ["a"]), (ASKED.format("it"), "", ["b"]), []),  # one prompt: compared elsewhere
        ((ASKED.format("day 3"), "", ["a"]), (ASKED.format("day 5"), "", ["b"]), []),  # other numbers
        ((ASKED.format("it"), "", ["a"]), (f"{BAKER} {BAKER[::-1]} {한강}", "", ["b"]), []),  # other questions
        ((ASKED.format("it"), "", ["a"], "yes"), (ASKED.format("that"), "", ["b"], "no"), []),  # other answers
        ((ASKED.format("it"), "", ["a"], "yes"), (ASKED.format("that"), "", ["b"], "yes"), [(1, 0)]),
        ((ASKED.format("it"), "", ["a"], "yes"), (ASKED.format("that"), "", ["b"], None), [(1, 0)]),
        ((ASKED.format("it"), "", ["a"], "yes", "Yes."), (ASKED.format("that"), "", ["b"], "yes", "Yes."), []),
        ((ASKED.format("it"), "", ["a"], None, BAKER), (ASKED.format("that"), "", ["b"], None, BAKER + " so"), []),
        ((ASKED.format("it"), "", ["a"], None, BAKER), (ASKED.format("that"), "", ["b"], None, 한강), [(1, 0)]),
    ],
)
def test_answers_are_the_same_where_their_rows_are(
    one: tuple[Any, ...], other: tuple[Any, ...], pairs: list[tuple[int, int]]
) -> None:
    said = texts(FERRY, FERRY + " now")
    blocks = between(said, rows(one, other), LIMITS)
    assert [pair for block in blocks for pair in block.select("at", "beside").iter_rows()] == pairs
