"""Scoring, deciding and splitting: each against its plain definition, and rows are conserved."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import tables
from curation.rules import rule
from curation.rules.counts import HANGUL, TEXT, WORDS
from curation.rules.gopher import gopher_quality
from curation.rules.length import length
from curation.rules.rule import Rule

LENGTH = Rule("t.length", TEXT.str.len_chars(), low=2, high=5)
SHORT = Rule("t.words", WORDS, high=2, applies=HANGUL == 0)
HANGUL_RULE = Rule("t.hangul", HANGUL, low=1)
RULES = (LENGTH, SHORT, HANGUL_RULE)


def documents(*texts: str) -> pl.DataFrame:
    rows = pl.DataFrame(
        {"doc_id": [f"d{i}" for i in range(len(texts))], "text": texts, "file": "a", "record": range(len(texts))},
        schema={"doc_id": pl.String, "text": pl.String, "file": pl.String, "record": pl.Int64},
    )
    return tables.complete(rows, tables.DOCUMENTS)


def test_scores_in_the_order_of_rules_and_rows() -> None:
    scored = rule.score(documents("a b c", "가", ""), RULES)
    assert scored.to_dict(as_series=False) == {
        "doc_id": ["d0", "d1", "d2"],
        "t.length": [5.0, 1.0, 0.0],
        "t.words": [3.0, None, 0.0],  # does not apply to Hangul
        "t.hangul": [0.0, 1.0, 0.0],
    }
    assert set(scored.schema.values()) == {pl.String(), pl.Float64()}


def test_no_rules_keep_everything() -> None:
    scored = rule.score(documents("a"), ())
    assert scored.to_dicts() == [{"doc_id": "d0"}]
    assert rule.decide(scored, ())["first_failing_rule"].to_list() == [None]


def test_the_first_failing_rule_with_its_value_and_bound() -> None:
    decided = rule.decide(rule.score(documents("ab", "가", "a b c d", "가나다라마바", "가나"), RULES), RULES)
    assert decided.schema == rule.DECISIONS
    assert decided.rows() == [
        ("d0", "t.hangul", 0.0, 1.0),
        ("d1", "t.length", 1.0, 2.0),
        ("d2", "t.length", 7.0, 5.0),
        ("d3", "t.length", 6.0, 5.0),
        ("d4", None, None, None),
    ]
    backwards = rule.decide(rule.score(documents("a b c d"), RULES), RULES[::-1])
    assert backwards["first_failing_rule"][0] == "t.hangul"  # the order of the rules decides


@pytest.mark.parametrize(("value", "failing"), [(1.9, True), (2.0, False), (5.0, False), (5.1, True), (None, False)])
def test_bounds_are_inclusive_and_null_passes(value: float | None, failing: bool) -> None:
    scores = pl.DataFrame({"doc_id": ["d"], "t.length": [value]}, schema_overrides={"t.length": pl.Float64})
    assert rule.decide(scores, [LENGTH])["first_failing_rule"].is_not_null()[0] == failing


TEXTS = st.lists(st.text("ab 가나\n", max_size=8), max_size=8)
BOUND = st.none() | st.integers(0, 6)


@given(TEXTS, st.lists(st.tuples(BOUND, BOUND), min_size=3, max_size=3), st.permutations(range(3)))
def test_decisions_are_those_of_the_plain_definition_and_lose_no_row(
    texts: list[str], bounds: list[tuple[int | None, int | None]], order: list[int]
) -> None:
    rules = [
        Rule(RULES[i].name, RULES[i].score, low, high, RULES[i].applies)
        for i, (low, high) in zip(order, bounds, strict=True)
    ]
    frame = documents(*texts)
    scored = rule.score(frame, rules)
    decisions = rule.decide(scored, rules)
    for row, decision in zip(scored.iter_rows(named=True), decisions.iter_rows(named=True), strict=True):
        failed = next(
            (
                (each.name, row[each.name], bound)
                for each in rules
                if row[each.name] is not None
                for bound, broken in (
                    (each.low, each.low is not None and row[each.name] < each.low),
                    (each.high, each.high is not None and row[each.name] > each.high),
                )
                if broken
            ),
            (None, None, None),
        )
        assert (decision["first_failing_rule"], decision["value"], decision["threshold"]) == failed
    parted = rule.split(frame, decisions, "rules")
    tables.conserve("rules", frame.height, parted.kept.height, parted.dropped.height, 0)
    assert_frame_equal(pl.concat([parted.kept, parted.dropped]).sort("record"), frame)
    assert parted.ledger["row_id"].to_list() == parted.dropped["doc_id"].to_list()


def test_scores_do_not_depend_on_the_partition() -> None:
    texts = ["the cat and the dog " * 20, "짧은 글", "# - ...", "", "a b"]
    rules = (*length(2), *gopher_quality())
    whole = rule.score(documents(*texts), rules)
    parts = [rule.score(documents(*texts)[i : i + 1], rules) for i in range(len(texts))]
    assert_frame_equal(whole, pl.concat(parts))


def test_split_keeps_orders_and_writes_one_ledger_row_for_each_dropped() -> None:
    frame = documents("가나", "a", "b b", "가나다")
    parted = rule.split(frame, rule.decide(rule.score(frame, RULES), RULES), "curate/rules")
    assert parted.kept["doc_id"].to_list() == ["d0", "d3"]
    assert parted.dropped["doc_id"].to_list() == ["d1", "d2"]
    tables.check(parted.kept, tables.DOCUMENTS, "doc_id")
    tables.check(parted.ledger, tables.LEDGER)
    events = parted.ledger.select("row_id", "file", "record", "table", "stage", "rule", "action", "value", "threshold")
    assert events.rows() == [
        ("d1", "a", 1, "documents", "curate/rules", "t.length", "drop", 1.0, 2.0),
        ("d2", "a", 2, "documents", "curate/rules", "t.hangul", "drop", 0.0, 1.0),
    ]


def test_split_refuses_decisions_about_other_documents() -> None:
    frame = documents("가나", "a")
    decisions = rule.decide(rule.score(frame, RULES), RULES)
    for wrong in (decisions[:1], pl.concat([decisions, decisions[:1]]), decisions.with_columns(doc_id=pl.lit("x"))):
        with pytest.raises(tables.TableError, match="2 documents"):
            rule.split(frame, wrong, "rules")


def test_thresholds_are_no_part_of_what_is_measured() -> None:
    strict, loose = gopher_quality(), gopher_quality(min_words=None, max_hash_ratio=1)
    assert rule.definitions(strict) == rule.definitions(loose)
    assert rule.thresholds(strict) != rule.thresholds(loose)
    assert rule.thresholds(length(3)) == [{"name": "length.characters", "low": 3, "high": None}]
    elsewhere = gopher_quality(max_hangul=0.5)  # other rows are scored: the scores are not those of before
    assert rule.definitions(strict) != rule.definitions(elsewhere)
    assert rule.definitions(()) == []
