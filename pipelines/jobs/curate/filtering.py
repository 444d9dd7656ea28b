"""Score, decide and clean: the row-wise part of a curate step, a partition at a time."""

from pathlib import Path
from typing import Any

import polars as pl

from curation import pii, quality, tables
from curation.quality import apply as learned
from curation.rules import rule, sets
from curation.rules.rule import Rule

from ...run import Made, Work
from ...settings import CurateSettings, QualitySettings
from .counts import by_rule, of_drops
from .drops import QUALITY
from .shelf import Curation, Shelf

CLEAN = "clean"  # files of work/ that hold what the rules let through, personal data replaced


def filter_rows(job: Curation, settings: CurateSettings, parts: list[str], text: str) -> None:
    """Score every row, decide by the scores alone, and write what passes with its personal data replaced.

    The three are tasks apart: moving a threshold reads no text to decide, a new rule reads no input file.
    """
    rules = sets.rules_from(settings.rules)
    model = None if settings.quality is None else settings.quality.model
    known = None if model is None else quality.model.load(Path(model)).fingerprint
    scores = [
        job.work(f"score/{part}", ["score", rule.definitions(rules), known], [("work", f"{text}-{part}")], _score, part,
                 text, settings.rules, model)
        for part in parts
    ]  # fmt: skip
    job.carry_out(scores, "scoring")
    bound = None if settings.quality is None else _quality_bound(job, settings.quality, parts)
    config = ["decide", rule.thresholds(rules), bound]
    decisions = [
        job.work(f"decide/{part}", config, [("scores", part)], _decide, part, settings.rules, bound) for part in parts
    ]
    job.carry_out(decisions, "deciding")
    job.carry_out([_cleaning(job, settings, part, text) for part in parts], "cleaning")


def _score(shelf: Shelf, part: str, text: str, rules: dict[str, dict[str, Any]], model: str | None) -> Made:
    """Every score of every row, kept or not, beside the documents."""
    documents = shelf.load("work", f"{text}-{part}")
    scores = rule.score(documents, sets.rules_from(rules), shelf.threads)
    if model is not None:
        given = learned.score(documents, quality.model.load(Path(model)))
        scores = scores.with_columns(given.alias(QUALITY))
    return Made((shelf.save(scores, "scores", part),))


def _quality_bound(job: Curation, settings: QualitySettings, parts: list[str]) -> float | None:
    """Least learned score that passes: as given, or what keeps the wanted share of all rows; none to only score."""
    if settings.keep_rate is None:
        return settings.threshold
    reads = [("scores", part) for part in parts]
    config = ["quality-threshold", settings.keep_rate]
    deciding = job.work("quality-threshold", config, reads, _threshold, parts, settings.keep_rate)
    (record,) = job.carry_out([deciding], "quality threshold", "decisions")
    return float(record.facts["quality_threshold"])


def _threshold(shelf: Shelf, parts: list[str], keep_rate: float) -> Made:
    scores = pl.concat([shelf.load("scores", part, [QUALITY]) for part in parts])[QUALITY]
    return Made((), {"quality_threshold": learned.threshold_for(scores, keep_rate)})


def _decide(shelf: Shelf, part: str, rules: dict[str, dict[str, Any]], bound: float | None) -> Made:
    """The first failing rule of each row, from scores alone."""
    in_force = [*sets.rules_from(rules), *([Rule(QUALITY, pl.col(QUALITY), low=bound)] if bound is not None else [])]
    return Made((shelf.save(rule.decide(shelf.load("scores", part), in_force), "work", f"decision-{part}"),))


def _cleaning(job: Curation, settings: CurateSettings, part: str, text: str) -> Work:
    config: list[Any] = ["clean", settings.personal_data, settings.keep_dropped]
    reads = [("work", f"{text}-{part}"), ("work", f"decision-{part}")]
    return job.work(f"clean/{part}", config, reads, _clean, part, text, settings.personal_data, settings.keep_dropped)


def _clean(shelf: Shelf, part: str, text: str, kinds: tuple[str, ...], keep_dropped: bool) -> Made:
    """Drop what a rule failed and replace personal data in what is left."""
    documents = shelf.load("work", f"{text}-{part}")
    split = rule.split(documents, shelf.load("work", f"decision-{part}"), "rules")
    tables.conserve(f"{shelf.step}/rules", documents.height, split.kept.height, split.ledger.height, 0)
    edited = pii.replace(split.kept, kinds)
    tables.conserve(f"{shelf.step}/personal_data", split.kept.height, edited.rows.height, 0, 0)
    outputs = [
        shelf.save(edited.rows, "work", f"{CLEAN}-{part}"),
        shelf.save(pl.concat([split.ledger, edited.ledger]), "ledger", f"rules-{part}"),
    ]
    if keep_dropped:
        outputs.append(shelf.save(split.dropped, "dropped", f"rules-{part}"))
    return Made(tuple(outputs), {**of_drops(split.ledger), "edited": by_rule(edited.ledger)})
