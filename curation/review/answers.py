"""Answers of people as rows: beside the ledger while they are opinions, in it when a run applies them."""

import unicodedata

import polars as pl

from .. import tables
from ..errors import InputError
from ..stage import DROPS, Split
from ..stage import drop as drop_rows
from .agreement import majority

STAGE = "review"
ROW_ANSWERS = ("keep", "drop", "unsure")
DECIDED = ("keep", "drop")

# An answer changes nothing by itself: the row stays where the run put it, so `action` is null and the rows of this
# table are not among those that the law of conservation counts.
REVIEWED = pl.Schema(
    {
        **tables.LEDGER,  # stage review, rule review.NAME, value 1 for keep and 0 for drop
        "reviewer": pl.String(),
        "answer": pl.String(),  # one of ROW_ANSWERS; of pairs: the better side, or tie
        "kept": pl.Boolean(),  # what the run did with the row; null of pairs
        "dropped_by": pl.String(),  # the rule that did; null where the row was kept
        "stratum": pl.String(),
        "probability": pl.Float64(),  # of the row to be in the sample
        "left": pl.String(),  # of pairs: the side that stood on the left
    }
)
OVERRIDES = pl.Schema(
    {
        "doc_id": pl.String,
        "decision": pl.String,  # keep, of a row that was dropped; drop, of one that was kept
        "rule": pl.String,  # review.NAME of those who said so, joined with +
        "value": pl.Float64,  # their share of the answers that decide
        "detail": pl.String,  # what the run had decided
    }
)
MOST_CHARACTERS = 40


def reviewer_name(text: str) -> str:
    """A reviewer's name as it stands in file names and rules: letters, digits, `.`, `_` and `-`, in NFC.

    Raises:
        InputError: for another character, an empty or long name, or one that begins with a full stop.
    """
    name = unicodedata.normalize("NFC", text)
    sound = all(character.isalnum() or character in "._-" for character in name)
    if not sound or not 1 <= len(name) <= MOST_CHARACTERS or name.startswith("."):
        raise InputError(
            f"reviewer: found the name {text!r}, expected 1 to {MOST_CHARACTERS} letters, digits, '.', '_' or '-'"
        )
    return name


def reviewed(ratings: pl.DataFrame, sample: pl.DataFrame, table: str = "documents") -> pl.DataFrame:
    """The ledger-like rows of answers.

    Args:
        ratings: `agreement.RATINGS`, and `left` where pairs were answered.
        sample: `sampling.SAMPLE`, and `file` and `record` where they are known.
        table: `documents` or `samples`.

    Returns:
        Schema `REVIEWED`, sorted by row and reviewer: the same bytes in whatever order answers came. Answers to rows
        outside the sample are left out.
    """
    known = ratings.join(sample.rename({"rule": "dropped_by"}), on="row_id", how="inner")
    value = pl.col("answer").replace_strict({"keep": 1.0, "drop": 0.0}, default=None, return_dtype=pl.Float64)
    rows = known.with_columns(
        table=pl.lit(table),
        stage=pl.lit(STAGE),
        rule=pl.lit(f"{STAGE}.") + pl.col("reviewer"),
        value=value,
    )
    names = [name for name in REVIEWED if name in rows.columns]
    return tables.complete(rows.select(names), REVIEWED).sort("row_id", "reviewer")


def overrides_from(answers: pl.DataFrame) -> pl.DataFrame:
    """Where most people decided against the run: rows it dropped that they keep, and rows it kept that they drop.

    Args:
        answers: schema `REVIEWED`, of documents.

    Returns:
        Schema `OVERRIDES`, sorted by `doc_id`. Unsure answers and ties override nothing.
    """
    decided = answers.filter(pl.col("answer").is_in(DECIDED))
    found = majority(decided.select("row_id", "reviewer", "answer")).drop_nulls("answer")
    said = decided.join(found.rename({"answer": "decision"}), on="row_id").filter(
        pl.col("answer") == pl.col("decision")
    )
    against = said.filter((pl.col("decision") == "keep") != pl.col("kept")).sort("row_id", "reviewer")
    rows = against.group_by("row_id", "decision", maintain_order=True).agg(
        pl.col("reviewer").str.join("+"),
        (pl.len() / pl.col("votes").first()).alias("value"),
        pl.col("dropped_by").first(),
    )
    was = pl.when(pl.col("dropped_by").is_null()).then(pl.lit("was kept"))
    return rows.select(
        pl.col("row_id").alias("doc_id"),
        "decision",
        (pl.lit(f"{STAGE}.") + pl.col("reviewer")).alias("rule"),
        "value",
        was.otherwise(pl.lit("was dropped by ") + pl.col("dropped_by")).alias("detail"),
    ).cast(OVERRIDES)


