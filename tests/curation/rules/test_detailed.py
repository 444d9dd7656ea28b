"""Ledger rows that say what a rule found; those of other rules stay as they are."""

import polars as pl

from curation import tables
from curation.rules import rule
from curation.rules.counts import TEXT
from curation.rules.detailed import DetailedRule, with_details
from curation.rules.rule import Rule


def first_letters(documents: pl.DataFrame) -> pl.Series:
    return documents.select(pl.col("text").str.head(1)).to_series()


def test_details_of_dropped_documents() -> None:
    rules = (
        Rule("t.long", TEXT.str.len_chars(), high=5),
        DetailedRule("t.a", TEXT.str.count_matches("a"), high=0, detail=first_letters),
        DetailedRule("t.b", TEXT.str.count_matches("b"), high=0),
    )
    rows = pl.DataFrame({"doc_id": list("vwxyz"), "text": ["za", "ok", "toolong", "b", "ya"]}).with_columns(
        file=pl.lit("f"), record=pl.int_range(pl.len())
    )
    documents = tables.complete(rows, tables.DOCUMENTS)
    split = rule.split(documents, rule.decide(rule.score(documents, rules), rules), "rules")
    said = with_details(split, rules)
    assert said.ledger.select("row_id", "rule", "detail").rows() == [
        ("v", "t.a", "z"),
        ("x", "t.long", None),
        ("y", "t.b", None),
        ("z", "t.a", "y"),
    ]
    assert said.ledger.drop("detail").equals(split.ledger.drop("detail"))
    assert said.ledger.schema == tables.LEDGER
    assert said.kept.equals(split.kept) and said.dropped.equals(split.dropped)


def test_nothing_dropped() -> None:
    rules = (DetailedRule("t.a", TEXT.str.count_matches("a"), high=0, detail=first_letters),)
    documents = tables.empty(tables.DOCUMENTS)
    split = rule.split(documents, rule.decide(rule.score(documents, rules), rules), "rules")
    assert with_details(split, rules).ledger.equals(split.ledger)
