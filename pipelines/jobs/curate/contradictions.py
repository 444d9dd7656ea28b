"""Rows that contradict each other: the same question with other answers, one label in several spellings."""

import dataclasses

import polars as pl

from curation.consistency import conflicts, labels
from curation.consistency.conflicts import ConflictOptions
from curation.consistency.labels import LabelOptions
from curation.stage import Edited

from ...run import Made
from . import drops, edits
from .shelf import Curation, Shelf

REPORT, SPELLINGS = "conflicts-report", "labels"  # files of work/


def drop_conflicts(job: Curation, pending: drops.Pending, options: ConflictOptions) -> None:
    """Report, and by the policy drop, rows that contradict each other; see `curation.consistency.conflicts`."""
    config = dataclasses.asdict(options)
    where = {"prompt": options.prompt, "answer": options.answer}
    files = drops.sides(job, pending, "conflicts", where, _side, options)
    reads = [("work", file) for file in files]
    job.carry_out(
        [job.work("conflicts", ["conflicts", config], reads, _decide, files, options)], "conflicts", "decision"
    )
    pending.decisions.append(drops.Decision("conflicts"))


def _side(documents: pl.DataFrame, options: ConflictOptions, threads: int | None) -> pl.DataFrame:
    return conflicts.side(documents, options)


def _decide(shelf: Shelf, files: list[str], options: ConflictOptions) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    found = conflicts.conflicts(side, options)
    paths = (shelf.save(conflicts.decide(side, options), "work", "conflicts"), shelf.save(found, "work", REPORT))
    return Made(paths, {"conflicting": found.height})


def unify_labels(job: Curation, pending: drops.Pending, options: LabelOptions, keep_dropped: bool) -> None:
    """Write labels in their commonest spelling; see `curation.consistency.labels`."""
    config = dataclasses.asdict(options)
    files = drops.sides(job, pending, "labels", list(options.fields), _label_side, options)
    reads = [("work", file) for file in files]
    job.carry_out([job.work("labels", ["labels", config], reads, _spellings, files, options)], "labels", "decisions")
    if options.policy == "edit":
        edits.apply_edit(job, pending, "labels", [config, keep_dropped], [SPELLINGS], _unified,
                         options, keep_dropped)  # fmt: skip


def _label_side(documents: pl.DataFrame, options: LabelOptions, threads: int | None) -> pl.DataFrame:
    return labels.side(documents, options)


def _spellings(shelf: Shelf, files: list[str], options: LabelOptions) -> Made:
    spellings = labels.decide(pl.concat([shelf.load("work", file) for file in files]), options)
    return Made((shelf.save(spellings, "work", SPELLINGS),), {"spellings": spellings.to_dicts()})


def _unified(shelf: Shelf, documents: pl.DataFrame, options: LabelOptions) -> Edited:
    return labels.apply(documents, shelf.load("work", SPELLINGS), options)
