"""Answers as rows: beside the ledger as opinions, overrides that conserve rows, labels to train with."""

import polars as pl
import pytest

from curation import pii, tables
from curation.dedup import exact
from curation.errors import InputError
from curation.review import answers
from curation.review.sampling import SAMPLE
from curation.rules import rule, sets
from curation.stage import DROPS, Split
from curation.stage import drop as drop_rows
from curation.tables import TableError

RULES = sets.rules_from({"length": {"low": 20}})


def documents(texts: list[str]) -> pl.DataFrame:
    rows = [
        (tables.document_id("s", "f", n, text), tables.content_id(text), text, "s", "f", n, None, "{}", [])
        for n, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema=tables.DOCUMENTS, orient="row")


def sample(*rows: tuple[str, bool, str | None]) -> pl.DataFrame:
    made = [(row, kept, by, False, by or "kept", 10, 2, 0.2) for row, kept, by in rows]
    return pl.DataFrame(made, schema=SAMPLE, orient="row")


def ratings(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"row_id": pl.String, "reviewer": pl.String, "answer": pl.String}, orient="row")


def overrides(*rows: tuple[str, str]) -> pl.DataFrame:
    made = [(row, decision, "review.ann", 1.0, "was ...") for row, decision in rows]
    return pl.DataFrame(made, schema=answers.OVERRIDES, orient="row")


def test_an_answer_is_a_ledger_row_without_an_action() -> None:
    given = ratings(("b", "ann", "unsure"), ("a", "ben", "drop"), ("a", "ann", "keep"), ("z", "ann", "keep"))
    drawn = sample(("a", False, "gopher.words"), ("b", True, None))
    drawn = drawn.with_columns(file=pl.lit("f.jsonl"), record=pl.lit(7, pl.Int64))
    found = answers.reviewed(given, drawn)
    tables.check(found, answers.REVIEWED)
    assert found.select(tables.LEDGER.names()).schema == tables.LEDGER
    assert found["action"].null_count() == 3
    assert found.select("row_id", "stage", "rule", "value", "answer", "kept", "dropped_by", "file").rows() == [
        ("a", "review", "review.ann", 1.0, "keep", False, "gopher.words", "f.jsonl"),
        ("a", "review", "review.ben", 0.0, "drop", False, "gopher.words", "f.jsonl"),
        ("b", "review", "review.ann", None, "unsure", True, None, "f.jsonl"),
    ]
    assert answers.reviewed(given.reverse(), drawn.reverse()).equals(found)


def test_no_answers_are_no_rows() -> None:
    found = answers.reviewed(ratings(), sample(("a", True, None)))
    tables.check(found, answers.REVIEWED)
    assert found.height == 0
    tables.check(answers.overrides_from(found), answers.OVERRIDES)


def test_overrides_are_where_most_people_decided_otherwise() -> None:
    drawn = sample(("a", False, "r.x"), ("b", True, None), ("c", True, None), ("d", False, "r.x"), ("e", True, None))
    given = ratings(
        ("a", "ann", "keep"), ("a", "ben", "keep"), ("a", "cho", "drop"),
        ("b", "ann", "drop"), ("b", "ben", "unsure"),
        ("c", "ann", "keep"),  # as the run did
        ("d", "ann", "keep"), ("d", "ben", "drop"),  # a tie
        ("e", "ann", "unsure"),
    )  # fmt: skip
    found = answers.overrides_from(answers.reviewed(given, drawn))
    assert found.rows() == [
        ("a", "keep", "review.ann+ben", pytest.approx(2 / 3), "was dropped by r.x"),
        ("b", "drop", "review.ann", 1.0, "was kept"),
    ]


TEXTS = [
    "A text that is long enough to be kept by the rule of length.",
    "Short: a@b.org",
    "Another text that is long enough for the rule of length here.",
    "A text that is long enough to be kept by the rule of length.",
    "Too short.",
]


def curate(rows: pl.DataFrame, given: pl.DataFrame) -> Split:
    """The stages of a run with overrides: rules, personal data, exact duplicates, then people's drops."""
    ruled = rule.split(rows, rule.decide(rule.score(rows, RULES), RULES), "rules")
    ruled = answers.spare(rows, ruled, given)
    tables.conserve("rules", rows.height, ruled.kept.height, ruled.dropped.height, 0)
    cleaned = pii.replace(ruled.kept, ("email",)).rows
    decided = exact.decide(exact.keys(cleaned).with_columns(length=cleaned["text"].str.len_chars()), ("doc_id",))
    named = decided.with_columns(rule=pl.lit("duplicate.exact"))
    drops = tables.complete(named.select(name for name in DROPS if name in named.columns), DROPS)
    unique = answers.spare(cleaned, drop_rows(cleaned, drops, "exact"), given)
    tables.conserve("exact", cleaned.height, unique.kept.height, unique.dropped.height, 0)
    last = answers.drop(unique.kept, given)
    tables.conserve("review", unique.kept.height, last.kept.height, last.dropped.height, 0)
    return Split(
        last.kept,
        pl.concat([ruled.dropped, unique.dropped, last.dropped]),
        pl.concat([ruled.ledger, unique.ledger, last.ledger]),
    )


