"""Spans of characters to take out of documents: what global edits decide, and how it is carried out."""

import numpy as np
import polars as pl

from .. import tables
from ..stage import Edited
from . import buffers, unit_kernels, units

# A row for each span to take out. Offsets count characters of the text as it stands; `end` is after the last one.
SPANS = pl.Schema(
    {
        "doc_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "rule": pl.String,
        "duplicate_of": pl.String,  # the document that keeps what is taken out here, null where it is this one or none
    }
)

_LISTED = 1000  # spans that a ledger row lists; `detail` counts all


def apply(documents: pl.DataFrame, spans: pl.DataFrame, stage: str) -> Edited:
    """Take spans out of the texts of one partition.

    White space left at the end of a text whose end is taken out goes with it. A text may become empty.

    Args:
        documents: table `documents`.
        spans: schema `SPANS`, of this partition or of all; they may touch and overlap.
        stage: name written to the ledger.

    Returns:
        All rows, and an `edit` row for each document with spans: `value` is the number of characters taken out, `rule`
        the rules joined by `+`, `duplicate_of` the document where all spans name the same one, `detail` the JSON
        `{"spans": n, "offsets": [[start, end], ...]}` of the joined spans, in the text before the edit; of more than
        1000 the first 1000 are listed.

    Raises:
        ValueError: for a span outside its text: the texts are not those the spans were found in.
    """
    rows = documents.select("doc_id").with_row_index("row")
    found = spans.join(rows, on="doc_id", how="inner").sort("row", "start", "end", "rule", "duplicate_of")
    if found.is_empty():
        return Edited(documents, tables.empty(tables.LEDGER))
    if (found["start"] < 0).any() or (found["end"] <= found["start"]).any():
        raise ValueError("a span is empty or begins before its text")
    touched = found["row"].unique(maintain_order=True)
    texts, cut = _cut(documents["text"].gather(touched), touched, found)
    places = np.arange(documents.height)
    places[touched.to_numpy()] = documents.height + np.arange(len(touched))
    edited = pl.concat([documents["text"], texts]).gather(places)
    named = found.group_by("row", maintain_order=True).agg(
        rule=pl.col("rule").unique(maintain_order=True).sort().str.join("+"),
        duplicate_of=pl.when(pl.col("duplicate_of").n_unique() == 1).then(pl.col("duplicate_of").first()),
    )
    events = documents.select(row_id="doc_id", file="file", record="record").with_row_index("row")
    events = events.join(cut, on="row", maintain_order="left").join(named, on="row", maintain_order="left")
    return Edited(documents.with_columns(text=edited), tables.ledger(events.drop("row"), stage, "edit"))


def _cut(texts: pl.Series, numbers: pl.Series, found: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """The texts without their spans; and of each `row`, `value` and `detail` for the ledger."""
    content, starts = buffers.utf8(texts)
    offsets = np.concatenate(([0], np.cumsum(found["row"].rle().struct.field("len").to_numpy()))).astype(np.int64)
    begins, ends = found["start"].to_numpy().copy(), found["end"].to_numpy().copy()
    out, out_starts = np.empty(len(content), np.uint8), np.empty(len(starts), np.int64)
    removed, counts = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    beyond = unit_kernels.without_spans(
        content, starts, units.spaces(), offsets, begins, ends, out, out_starts, removed, counts
    )
    if beyond >= 0:
        document = found["doc_id"][int(offsets[beyond])]
        raise ValueError(f"document {document}: a span ends at {found['end'][int(offsets[beyond + 1]) - 1]}, after it")
    listed = np.minimum(counts, _LISTED)
    taken = np.repeat(offsets[:-1] - np.cumsum(listed) + listed, listed) + np.arange(listed.sum())
    pairs = pl.DataFrame({"row": np.repeat(numbers.to_numpy(), listed), "start": begins[taken], "end": ends[taken]})
    details = pairs.group_by("row", maintain_order=True).agg(pl.format("[{},{}]", "start", "end").str.join(","))
    spans = pl.Series("spans", counts).cast(pl.String)
    detail = details.select(pl.concat_str(pl.lit('{"spans":'), spans, pl.lit(',"offsets":['), "start", pl.lit("]}")))
    cut = pl.DataFrame({"row": numbers, "value": removed.astype(np.float64), "detail": detail.to_series()})
    return units.texts_of(out, out_starts), cut
