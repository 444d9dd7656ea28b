"""A drop and its row of the ledger."""

import json

from curation import tables
from curation.checks.typed_result import graded
from synth.drop import Drop, ledger


def test_a_drop_becomes_a_row_of_the_ledger_with_all_that_it_says() -> None:
    drop = Drop("near", 0.9, 1, "twin", 0.9, {"why": "alike", "nothing": None}, cluster=4)
    made = ledger([drop.event("qa", "row", {"text": "said", "task": None}, "rows.jsonl", 7)], "qa")
    tables.check(made, tables.LEDGER)
    row = made.row(0, named=True)
    assert row["rule"] == "qa.near" and row["action"] == "drop" and row["row_id"] == "row"
    assert (row["file"], row["record"], row["duplicate_of"], row["cluster_id"]) == ("rows.jsonl", 7, "twin", 4)
    assert row["threshold"] == 1.0 and json.loads(row["detail"]) == {"text": "said", "why": "alike"}


def test_what_a_drop_says_itself_stands_before_what_is_said_about_the_row() -> None:
    event = Drop("lost", detail={"text": "of the drop"}).event("qa", "row", {"text": "of the row", "task": "t"})
    assert json.loads(event["detail"]) == {"task": "t", "text": "of the drop"}


def test_a_rule_of_novelty_keeps_its_name() -> None:
    assert Drop("novelty.held_out").event("replay", "row", {})["rule"] == "novelty.held_out"


def test_a_check_that_failed_is_a_drop_with_its_score() -> None:
    drop = Drop.failed(graded("length", 0.4, 0.5, "too short"))
    assert drop == Drop("length", 0.4, 0.5, detail={"found": "too short"})


def test_no_drops_are_an_empty_ledger() -> None:
    assert ledger([], "qa").is_empty()
