"""What stages return, and that every stage of curation keeps the promise: rows are conserved and in order."""

import dataclasses

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import pii, tables
from curation.normalise import Normalisation, normalise
from curation.rules import rule
from curation.rules.length import length
from curation.stage import DROPS, Edited, Split, drop

TEXTS = st.lists(
    st.sampled_from(
        ["", "a", "a  b ", "ㅋㅋㅋㅋㅋ", "write to me@example.org", "010-1234-5678", "가\u0301  나\r\n", "\x00"]
    ),
    max_size=8,
)


def documents(texts: list[str]) -> pl.DataFrame:
    rows = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("record")
    rows = rows.with_columns(doc_id=pl.format("{}", pl.col("record")), file=pl.lit("f"))
    return tables.complete(rows, tables.DOCUMENTS)


@settings(max_examples=20)
@given(TEXTS)
def test_an_edit_changes_texts_alone_and_names_each_changed_row(texts: list[str]) -> None:
    frame = documents(texts)
    for edited in (normalise(frame, Normalisation()), pii.replace(frame)):
        assert isinstance(edited, Edited)
        tables.check(edited.rows, tables.DOCUMENTS, "doc_id")
        tables.check(edited.ledger, tables.LEDGER)
        assert edited.rows.drop("text").equals(frame.drop("text"))
        changed = frame.filter(frame["text"] != edited.rows["text"])["doc_id"]
        assert sorted(edited.ledger["row_id"].unique()) == sorted(changed)
        assert edited.ledger["action"].unique().to_list() in ([], ["edit"])


@settings(max_examples=30)
@given(TEXTS, st.integers(0, 10))
def test_a_split_parts_the_rows_and_names_each_dropped_one(texts: list[str], low: int) -> None:
    frame = documents(texts)
    parted = rule.split(frame, rule.decide(rule.score(frame, length(low)), length(low)), "rules")
    assert isinstance(parted, Split)
    tables.conserve("rules", frame.height, parted.kept.height, parted.dropped.height, 0)
    assert parted.ledger["row_id"].equals(parted.dropped["doc_id"].alias("row_id"))
    assert parted.ledger["action"].unique().to_list() in ([], ["drop"])
    for part in (parted.kept, parted.dropped):
        assert part["record"].is_sorted()


def test_outcomes_cannot_be_changed() -> None:
    edited = Edited(documents([]), tables.empty(tables.LEDGER))
    with pytest.raises(dataclasses.FrozenInstanceError):
        edited.rows = documents(["a"])  # type: ignore[misc]


def test_decisions_of_a_global_stage_become_a_split_with_a_ledger_row_a_drop() -> None:
    frame = documents(["x", "y", "z"])
    drops = tables.complete(
        pl.DataFrame({"doc_id": ["2", "elsewhere"], "rule": ["r", "r"], "similarity": [0.9, 1.0]}), DROPS
    )
    split = drop(frame, drops, "near")
    assert split.kept["doc_id"].to_list() == ["0", "1"]
    assert split.dropped["text"].to_list() == ["z"]
    row = split.ledger.row(0, named=True)
    assert split.ledger.height == 1
    assert (row["row_id"], row["record"], row["stage"], row["rule"], row["similarity"]) == ("2", 2, "near", "r", 0.9)
