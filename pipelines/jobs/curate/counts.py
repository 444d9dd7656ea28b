"""What the tasks of a curate step counted, summed for the report."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import polars as pl

from ...run import Record

COUNTED = ("records", "damaged", "characters", "passed", "consumed", "made", "samples", "unscored")
FOUND = ("bounds", "shares", "spellings", "conflicting", "items", "quality_threshold", "topics", "target")
GROUPED = ("edited", "dropped", "stages", "grown", "tokens")


def by_rule(ledger: pl.DataFrame) -> dict[str, int]:
    """Rows of a ledger by rule."""
    return _by(ledger, "rule")


def of_drops(ledger: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Rows of a ledger that drop something, by rule and by stage: two facts of a task."""
    drops = ledger.filter(pl.col("action") == "drop")
    return {"dropped": _by(drops, "rule"), "stages": _by(drops, "stage")}


def _by(ledger: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in ledger.group_by(column).len().sort(column).iter_rows()}


def endings(names: Sequence[str]) -> dict[str, int]:
    """How many of these names have each ending, in small letters; `none` where there is none."""
    return dict(sorted(Counter(PurePath(name).suffix.lower() or "none" for name in names).items()))


def add(total: dict[str, int], more: dict[str, int]) -> None:
    """Add counts by name to others."""
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def funnel(records: list[Record], stages: Sequence[str]) -> dict[str, Any]:
    """Sums over a step: what was read, damaged, edited and dropped by rule, dropped by stage, cut, and what passed.

    Args:
        records: of all tasks.
        stages: names of those in force, in their order.
    """
    total: dict[str, Any] = {**dict.fromkeys(COUNTED, 0), **{name: {} for name in GROUPED}}
    total["stages"] = dict.fromkeys(stages, 0)
    for record in records:
        for name in COUNTED:
            total[name] += record.facts.get(name, 0)
        total.update({name: record.facts[name] for name in FOUND if name in record.facts})
        for name in GROUPED:
            add(total[name], record.facts.get(name, {}))
    return total
