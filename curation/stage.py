"""What a stage on documents returns: pure functions of a frame, which conserve its rows."""

from dataclasses import dataclass

import polars as pl

from . import tables


@dataclass(frozen=True)
class Edited:
    """The outcome of a stage that changes texts and drops nothing.

    Attributes:
        rows: the same rows in the same order, some with another text.
        ledger: an `edit` row for each thing changed.
    """

    rows: pl.DataFrame
    ledger: pl.DataFrame


@dataclass(frozen=True)
class Split:
    """The outcome of a stage that lets rows through or drops them.

    Attributes:
        kept: rows that go on, in their order.
        dropped: the others, in theirs.
        ledger: one `drop` row for each of the dropped.
    """

    kept: pl.DataFrame
    dropped: pl.DataFrame
    ledger: pl.DataFrame


@dataclass(frozen=True)
class Cut:
    """The outcome of a stage that cuts documents into others.

    Attributes:
        rows: the documents made, each naming in `parents` those it was cut from, and the untouched ones.
        ledger: one `split` row for each document that was cut, and a `drop` row for each that gave nothing.
        consumed: number of documents that were cut.
    """

    rows: pl.DataFrame
    ledger: pl.DataFrame
    consumed: int


# What a global stage decides: a row for each document to drop. Columns but `doc_id` and `rule` may be null.
DROPS = pl.Schema(
    {
        "doc_id": pl.String,
        "rule": pl.String,
        "value": pl.Float64,
        "threshold": pl.Float64,
        "duplicate_of": pl.String,
        "similarity": pl.Float64,
        "cluster_id": pl.Int64,
        "detail": pl.String,
    }
)


def drop(documents: pl.DataFrame, drops: pl.DataFrame, stage: str) -> Split:
    """Apply the decisions of a global stage to one partition.

    Args:
        documents: table `documents`.
        drops: schema `DROPS`, of this partition or of all.
        stage: name written to the ledger.
    """
    gone = documents.join(drops, on="doc_id", how="inner", maintain_order="left")
    kept = documents.join(drops, on="doc_id", how="anti", maintain_order="left")
    events = gone.select(pl.col("doc_id").alias("row_id"), "file", "record", *DROPS.names()[1:])
    return Split(kept, gone.select(documents.columns), tables.ledger(events, stage, "drop"))