def spare(documents: pl.DataFrame, split: Split, overrides: pl.DataFrame) -> Split:
    """Give back what people keep of the rows that a stage dropped, so that they pass it and reach the next.

    Args:
        documents: what came into the stage.
        split: what the stage made of it.
        overrides: schema `OVERRIDES`.

    Returns:
        Kept rows in the order of `documents`; in the ledger a `fallback` row of stage `review`, which drops nothing, in
        place of the `drop` row of each that was given back, naming the rule that it passed against.
    """
    kept_by_people = overrides.filter(pl.col("decision") == "keep")
    back = split.dropped.join(kept_by_people, on="doc_id", how="semi")
    if not back.height:
        return split
    ids = pl.concat([split.kept.select("doc_id"), back.select("doc_id")])
    kept = documents.join(ids, on="doc_id", how="semi", maintain_order="left")
    if kept.height != ids.height:  # a stage that edits as it drops must be given what it kept as `documents`
        raise tables.TableError(f"{ids.height} rows kept, {kept.height} of them among the documents")
    dropped = split.dropped.join(ids, on="doc_id", how="anti", maintain_order="left")
    is_spared = (pl.col("action") == "drop") & pl.col("row_id").is_in(back["doc_id"].implode())
    events = split.ledger.filter(is_spared).rename({"rule": "against"})
    people = kept_by_people.select(pl.col("doc_id").alias("row_id"), "rule")
    events = events.join(people, on="row_id", maintain_order="left").select(
        "row_id",
        "file",
        "record",
        "rule",
        "value",
        "threshold",
        "duplicate_of",
        "similarity",
        "cluster_id",
        detail=pl.lit("kept against ") + pl.col("against"),
    )
    return Split(kept, dropped, pl.concat([split.ledger.filter(~is_spared), tables.ledger(events, STAGE, "fallback")]))


def to_drops(overrides: pl.DataFrame) -> pl.DataFrame:
    """What people drop, as the decision of a global stage: schema `DROPS`, sorted by `doc_id`.

    Value is the share of people who said so, threshold the half that it exceeds.
    """
    gone = overrides.filter(pl.col("decision") == "drop").drop("decision")
    return tables.complete(gone.with_columns(threshold=pl.lit(0.5)), DROPS).sort("doc_id")


def drop(documents: pl.DataFrame, overrides: pl.DataFrame) -> Split:
    """Drop what people drop, as the last stage: duplicates of a row that people dropped are gone by then, not freed."""
    return drop_rows(documents, to_drops(overrides), STAGE)


def labelled(answers: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Rows to train the learned quality rule with: what most people would keep is good text.

    Answers about duplicates say that a text repeats another, not that it is bad: they are left out, as are ties.

    Args:
        answers: schema `REVIEWED`, of documents.
        texts: columns `row_id`, `text` and `question` (quality or duplicate).

    Returns:
        `doc_id`, `text`, `label` (Boolean, true to keep), `votes`, sorted by `doc_id`.
    """
    decided = answers.filter(pl.col("answer").is_in(DECIDED)).select("row_id", "reviewer", "answer")
    found = majority(decided).drop_nulls("answer")
    about_quality = texts.filter(pl.col("question") == "quality")
    rows = found.join(about_quality, on="row_id").sort("row_id")
    return rows.select(pl.col("row_id").alias("doc_id"), "text", label=pl.col("answer") == "keep", votes="votes")
