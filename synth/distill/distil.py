"""Distil a task set: climb the ladder, choose by likelihood, and account for every row and every request."""

from dataclasses import asdict
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed_result import CheckResult
from curation.errors import InputError
from curation.model import Generator, Scorer

from ..synthesised import Synthesised
from . import canaries, knowledge
from .apart import apart
from .asked import Asker
from .item import Tried, items
from .ladder import climb
from .options import DistillOptions
from .report import report
from .settle import GOLD, NEW, REPEATS, Likelihoods, Outcome, likelihoods

STAGE = "distill"
ORIGIN = "self_distilled"


def distill(
    rows: pl.DataFrame, generator: Generator, scorer: Scorer | None, options: DistillOptions, seed: int
) -> Synthesised:
    """Give every row a completion in the model's own words that says what its reference says, or its reference.

    SDFT (arXiv 2402.13669, section 3) as a ladder: the model's own closed-book answer if it is verified; else, of the
    verified rewrites with the reference in view, the one the model finds likeliest without it; else the reference.

    Args:
        rows: prompt and completion rows with `sample_id` and `task`, and optional columns `answer` (the bare answer
            of the reference), `check` (how it is compared), `file` and `record`.
        generator: the model that is to be trained on the result.
        scorer: the same model as a scorer; without one the first verified rewrite is taken.
        options: see `DistillOptions`.
        seed: of everything drawn.

    Returns:
        One sample for each row, in the order of the rows; ledger rows for every fallback (action `fallback`, rule: the
        last failing check) and for every request that was not used (action `drop`); the report.

    Raises:
        CanaryError: when the checks are wrong too often on these rows, before anything is generated.
        InputError: when there are no rows, or a check by likelihood is asked for without a scorer.
    """
    if not rows.height:
        raise InputError("distill: found no rows, expected at least one")
    if scorer is None and (options.min_support > 0 or options.max_leaked < 1):
        raise InputError("distill options min_support and max_leaked need likelihoods, found none (likelihood: false)")
    every = list(items(rows))
    measured = canaries.measure(every, options, seed, Asker(generator, scorer, options, seed))
    tried = climb(every, generator, options, options.enough if scorer is not None else 1, seed, scorer)
    likely = likelihoods(tried, scorer) if scorer is not None else Likelihoods()
    settled = apart(tried, likely, options.novelty)
    outcomes = settled.outcomes
    samples = pl.DataFrame(
        [_sample(outcome, generator) for outcome in outcomes],
        schema=tables.samples_schema("prompt_completion"),
    )
    tables.check(samples, tables.samples_schema("prompt_completion"), "sample_id")
    ledger = pl.concat([_fallbacks(outcomes), _unused(outcomes), _asked_by_the_gate(outcomes)])
    _conserve(rows, samples, ledger, tried)
    repeats = {"refused": settled.refused, "references_alike": settled.alike}
    return Synthesised(samples, ledger, {**report(outcomes, likely, measured, options), REPEATS: repeats})


def _sample(outcome: Outcome, generator: Generator) -> dict[str, Any]:
    row, chosen = outcome.tried.item.row, outcome.chosen
    completion, generation, checks = row["completion"], None, []
    if chosen is not None:
        completion = [{"role": "assistant", "content": chosen.text}]
        generation = tables.canonical_json(chosen.generation(generator.name, generator.fingerprint))
        checks = [asdict(check) for check in chosen.checks]
    content = {"prompt": row["prompt"], "completion": completion}
    parents = [outcome.tried.item.id]
    return {
        **content,
        "sample_id": tables.sample_id(row["task"], ORIGIN, content, parents),
        "task": row["task"],
        "origin": ORIGIN,
        "tier": outcome.tier,
        "parents": parents,
        "generation": generation,
        "checks": checks,
    }


def _fallbacks(outcomes: list[Outcome]) -> pl.DataFrame:
    """A ledger row for every row that kept its reference, with each attempt and what it failed."""
    rows = []
    for outcome in outcomes:
        if outcome.chosen is None:
            tried = outcome.tried
            last = next((one.failed for one in reversed(tried.candidates) if one.failed.name == outcome.reason), None)
            attempts = [{"request": one.request.id, "failed": one.failed.name} for one in tried.candidates]
            rows.append(_event(tried, tried.item.id, str(outcome.reason), last, {"attempts": attempts}))
    return tables.ledger(pl.DataFrame(rows, schema=_EVENTS), STAGE, "fallback", "samples")


def _unused(outcomes: list[Outcome]) -> pl.DataFrame:
    """A ledger row for every answer that is not in the samples: what it failed, or that another was likelier."""
    rows = []
    for outcome in outcomes:
        for one in outcome.tried.candidates:
            if one is not outcome.chosen:
                failed = None if one.verified else one.failed
                found = failed.detail if failed else None
                detail = {"row": one.item.id, "text": one.text, "found": found, "error": one.response.error}
                rule = failed.name if failed else "less_likely"
                rows.append(_event(outcome.tried, one.request.id, rule, failed, detail))
    return tables.ledger(pl.DataFrame(rows, schema=_EVENTS), STAGE, "drop", "samples")


def _asked_by_the_gate(outcomes: list[Outcome]) -> pl.DataFrame:
    """A ledger row for every closed-book answer of the knowledge gate: none is ever a sample."""
    rows = [
        event
        for outcome in outcomes
        if outcome.tried.knowledge is not None
        for event in knowledge.events(outcome.tried.item, outcome.tried.knowledge)
    ]
    return tables.ledger(pl.DataFrame(rows, schema=_EVENTS), STAGE, "drop", "samples")


def _event(tried: Tried, row_id: str, rule: str, failed: CheckResult | None, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "row_id": row_id,
        "file": tried.item.row.get("file"),
        "record": tried.item.row.get("record"),
        "rule": f"{STAGE}.{rule}",
        "value": failed.score if failed else None,
        "threshold": failed.threshold if failed else None,
        "detail": tables.canonical_json({key: value for key, value in detail.items() if value is not None}),
    }


_EVENTS = pl.Schema(
    {name: tables.LEDGER[name] for name in ("row_id", "file", "record", "rule", "value", "threshold", "detail")}
)


def _conserve(rows: pl.DataFrame, samples: pl.DataFrame, ledger: pl.DataFrame, tried: list[Tried]) -> None:
    """Every row became exactly one sample, every fallback is in the ledger, every request is a sample or in it."""
    tables.conserve(STAGE, rows.height, 0, 0, samples["parents"].list.first().n_unique())
    fallbacks = samples.filter(pl.col("tier").is_in([GOLD, NEW])).height
    recorded = ledger.filter(pl.col("action") == "fallback").height
    tables.conserve(f"{STAGE}/fallbacks", fallbacks, 0, recorded, 0)
    requests = sum(len(one.candidates) + (len(one.knowledge.samples) if one.knowledge else 0) for one in tried)
    used = samples.height - fallbacks
    tables.conserve(f"{STAGE}/requests", requests, used, ledger.height - recorded, 0)
