"""The end of every method: samples, ledger and the common part of the report, with nothing lost between them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed_result import CheckResult

from ..drop import Drop
from ..synthesised import Synthesised
from .attempt import Attempt, Source, events, idle


def sample(
    origin: str,
    source: Source,
    content: Mapping[str, Any],
    generation: str,
    checks: Iterable[CheckResult],
    draw: int = 0,
) -> dict[str, Any]:
    """A row of a samples table.

    Args:
        origin: the method, as the samples name it.
        source: what it was made from, its one parent.
        content: the trainer's columns.
        generation: JSON text (`Attempt.generation`).
        checks: every check of what is in it.
        draw: number among the samples of the source, where their content may be equal.
    """
    return {
        **content,
        "sample_id": tables.sample_id(source.task, origin, content, [source.id], draw),
        "task": source.task,
        "origin": origin,
        "tier": None,
        "parents": [source.id],
        "generation": generation,
        "checks": [_recorded(check) for check in checks],
    }


def _recorded(check: CheckResult) -> dict[str, Any]:
    """A check as the table has it: users write thresholds as whole numbers too."""
    return {
        "name": check.name,
        "score": float(check.score),
        "threshold": float(check.threshold),
        "passed": check.passed,
    }


def accounted(
    method: str,
    kind: str,
    sources: Sequence[Source],
    attempts: Sequence[Attempt],
    samples: Sequence[dict[str, Any]],
    unused: Mapping[str, Drop] | None = None,
    report: Mapping[str, Any] | None = None,
    aside: Sequence[dict[str, Any]] = (),
) -> Synthesised:
    """The result of a method: a ledger row for every request and every source that is in no sample.

    Args:
        method: name of the method, the first part of every rule.
        kind: of the samples, a key of `tables.SAMPLE_KINDS`.
        sources: all that came in.
        attempts: every request, settled.
        samples: rows (`sample`), in the order of the sources.
        unused: why a source gave no sample, by its id; a source that is in neither gets `no_sample`.
        report: what the method says beside the common part.
        aside: rows that are kept apart from the samples; what they were made from counts as used.

    Raises:
        TableError: when a request is neither used nor dropped, or both: a fault of the method.
    """
    frame = pl.DataFrame(list(samples), schema=tables.samples_schema(kind))
    tables.check(frame, tables.samples_schema(kind), "sample_id")
    made = {parent for row in (*samples, *aside) for parent in row["parents"]}
    reasons = unused or {}
    empty = [(one, reasons.get(one.id, Drop("no_sample"))) for one in sources if one.id not in made]
    asked = events(attempts, method)
    used = sum(one.used for one in attempts)
    tables.conserve(f"{method}/requests", len(attempts), used, asked.height, 0)
    tables.conserve(f"{method}/rows", len(sources), len(made), len(empty), 0)
    common = {
        "rows": {"rows": len(sources), "used": len(made), "unused": _counts(drop.rule for _, drop in empty)},
        "requests": {"requests": len(attempts), "used": used, "dropped": asked.height},
        "samples": frame.height,
        "rejections": _counts(one.drop.rule for one in attempts if one.drop is not None),
        "yield_by_task": _by_task(sources, made),
        "characters": _lengths(attempts),
        "tokens": {
            "prompt": sum(one.response.prompt_tokens for one in attempts),
            "generated": sum(len(one.response.token_ids) for one in attempts),
        },
    }
    return Synthesised(frame, pl.concat([asked, idle(empty, method)]), {**common, **(report or {})})


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _by_task(sources: Sequence[Source], made: set[str]) -> dict[str, dict[str, int]]:
    """Rows and rows with a sample of each task."""
    rows: Counter[str] = Counter(one.task for one in sources)
    used: Counter[str] = Counter(one.task for one in sources if one.id in made)
    return {task: {"rows": rows[task], "used": used[task]} for task in sorted(rows)}


def _lengths(attempts: Sequence[Attempt]) -> dict[str, float] | None:
    """Characters of the answers that were used."""
    lengths = [len(one.text) for one in attempts if one.used]
    if not lengths:
        return None
    return {"shortest": min(lengths), "median": median(lengths), "mean": mean(lengths), "longest": max(lengths)}
