"""Overrides that a review wrote, read for a run that applies them."""

from pathlib import Path

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows
from curation.review.answers import DECIDED, OVERRIDES


def load(path: Path) -> pl.DataFrame:
    """Overrides from the `overrides.parquet` of a review, or from a table of `doc_id` and `decision` made elsewhere.

    Returns:
        Schema `OVERRIDES`, sorted by `doc_id`. Where the file does not say who decided, the rule is `review.overrides`.

    Raises:
        InputError: for a file that is missing or no Parquet, lacks a column, decides neither keep nor drop, or names a
            document twice.
    """
    found, names = rows.table(path, OVERRIDES.names())
    for name in ("doc_id", "decision"):
        if found.schema.get(name) != pl.String:
            raise InputError(f"{path}: found the columns {', '.join(names)}, expected {name!r} with text among them")
    given = tables.complete(found.cast({name: OVERRIDES[name] for name in found.columns}), OVERRIDES)
    others = given.filter(pl.col("doc_id").is_null() | ~pl.col("decision").is_in(DECIDED).fill_null(False))
    if others.height:
        doc_id, decision = others.row(0)[:2]
        raise InputError(f"{path}: found the decision {decision!r} for {doc_id!r}, expected keep or drop for an id")
    twice = given.filter(pl.col("doc_id").is_duplicated())
    if twice.height:
        raise InputError(f"{path}: found {twice['doc_id'].min()!r} several times, expected each document once")
    return given.with_columns(pl.col("rule").fill_null("review.overrides")).sort("doc_id")
