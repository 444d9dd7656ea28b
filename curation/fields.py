"""Edits of the other fields of records, which stand in `meta`: what is done to texts, done to these."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from . import tables
from .readers.records import meta_json
from .stage import Edited

EVERY = "*"  # stands for every field


def said(value: Any) -> str:
    """A value as text: nothing for null, JSON for what is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else meta_json({"": value})[4:-1]


def edit(documents: pl.DataFrame, names: Sequence[str], stage: Callable[[pl.DataFrame], Edited]) -> Edited:
    """Edit fields of `meta` as a stage edits texts.

    Args:
        documents: table `documents`.
        names: of the fields; those that a document does not have are passed by. `*` stands for all that it has.
        stage: edits texts, row by row; it is given a row for each value, in `text`.

    Returns:
        All rows. A value that changed is a text afterwards, whatever it was. The stage's ledger rows have the field's
        name in `detail`.
    """
    metas = [_parsed(meta) for meta in documents["meta"]] if names else []
    places = [
        (row, name, said(meta[name]))
        for row, meta in enumerate(metas)
        for name in (meta if EVERY in names else names)
        if meta.get(name) is not None
    ]
    if not places:
        return Edited(documents, tables.empty(tables.LEDGER))
    found = pl.DataFrame(places, schema={"row": pl.UInt32, "field": pl.String, "text": pl.String}, orient="row")
    rows = documents.drop("text").with_row_index("row")
    values = found.join(rows, on="row", how="left", maintain_order="left").select("field", *documents.columns)
    ledgers = [tables.empty(tables.LEDGER)]
    changed: set[int] = set()
    for (name,), part in values.with_row_index("place").group_by("field", maintain_order=True):
        edited = stage(part.select(documents.columns))
        for place, before, after in zip(part["place"], part["text"], edited.rows["text"], strict=True):
            if before != after:
                row = places[place][0]
                metas[row][str(name)] = after
                changed.add(row)
        field = json.dumps(str(name), ensure_ascii=False)
        detail = pl.concat_str(pl.lit('{"field":' + field + ","), pl.col("detail").str.slice(1))
        ledgers.append(edited.ledger.with_columns(detail=detail))
    written = [meta_json(metas[row]) if row in changed else meta for row, meta in enumerate(documents["meta"])]
    return Edited(documents.with_columns(meta=pl.Series(written, dtype=pl.String)), pl.concat(ledgers))


def _parsed(meta: str | None) -> dict[str, Any]:
    found = json.loads(meta) if meta else None
    return found if isinstance(found, dict) else {}
