"""Rows with the same key over all partitions, in memory bounded by the narrow columns and not by the texts.

A key has two halves of 64 bits. Side tables stay where the caller keeps them; they are read a partition and a few
columns at a time by `load(partition, columns)`, and rows are called by their number in all partitions together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import xxhash

from . import buffers, joins, order

Load = Callable[[int, list[str]], pl.DataFrame]  # columns of the side table of a partition, rows in their order
_SLICE = 1_000_000  # rows that are sorted at a time


@dataclass(frozen=True)
class Copies:
    """Which rows have the same key, and which of them is kept.

    Attributes:
        first: int64 (rows,): for each row the row, first in keep order, that has its key; itself if it is that row;
            -1 without a key.
        kept: `row`, `doc_id` of the rows that have copies, by `row`.
        starts: int64 (partitions + 1,): number of the first row of each partition, and of all rows.
    """

    first: np.ndarray
    kept: pl.DataFrame
    starts: np.ndarray

    def part(self, number: int) -> np.ndarray:
        """The first rows of the rows of a partition."""
        return self.first[self.starts[number] : self.starts[number + 1]]


def find(load: Load, parts: int, key: tuple[str, str], keep_order: Sequence[str]) -> Copies:
    """Find the rows with the same key and which is first in keep order, independent of order and partitions.

    Args:
        load: reads the side tables, with `doc_id`, the columns of the keep order, and the key (uint64, null for a row
            that has none).
        parts: number of partitions.
        key: names of the columns of the two halves of the key.
        keep_order: see `order.ranked`.
    """
    starts, one = column(load, parts, key[0])
    _, two = column(load, parts, key[1])
    present = _present(load, parts, key[0])
    same = np.empty(len(one), np.int64)
    joins.first_with_key(one, two, present, same)
    del one, two
    counts = np.bincount(same[present], minlength=len(same))
    repeated = present & (counts[same] > 1)
    kept = _kept(load, starts, same, repeated, keep_order)
    first = np.where(present, np.arange(len(same)), -1)
    place = np.zeros(len(same), np.int64)
    place[kept["group"].to_numpy()] = kept["row"].to_numpy()
    first[repeated] = place[same[repeated]]
    return Copies(first, kept.select("row", "doc_id").sort("row"), starts)


def _kept(
    load: Load, starts: np.ndarray, same: np.ndarray, repeated: np.ndarray, keep_order: Sequence[str]
) -> pl.DataFrame:
    """The first row of each group in keep order: first within its partition, so that ten million copies are few."""
    names = list(dict.fromkeys(["doc_id", *order.columns(keep_order)]))
    found = []
    for part in range(len(starts) - 1):
        here = slice(starts[part], starts[part + 1])
        rows = load(part, names).with_columns(
            row=pl.int_range(starts[part], starts[part + 1], dtype=pl.Int64), group=pl.Series(same[here])
        )
        found.append(_firsts(rows.filter(pl.Series(repeated[here])), keep_order))
    rows = pl.concat(found) if found else pl.DataFrame(schema={"row": pl.Int64, "group": pl.Int64, "doc_id": pl.String})
    slices = -(-rows.height // _SLICE)
    pieces = [_firsts(rows.filter(pl.col("group") % slices == number), keep_order) for number in range(slices)]
    return pl.concat(pieces) if pieces else rows


def _firsts(rows: pl.DataFrame, keep_order: Sequence[str]) -> pl.DataFrame:
    ranked = order.ranked(rows, keep_order, first=["group"])
    return ranked.unique("group", keep="first", maintain_order=True)


def column(load: Load, parts: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Starts of the partitions, int64 (partitions + 1,), and a column of all rows, any number where one is null."""
    pieces = [buffers.numbers(load(part, [name]).to_series()) for part in range(parts)]
    starts = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces]))).astype(np.int64)
    if len(pieces) == 1:
        return starts, pieces[0]
    return starts, np.concatenate(pieces) if pieces else np.empty(0, np.uint64)


def _present(load: Load, parts: int, name: str) -> np.ndarray:
    pieces = [load(part, [name]).to_series().is_not_null().to_numpy() for part in range(parts)]
    return np.concatenate(pieces) if pieces else np.empty(0, bool)


def cluster_id(doc_id: str) -> int:
    """Number of the cluster that a document stands for: no count, so that it is the same however work is divided."""
    return xxhash.xxh3_64_intdigest(doc_id.encode()) >> 1


def cluster_ids(doc_ids: pl.Series) -> pl.Series:
    """`cluster_id` of each of many, of which few are different: int64."""
    named = pl.DataFrame({"doc_id": doc_ids}).unique()
    numbers = pl.Series([cluster_id(doc_id) for doc_id in named["doc_id"]], dtype=pl.Int64)
    rows = pl.DataFrame({"doc_id": doc_ids}).join(
        named.with_columns(cluster_id=numbers), on="doc_id", how="left", maintain_order="left"
    )
    return rows["cluster_id"]