def test_a_run_with_overrides_conserves_rows_and_a_spared_row_passes_the_later_stages() -> None:
    rows = documents(TEXTS)
    ids = rows["doc_id"].to_list()
    before = curate(rows, overrides())
    assert before.kept["record"].to_list() in ([0, 2], [2, 3])
    first = before.kept.filter(pl.col("record") != 2)["doc_id"].item()
    after = curate(rows, overrides((ids[1], "keep"), (first, "drop")))
    # The dropped one's duplicate is not freed; the spared one has lost its address.
    assert after.kept["record"].to_list() == [1, 2]
    assert after.kept["text"].to_list() == ["Short: <EMAIL>", TEXTS[2]]
    dropped = after.ledger.filter(pl.col("action") == "drop")
    assert sorted(dropped["row_id"]) == sorted(after.dropped["doc_id"])
    spared = after.ledger.filter(pl.col("action") == "fallback").to_dicts()
    assert [(row["row_id"], row["stage"], row["rule"], row["detail"]) for row in spared] == [
        (ids[1], "review", "review.ann", "kept against length.characters")
    ]
    by_people = dropped.filter(pl.col("stage") == "review").to_dicts()
    assert [(row["row_id"], row["rule"], row["value"], row["threshold"]) for row in by_people] == [
        (first, "review.ann", 1.0, 0.5)
    ]
    assert after.kept.height + after.dropped.height == rows.height


def test_a_duplicate_that_people_keep_passes_dedup() -> None:
    rows = documents(TEXTS)
    gone = curate(rows, overrides()).dropped.filter(pl.col("record").is_in([0, 3]))["doc_id"].item()
    assert curate(rows, overrides((gone, "keep"))).kept["record"].to_list() == [0, 2, 3]


def test_what_people_drop_is_a_decision_of_a_global_stage() -> None:
    found = tables.check(answers.to_drops(overrides(("b", "drop"), ("c", "keep"), ("a", "drop"))), DROPS, "doc_id")
    assert found.select("doc_id", "rule", "value", "threshold", "detail").rows() == [
        ("a", "review.ann", 1.0, 0.5, "was ..."),
        ("b", "review.ann", 1.0, 0.5, "was ..."),
    ]
    assert answers.to_drops(overrides()).height == 0


def test_overrides_of_rows_that_are_not_there_change_nothing() -> None:
    rows = documents(TEXTS)
    before, after = curate(rows, overrides()), curate(rows, overrides(("0" * 32, "keep"), ("1" * 32, "drop")))
    assert after.kept.equals(before.kept) and after.ledger.equals(before.ledger)


def test_rows_that_are_not_among_the_documents_are_a_fault() -> None:
    rows = documents(TEXTS)
    split = Split(rows.head(1), rows.slice(1), tables.empty(tables.LEDGER))
    with pytest.raises(TableError, match="2 rows kept, 1 of them"):
        answers.spare(rows.head(1), split, overrides((rows["doc_id"][1], "keep")))


def test_labels_leave_out_duplicates_and_ties() -> None:
    drawn = sample(*((row, True, None) for row in "abcd"))
    given = ratings(
        ("a", "ann", "keep"), ("a", "ben", "keep"), ("b", "ann", "drop"), ("c", "ann", "drop"),
        ("d", "ann", "keep"), ("d", "ben", "drop"),
    )  # fmt: skip
    texts = pl.DataFrame(
        {
            "row_id": list("abcd"),
            "text": ["good", "bad", "again", "?"],
            "question": ["quality", "quality", "duplicate", "quality"],
        }
    )
    found = answers.labelled(answers.reviewed(given, drawn), texts)
    assert found.select("doc_id", "text", "label", "votes").rows() == [("a", "good", True, 2), ("b", "bad", False, 1)]


@pytest.mark.parametrize("name", ["reviewer-1", "김철수", "a.b_c"])
def test_names_of_people(name: str) -> None:
    assert answers.reviewer_name(name) == name


def test_a_name_is_composed() -> None:
    assert answers.reviewer_name("\u1100\u1161") == "가"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", ".hidden", "x" * 41, "a\x00", "<b>"])
def test_names_that_could_harm_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="reviewer: found the name"):
        answers.reviewer_name(name)
