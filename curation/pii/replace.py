"""Replacement of personal data by typed placeholders."""

import difflib
import itertools

import polars as pl

from .. import tables
from ..errors import InputError
from ..stage import Edited
from . import patterns

STAGE = "personal_data"
TEXT = pl.col("text")
_STRIDE = len(patterns.GROUPS) + 1  # a plain piece, then one piece for each group


def replace(documents: pl.DataFrame, kinds: tuple[str, ...] = patterns.KINDS) -> Edited:
    """Replace personal data of some kinds by `<EMAIL>`, `<PHONE>`. Replacing twice is replacing once.

    Args:
        documents: table `documents`.
        kinds: among `patterns.KINDS`.

    Returns:
        All rows, and an `edit` row for each document and kind: `value` is the number of occurrences, `detail` their
        offsets, first character and the one after the last, in the text before the edit. Never the data itself.

    Raises:
        InputError: for an unknown kind.
    """
    for kind in kinds:
        if kind not in patterns.KINDS:
            near = difflib.get_close_matches(kind, patterns.KINDS, n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError(f"personal data: found the kind {kind!r}, expected some of {patterns.KINDS}{meant}")
    rows = documents.select("text").with_row_index("row")
    concerned = rows.filter(TEXT.str.contains(patterns.HINT)).filter(TEXT.str.contains(patterns.CANDIDATES))
    if not kinds or concerned.is_empty():
        return Edited(documents, tables.empty(tables.LEDGER))
    pieces = _decided(_pieces(concerned), kinds)
    found = pieces.filter(pl.col("kind").is_not_null())
    replaced = (
        pieces.filter(pl.col("row").is_in(found["row"].unique().implode()))
        .group_by("row", maintain_order=True)
        .agg(pl.coalesce(pl.format("<{}>", pl.col("kind").str.to_uppercase()), "piece").str.join("").alias("after"))
    )
    rows = rows.join(replaced, on="row", how="left", maintain_order="left")
    edited = documents.with_columns(rows.select(text=pl.coalesce("after", "text"))["text"])
    return Edited(edited, _ledger(documents, found))


def _pieces(rows: pl.DataFrame) -> pl.DataFrame:
    """Texts cut at candidates: columns row, slot, piece, start.

    Slots repeat: 0 is plain text, the others are the groups of `patterns.CANDIDATES`, of which all but one are empty.
    `start` is the offset of the piece in its text, in characters.
    """
    mark = _unused(rows["text"])
    marked = mark + "".join(f"${{{group}}}{mark}" for group in range(1, _STRIDE))
    pieces = rows.select("row", piece=TEXT.str.replace_all(patterns.CANDIDATES, marked).str.split(mark)).explode(
        "piece"
    )
    size = pl.col("piece").str.len_chars().cast(pl.Int64)
    return pieces.with_columns(
        slot=pl.int_range(pl.len()).over("row") % _STRIDE, start=(size.cum_sum() - size).over("row")
    )


def _unused(texts: pl.Series) -> str:
    """A mark that occurs in no text: a Unicode non-character, with others behind it where a text holds that as well."""
    marks = ("\ufdd0" + "\ufdd1" * length for length in itertools.count())
    return next(mark for mark in marks if not texts.str.contains(mark, literal=True).any())


def _decided(pieces: pl.DataFrame, kinds: tuple[str, ...]) -> pl.DataFrame:
    """The pieces with `kind`: of the personal data that a piece is, null for what stays."""
    piece = pl.col("piece")
    kind = pl.lit(None, pl.String)
    for slot, name in enumerate(patterns.GROUPS, start=1):
        if name in kinds:
            # The plain text before a slot is `slot` pieces back, the one after it the rest of the stride on.
            before, after = piece.shift(slot), piece.shift(slot - _STRIDE)
            matches = (pl.col("slot") == slot) & (piece != "") & patterns.accepted(name, piece, before, after)
            kind = pl.when(matches).then(pl.lit(name)).otherwise(kind)
    return pieces.with_columns(kind=kind)


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
