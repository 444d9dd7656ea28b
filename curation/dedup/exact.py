"""Exact duplicates: texts that are equal after NFC, lower-casing and folding of white space.

side[p]  = exact.side(documents[p], options)            each partition
found    = copies.find(load, partitions, KEY, keep)     once: narrow columns of `side`, one at a time
drops[p] = exact.drops(doc_ids[p], found.part(p), ...)  each partition
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import xxhash

from .. import stage, tables
from . import buffers, copies, fold_kernels, order
from .shingles import characters, in_threads

KEY = ("key_high", "key_low")
RULE = "duplicate.exact"


def keys(documents: pl.DataFrame, threads: int | None = None) -> pl.DataFrame:
    """Key of each document's text: the same key means the same text, apart from case, form and white space.

    The text in NFC and lower case (of each character by itself; the two forms of the small sigma are one), with every
    run of white space (Unicode's) as one space and none at the ends, is hashed by xxh3-128 over its UTF-8 bytes.

    Args:
        documents: frame with `doc_id` and `text`.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, `key` (32 hex characters), in the order of the documents.
    """
    digests = [f"{value:032x}" for value in _digests(documents["text"], threads)]
    return pl.DataFrame({"doc_id": documents["doc_id"], "key": pl.Series(digests, dtype=pl.String)})


def side(
    documents: pl.DataFrame, keep_order: Sequence[str] = order.KEEP_ORDER, threads: int | None = None
) -> pl.DataFrame:
    """The narrow side table of one partition.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted.
        keep_order: see `order.ranked`.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, the other columns of the keep order, `key_high` and `key_low`: the halves of what `keys` gives,
        uint64. Rows as in `documents`.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = order.measured(documents, keep_order)
    digests = b"".join(value.to_bytes(16, "little") for value in _digests(documents["text"], threads))
    halves = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    return frame.with_columns(
        pl.Series(KEY[0], halves[:, 1], dtype=pl.UInt64), pl.Series(KEY[1], halves[:, 0], dtype=pl.UInt64)
    )


def drops(documents: pl.DataFrame, first: np.ndarray, starts: int, kept: pl.DataFrame) -> pl.DataFrame:
    """Decisions about one partition.

    Args:
        documents: `doc_id`, the rows of its side table.
        first: int64 (rows,): `Copies.part` of the partition.
        starts: number of the partition's first row, of `Copies.starts`.
        kept: `Copies.kept`.

    Returns:
        Schema `DROPS`, by `doc_id`: rule `duplicate.exact`, similarity 1.
    """
    rows = documents.select("doc_id", row=pl.int_range(starts, starts + pl.len()), first=pl.Series(first))
    gone = rows.filter((pl.col("first") >= 0) & (pl.col("first") != pl.col("row")))
    gone = gone.join(kept.select(first="row", duplicate_of="doc_id"), on="first", how="inner").drop("row", "first")
    return _as_drops(gone)


def decide(side: pl.DataFrame, keep_order: Sequence[str] = order.KEEP_ORDER) -> pl.DataFrame:
    """Which documents repeat another, independent of the order in which they come.

    Args:
        side: `doc_id` (unique), `key` (or `key_high` and `key_low`), and the columns of the keep order; all rows.
        keep_order: see `order.ranked`; of the rows with one key the first in it is kept.

    Returns:
        Schema `DROPS`, by `doc_id`: `duplicate_of` is the row that is kept, `similarity` 1.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    key = ["key"] if "key" in side.columns else list(KEY)
    repeated = side.filter(pl.struct(key).is_duplicated())
    rows = order.ranked(repeated, keep_order, first=key)
    named = rows.select("doc_id", duplicate_of=pl.col("doc_id").first().over(key))
    return _as_drops(named.filter(pl.col("doc_id") != pl.col("duplicate_of")))


def _as_drops(rows: pl.DataFrame) -> pl.DataFrame:
    named = rows.with_columns(
        rule=pl.lit(RULE),
        value=pl.lit(1.0),
        threshold=pl.lit(1.0),
        similarity=pl.lit(1.0),
        cluster_id=copies.cluster_ids(rows["duplicate_of"]),
    )
    return tables.complete(named, stage.DROPS).sort("doc_id")


def _digests(texts: pl.Series, threads: int | None) -> list[int]:
    """xxh3-128 of each folded text."""
    sizes, digests = _hashed(texts, False, threads)
    unsettled = sizes < 0
    if unsettled.any():
        _, again = _hashed(texts.filter(pl.Series(unsettled)).str.normalize("NFC"), True, threads)
        for row, digest in zip(np.flatnonzero(unsettled).tolist(), again, strict=True):
            digests[row] = digest
    return digests


def _hashed(texts: pl.Series, trusted: bool, threads: int | None) -> tuple[np.ndarray, list[int]]:
    content, starts = buffers.utf8(texts)
    begins = 3 * starts // 2 + np.arange(len(starts))
    folded, sizes, table = np.empty(begins[-1], np.uint8), np.empty(len(texts), np.int64), characters()

    def fold(begin: int, end: int) -> None:
        fold_kernels.fold_texts(content, starts, table, trusted, begin, end, folded, sizes)

    in_threads(fold, starts, threads)
    view, digest = folded.data, xxhash.xxh3_128_intdigest
    ends = (begins[:-1] + np.maximum(sizes, 0)).tolist()
    return sizes, [digest(view[begin:end]) for begin, end in zip(begins[:-1].tolist(), ends, strict=True)]
