"""Score, decide and clean: the row-wise part of a curate step, a partition at a time."""

from typing import Any

import polars as pl

from curation import pii, tables
from curation.rules import rule
from curation.rules.rule import Rule

from ...run import Made, Work
from ...settings import CurateSettings
from .counts import by_rule, of_drops
from .shelf import Curation, Shelf

CLEAN = "clean"  # files of work/ that hold what the rules let through, personal data replaced


def filter_rows(job: Curation, settings: CurateSettings, rules: tuple[Rule, ...], parts: list[str], text: str) -> None:
    """Score every row, decide by the scores alone, and write what passes with its personal data replaced.

    The three are tasks apart: moving a threshold reads no text to decide, a new rule reads no input file.
    """
    scores = [
        job.work(f"score/{part}", ["score", rule.definitions(rules)], [("work", f"{text}-{part}")], _score, part, text,
                 rules)
        for part in parts
    ]  # fmt: skip
    job.carry_out(scores, "scoring")
    decisions = [
        job.work(f"decide/{part}", ["decide", rule.thresholds(rules)], [("scores", part)], _decide, part, rules)
        for part in parts
    ]
    job.carry_out(decisions, "deciding")
    job.carry_out([_cleaning(job, settings, part, text) for part in parts], "cleaning")


def _score(shelf: Shelf, part: str, text: str, rules: tuple[Rule, ...]) -> Made:
    """Every score of every row, kept or not, beside the documents."""
    return Made((shelf.save(rule.score(shelf.load("work", f"{text}-{part}"), rules), "scores", part),))


def _decide(shelf: Shelf, part: str, rules: tuple[Rule, ...]) -> Made:
    """The first failing rule of each row, from scores alone."""
    return Made((shelf.save(rule.decide(shelf.load("scores", part), rules), "work", f"decision-{part}"),))


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
