"""What a method that generates returns."""

from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Synthesised:
    """The result of a synthesis.

    Attributes:
        samples: `tables.samples_schema("prompt_completion")`.
        ledger: `tables.LEDGER`: a row for every request that is not in `samples`, and for every fallback.
        report: counts, rates and likelihoods, plain JSON values.
    """

    samples: pl.DataFrame
    ledger: pl.DataFrame
    report: dict[str, Any]
