"""What the tasks of a curate step counted, summed for the report."""

from typing import Any

import polars as pl

from ...run import Record


def by_rule(ledger: pl.DataFrame, into: dict[str, int] | None = None) -> dict[str, int]:
    """Rows of a ledger by rule, added to `into` where it is given."""
    total = {} if into is None else into
    for name, count in ledger.group_by("rule").len().sort("rule").iter_rows():
        total[str(name)] = total.get(str(name), 0) + int(count)
    return total


def funnel(records: list[Record]) -> dict[str, Any]:
    """Sums over a step: read, damaged, edited and dropped by rule, cut into chunks, and what passed."""
    total: dict[str, Any] = {"records": 0, "damaged": 0, "characters": 0, "edited": {}, "dropped": {}, "passed": 0}
    for record in records:
        for name in ("records", "damaged", "characters", "passed"):
            total[name] += record.facts.get(name, 0)
        for name in ("edited", "dropped"):
            for rule, count in record.facts.get(name, {}).items():
                total[name][rule] = total[name].get(rule, 0) + count
    return total
