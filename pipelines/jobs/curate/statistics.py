"""Decisions by the numbers of a corpus: outliers of scores, and shares brought to a target."""

import dataclasses
from typing import Any

import polars as pl

from curation import diversity, outliers
from curation.diversity import DiversityOptions
from curation.outliers import OutlierOptions

from ...run import Made
from . import drops
from .shelf import Curation, Shelf

BOUNDS, SHARES, REPEATS = (
    "outlier-bounds",
    "diversity-shares",
    "diversity-repeats",
)  # files of work/


def drop_outliers(job: Curation, pending: drops.Pending, options: OutlierOptions) -> None:
    """Drop documents whose scores lie far from those of their language and source; see `curation.outliers`."""
    config = dataclasses.asdict(options)
    works = [
        job.work(f"outliers-side/{part}", ["outliers", list(options.scores)], [*pending.reads(part), ("scores", part)],
                 _outlier_side, part, pending.source, list(pending.decisions), options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "outliers, side tables")
    files = [f"outliers-side-{part}" for part in pending.parts]
    _decide(job, pending, "outliers", config, files, _decide_outliers, options)


def _outlier_side(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], options: OutlierOptions
) -> Made:
    documents = drops.survivors(shelf, source, part, decisions)
    side = outliers.side(documents, shelf.load("scores", part), options)
    return Made((shelf.save(side, "work", f"outliers-side-{part}"),))


def _decide_outliers(shelf: Shelf, files: list[str], options: OutlierOptions) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    bounds = outliers.bounds(side, options)
    paths = (shelf.save(outliers.decide(side, bounds, options), "work", "outliers"), shelf.save(bounds, "work", BOUNDS))
    return Made(paths, {"bounds": bounds.to_dicts()})


def balance(job: Curation, pending: drops.Pending, options: DiversityOptions, topics: list[str] | None) -> None:
    """Bring shares by language, source and topic to their targets; see `curation.diversity`.

    Args:
        job: the step.
        pending: what the stages before left; changed.
        options: the targets.
        topics: files of work/ with `doc_id` and `cluster_id`, one a partition; none without clusters.
    """
    config = dataclasses.asdict(options)
    works = []
    for number, part in enumerate(pending.parts):
        clusters = None if topics is None else topics[number]
        reads = [*pending.reads(part), ("scores", part), *([("work", clusters)] if clusters else [])]
        works.append(
            job.work(f"diversity-side/{part}", ["diversity", list(options.keep), pending.date], reads, _diversity_side,
                     part, pending.source, list(pending.decisions), pending.date, options, clusters)
        )  # fmt: skip
    job.carry_out(works, "diversity, side tables")
    files = [f"diversity-side-{part}" for part in pending.parts]
    _decide(job, pending, "diversity", config, files, _balance, options)


def _diversity_side(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], date: str | None, options: DiversityOptions,
    clusters: str | None,
) -> Made:  # fmt: skip
    documents = drops.ordered(shelf, part, drops.survivors(shelf, source, part, decisions), date)
    topics = None if clusters is None else shelf.load("work", clusters, ["doc_id", "cluster_id"])
    return Made((shelf.save(diversity.side(documents, options, topics), "work", f"diversity-side-{part}"),))


def _balance(shelf: Shelf, files: list[str], options: DiversityOptions) -> Made:
    balanced = diversity.balance(pl.concat([shelf.load("work", file) for file in files]), options)
    paths = (
        shelf.save(balanced.drops, "work", "diversity"),
        shelf.save(balanced.shares, "work", SHARES),
        shelf.save(balanced.repeats, "work", REPEATS),
    )
    return Made(paths, {"shares": balanced.shares.to_dicts()})


def _decide(
    job: Curation, pending: drops.Pending, name: str, config: Any, files: list[str], decide: Any, options: Any
) -> None:  # fmt: skip
    reads = [("work", file) for file in files]
    job.carry_out([job.work(name, [name, config], reads, decide, files, options)], name, "decisions")
    pending.decisions.append(drops.Decision(name))
