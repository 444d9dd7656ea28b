"""Exact duplicates: texts that are equal after NFC, lower-casing and folding of white space."""

from collections.abc import Sequence

import polars as pl
import xxhash

from . import buffers, order


def keys(documents: pl.DataFrame) -> pl.DataFrame:
    """Key of each document's text: the same key means the same text, apart from case, form and white space.

    The text in NFC and lower case, with every run of white space (Unicode's) as one space and none at the ends, is
    hashed by xxh3-128 over its UTF-8 bytes.

    Args:
        documents: frame with `doc_id` and `text`.

    Returns:
        `doc_id`, `key` (32 hex characters), in the order of the documents.
    """
    text = pl.col("text").str.normalize("NFC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    content, offsets = buffers.utf8(documents.select(text).to_series())
    view = content.data
    ends = offsets.tolist()
    hashes = [xxhash.xxh3_128_hexdigest(view[begin:end]) for begin, end in zip(ends[:-1], ends[1:], strict=True)]
    return pl.DataFrame({"doc_id": documents["doc_id"], "key": pl.Series(hashes, dtype=pl.String)})


def decide(side: pl.DataFrame, keep_order: Sequence[str] = order.KEEP_ORDER) -> pl.DataFrame:
    """Which documents repeat another, independent of the order in which they come.

    Args:
        side: `doc_id` (unique), `key`, and the columns of the keep order; rows of all partitions.
        keep_order: see `order.ranked`; of the rows with one key the first in it is kept.

    Returns:
        The rows to drop, by `doc_id`: `doc_id`, `duplicate_of` (the row that is kept), `similarity` (1.0).

    Raises:
        InputError: for a keep order with an unknown column.
    """
    repeated = side.filter(pl.col("key").is_duplicated())
    rows = order.ranked(repeated, keep_order, first=["key"])
    return (
        rows.select("doc_id", duplicate_of=pl.col("doc_id").first().over("key"), similarity=pl.lit(1.0))
        .filter(pl.col("doc_id") != pl.col("duplicate_of"))
        .sort("doc_id")
    )
