"""Why something that was asked for is in no sample, and the row of the ledger that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed_result import CheckResult


@dataclass(frozen=True)
class Drop:
    """Why a request or a row is in no sample: columns of its ledger row; `rule` without the name of the method."""

    rule: str
    value: float | None = None
    threshold: float | None = None
    duplicate_of: str | None = None
    similarity: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    cluster: int | None = None

    @staticmethod
    def failed(check: CheckResult) -> "Drop":
        """A drop for a check that failed."""
        return Drop(check.name, check.score, check.threshold, detail={"found": check.detail})

    def event(
        self,
        method: str,
        row_id: str,
        about: Mapping[str, Any],
        file: str | None = None,
        record: int | None = None,
    ) -> dict[str, Any]:
        """Its row of the ledger.

        Args:
            method: name of the method, put before the rule; a rule of `novelty` keeps its own.
            row_id: of what is dropped.
            about: what the detail says beside its own; a value of none is left out.
            file: where a row was read, none where it was not read from a file.
            record: number in the file.
        """
        said = {name: value for name, value in {**about, **self.detail}.items() if value is not None}
        return {
            "row_id": row_id,
            "file": file,
            "record": record,
            "rule": self.rule if self.rule.startswith("novelty.") else f"{method}.{self.rule}",
            "value": _float(self.value),
            "threshold": _float(self.threshold),
            "duplicate_of": self.duplicate_of,
            "similarity": self.similarity,
            "cluster_id": self.cluster,
            "detail": tables.canonical_json(said),
        }


def ledger(events: Sequence[Mapping[str, Any]], method: str) -> pl.DataFrame:
    """The ledger (action `drop`) of rows as `Drop.event` makes them."""
    return tables.ledger(pl.DataFrame(list(events), schema=_EVENTS), method, "drop", "samples")


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)  # users write thresholds as whole numbers too


_EVENTS = pl.Schema(
    {
        name: tables.LEDGER[name]
        for name in (
            "row_id", "file", "record", "rule", "value", "threshold", "duplicate_of", "similarity", "cluster_id",
            "detail",
        )
    }
)  # fmt: skip
