"""What a stage on documents returns: pure functions of a frame, which conserve its rows."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Edited:
    """The outcome of a stage that changes texts and drops nothing.

    Attributes:
        rows: the same rows in the same order, some with another text.
        ledger: an `edit` row for each thing changed.
    """

    rows: pl.DataFrame
    ledger: pl.DataFrame


@dataclass(frozen=True)
class Split:
    """The outcome of a stage that lets rows through or drops them.

    Attributes:
        kept: rows that go on, in their order.
        dropped: the others, in theirs.
        ledger: one `drop` row for each of the dropped.
    """

    kept: pl.DataFrame
    dropped: pl.DataFrame
    ledger: pl.DataFrame
