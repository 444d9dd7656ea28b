"""Length of a document in characters."""

import polars as pl

from .rule import Rule


def length(low: float | None = 1, high: float | None = None) -> tuple[Rule, ...]:
    """Documents of at least `low` and at most `high` characters (Unicode code points, after normalisation)."""
    definition = "characters (Unicode code points) of the text"
    return (Rule("length.characters", pl.col("text").str.len_chars(), low, high, definition=definition),)
