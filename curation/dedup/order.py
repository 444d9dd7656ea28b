"""Which of several duplicates is kept: an ordered list of columns, as data."""

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl
import polars.selectors as cs

from ..errors import InputError

KEEP_ORDER = ("-length", "doc_id")


def columns(order: Sequence[str]) -> list[str]:
    """Names of the columns that a keep order reads, without their signs."""
    return [key.removeprefix("-") for key in order]


def ranked(frame: pl.DataFrame, order: Sequence[str], first: Sequence[str] = ()) -> pl.DataFrame:
    """Rows in keep order: those to be kept come first, whatever order they came in.

    Args:
        frame: rows with a unique `doc_id` and the columns of the order.
        order: columns, ascending, or with a leading minus descending; missing values go last. What they leave equal
            is settled by `doc_id`. A score that is no number counts as missing.
        first: columns to sort by before the keep order, ascending.

    Raises:
        InputError: for a column that is not there, naming the nearest one.
    """
    for name in columns(order):
        if name not in frame.columns:
            near = get_close_matches(name, frame.columns, n=1)
            hint = f", the nearest is {near[0]!r}" if near else ""
            raise InputError(f"keep order has the column {name!r}, expected some of {frame.columns}{hint}")
    floats = frame.select(cs.float()).columns
    keys = [pl.col(name).fill_nan(None) if name in floats else pl.col(name) for name in [*first, *columns(order)]]
    descending = [False] * len(first) + [key.startswith("-") for key in order] + [False]
    return frame.sort([*keys, pl.col("doc_id")], descending=descending, nulls_last=True)


def measured(documents: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """`doc_id` and the columns of a keep order, with `length` (in characters) counted where it is not there.

    Raises:
        InputError: for a column that is not there, naming the nearest one.
    """
    frame = documents
    if "length" not in frame.columns:
        frame = frame.with_columns(length=pl.col("text").str.len_chars())
    ranked(frame.clear(), order)  # says which column is missing
    return frame.select(list(dict.fromkeys(["doc_id", *columns(order)])))
