"""Agreement and estimates of a review, written down."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from curation import tables
from curation.review import answers
from pipelines.review import main, results
from pipelines.review.deck import Deck
from pipelines.review.desk import Desk
from pipelines.review.journal import Journal


def answer(deck: Deck, reviewer: str, given: Mapping[str, str]) -> None:
    journal = Journal(deck.folder / "answers" / f"{reviewer}.jsonl")
    desk = Desk(deck, reviewer, journal)
    for row, choice in given.items():
        desk.answer(row, choice)
    journal.close()


def by_rule(deck: Deck, kept: str, words: str, duplicate: str) -> dict[str, str]:
    """One answer to all rows of a fate."""
    choices = {None: kept, "words": words, "duplicate.exact": duplicate}
    return {row: choices[rule] for row, rule in deck.cards.select("row_id", "rule").iter_rows()}


@pytest.fixture
def deck(run: Path) -> Deck:
    return main.open_run(run, None, {"size": 76})  # every row


def test_people_against_the_run_each_other_and_each_rule(deck: Deck) -> None:
    ann = by_rule(deck, "keep", "keep", "drop")
    answer(deck, "ann", ann)
    answer(deck, "ben", {**ann, **{row: "unsure" for row in list(ann)[:10]}})
    found = results.write(deck)
    assert json.loads((deck.folder / "agreement.json").read_text(encoding="utf-8")) == found
    by_ann, by_ben = found["reviewers"]
    assert (by_ann["name"], by_ann["answers"]) == ("ann", {"drop": 6, "keep": 70})
    assert (by_ann["as_the_run"], by_ann["decided"]) == (46, 76)
    # the run keeps 40 and drops 36; ann keeps 70: observed 46/76, by chance (40 * 70 + 36 * 6) / 76^2
    chance = (40 * 70 + 36 * 6) / 76**2
    assert by_ann["kappa_with_run"] == pytest.approx((46 / 76 - chance) / (1 - chance))
    assert by_ben["answers"]["unsure"] == 10 and by_ben["decided"] == 66
    (two,) = found["people"]
    assert (two["people"], two["rows"], two["same"], two["cohen_kappa"]) == (["ann", "ben"], 66, 66, 1.0)
    assert found["krippendorff_alpha"] == 1.0 and found["tied"] == 0 and found["decided"] == 76
    measures = {(each["measure"], each["rule"]): each for each in found["measures"]}
    assert measures["precision", None]["share"] == 1.0
    assert measures["recall", None]["share"] == pytest.approx(40 / 70)
    assert (measures["wrong_drops", "words"]["share"], measures["wrong_drops", "words"]["people_keep"]) == (1.0, 30)
    assert measures["wrong_drops", "duplicate.exact"]["share"] == 0.0
    assert found["overrides"] == 30


def test_two_people_who_disagree_leave_ties(deck: Deck) -> None:
    answer(deck, "ann", by_rule(deck, "keep", "keep", "keep"))
    answer(deck, "ben", by_rule(deck, "drop", "keep", "keep"))
    found = results.write(deck)
    assert found["tied"] == 40 and found["people"][0]["same"] == 36
    assert found["measures"][0]["share"] is None  # nobody agrees about what was kept


def test_answers_are_rows_that_repeat_byte_for_byte(deck: Deck, tmp_path: Path) -> None:
    given = by_rule(deck, "keep", "drop", "unsure")
    answer(deck, "ann", given)
    results.write(deck)
    first = [path.read_bytes() for path in results.files(deck)]
    results.write(deck)
    assert [path.read_bytes() for path in results.files(deck)] == first
    (deck.folder / "answers/ann.jsonl").unlink()
    answer(deck, "ann", dict(reversed(given.items())))  # in another order
    results.write(deck)
    assert [path.read_bytes() for path in results.files(deck)] == first
    rows = tables.check(pl.read_parquet(deck.folder / "answers.parquet"), answers.REVIEWED)
    assert rows["rule"].unique().to_list() == ["review.ann"] and rows["file"].unique().to_list() == ["corpus.jsonl"]


def test_answers_to_rows_outside_the_sample_are_counted_apart(deck: Deck) -> None:
    path = deck.folder / "answers/ann.jsonl"
    path.parent.mkdir()
    path.write_text(f'{{"row_id": "{"0" * 32}", "answer": "keep"}}\n')
    found = results.write(deck)
    assert found["answers_to_other_rows"] == 1 and found["reviewers"] == []


def test_no_answers_are_no_agreement(deck: Deck) -> None:
    found = results.write(deck)
    assert found["reviewers"] == found["people"] == [] and found["krippendorff_alpha"] is None


def test_sides_of_pairs_and_the_pull_of_the_left(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("".join(f'{{"prompt": "p{n}", "chosen": "good", "rejected": "bad"}}\n' for n in range(40)))
    deck = main.open_pairs(tmp_path, [path], {"size": 40})
    journal = Journal(deck.folder / "answers/ann.jsonl")
    desk = Desk(deck, "ann", journal)
    on_the_left = 0
    for number, row in enumerate(desk.order[:30]):
        is_left = desk.row(number)["parts"][1]["text"] == "good"
        on_the_left += is_left
        desk.answer(row, "left" if is_left else "right")  # always the good one
    desk.answer(desk.order[30], "tie")
    journal.close()
    found = results.write(deck)
    assert found["wins"] == {"chosen": 30, "rejected": 0, "tie": 1} and found["sides"] == ["chosen", "rejected"]
    assert (found["first_wins"]["share"], found["first_wins"]["of"]) == (1.0, 30)
    assert (found["left_taken"]["count"], found["left_taken"]["of"]) == (on_the_left, 30)
    rows = pl.read_parquet(deck.folder / "answers.parquet")
    assert rows["table"].unique().to_list() == ["samples"] and rows["left"].null_count() == 0


def test_shares_in_words() -> None:
    assert results.per_cent(0.5, 0.25, 0.75) == "50% (25% to 75%)"
    assert results.per_cent(None, 0, 1) == "not answered"
    assert (results.coefficient(0.123), results.coefficient(None)) == ("0.12", "not defined")
