"""Replacement of personal data by typed placeholders or by pseudonyms."""

import polars as pl

from .. import tables
from ..stage import Edited
from .find import pieces
from .kinds import DEFAULT_KINDS, check
from .pseudonyms import pseudonyms

STAGE = "personal_data"


def replace(
    documents: pl.DataFrame,
    kinds: tuple[str, ...] = DEFAULT_KINDS,
    style: str = "placeholder",
    key: str | None = None,
) -> Edited:
    """Replace personal data of some kinds. Replacing twice is replacing once.

    Args:
        documents: table `documents`.
        kinds: among `KINDS`.
        style: `placeholder` (`<EMAIL>`, `<PHONE>`) or `pseudonym`, see `pseudonyms`.
        key: of pseudonyms, at least 16 bytes.

    Returns:
        All rows, and an `edit` row for each document and kind: `value` is the number of occurrences, `detail` their
        offsets, first character and the one after the last, in the text before the edit. Never the data itself.

    Raises:
        InputError: for an unknown kind or style, or pseudonyms without a proper key.
    """
    check(kinds, style)
    cut = pieces(documents["text"], kinds)
    found = cut.filter(pl.col("kind").is_not_null())
    if style == "pseudonym":
        names = pseudonyms(found.select("kind", value="piece"), key)
    else:
        names = found.select(pl.format("<{}>", pl.col("kind").str.to_uppercase())).to_series()
    if found.is_empty():
        return Edited(documents, tables.empty(tables.LEDGER))
    written = cut.join(
        found.select("row", "start", written=names), on=["row", "start"], how="left", maintain_order="left"
    )
    after = written.group_by("row", maintain_order=True).agg(after=pl.coalesce("written", "piece").str.join(""))
    rows = documents.select("text").with_row_index("row").join(after, on="row", how="left", maintain_order="left")
    edited = documents.with_columns(rows.select(text=pl.coalesce("after", "text"))["text"])
    return Edited(edited, _ledger(documents, found))


def _ledger(documents: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    end = pl.col("start") + pl.col("piece").str.len_chars()
    by_kind = found.group_by("row", "kind", maintain_order=True).agg(
        value=pl.len().cast(pl.Float64), offsets=pl.format("[{},{}]", "start", end).str.join(",")
    )
    events = documents.select("file", "record", row_id="doc_id").with_row_index("row")
    events = events.join(by_kind, on="row", how="inner", maintain_order="left_right").select(
        "file",
        "record",
        "row_id",
        "value",
        rule=pl.format("pii.{}", "kind"),
        detail=pl.concat_str(pl.lit('{"offsets":['), "offsets", pl.lit("]}")),
    )
    return tables.ledger(events, STAGE, "edit")
