"""Passages that occur elsewhere already, taken out: prints of all, then text around those that occur twice."""

import polars as pl

from curation.dedup import substring
from curation.dedup.substring import SubstringOptions

from ...run import Made
from . import drops, edits
from .shelf import Curation, Shelf

NAME, PRINTS = "substring", "substring-prints"


def take_out(job: Curation, pending: drops.Pending, options: SubstringOptions, keep_dropped: bool) -> None:
    """Take repeated passages out of the documents; see `curation.dedup.substring`."""
    deciding = {"length": options.length, "within_documents": options.within_documents}
    keep = list(options.keep_order)
    prints = drops.sides(job, pending, NAME, {"length": options.length}, substring.sketch, options)
    reads = [("work", file) for file in prints]
    job.carry_out([job.work(PRINTS, [PRINTS], reads, _repeated, prints)], "substring, prints", "decisions")
    works = [
        job.work(f"substring-regions/{part}", ["regions", options.length, keep, pending.date],
                 [*pending.reads(part), ("work", PRINTS), ("work", f"{NAME}-side-{part}"), ("scores", part)], _regions,
                 part, pending.source, list(pending.decisions), pending.date, options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "substring, passages")
    files = [f"substring-regions-{part}" for part in pending.parts]
    edits.decide_spans(job, NAME, [deciding, keep], files, substring.decide, options)
    edits.take_out(job, pending, NAME, keep_dropped)


def _repeated(shelf: Shelf, files: list[str]) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    return Made((shelf.save(substring.repeated(side).to_frame(), "work", PRINTS),))


def _regions(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], date: str | None, options: SubstringOptions
) -> Made:  # fmt: skip
    prints = shelf.load("work", PRINTS).to_series()
    concerned = substring.concerned(shelf.load("work", f"{NAME}-side-{part}"), prints)
    documents = drops.survivors(shelf, source, part, decisions)
    documents = documents.filter(pl.col("doc_id").is_in(concerned.implode()))
    regions = substring.candidates(drops.ordered(shelf, part, documents, date), prints, options, shelf.threads)
    return Made((shelf.save(regions, "work", f"substring-regions-{part}"),))
