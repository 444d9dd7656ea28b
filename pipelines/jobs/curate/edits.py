"""Edits of texts: row by row, or of spans that only a look at all documents can name."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from curation import stage, tables
from curation.dedup import spans
from curation.dedup.spans import SPANS
from curation.stage import Edited

from ...run import Made
from .counts import by_rule, of_drops
from .drops import Decision, Pending, Side, applied, sides
from .shelf import Curation, Shelf

Edit = Callable[[pl.DataFrame, Any, int | None], Edited]  # documents, options, threads
Edits = Callable[[Shelf, pl.DataFrame, Any], Edited]
DecideSpans = Callable[[pl.DataFrame, Any], pl.DataFrame]  # the side tables of all, options -> schema SPANS


def edit_rows(
    job: Curation, source: str, parts: list[str], name: str, config: Any, edit: Edit, options: Any, keep_dropped: bool
) -> str:
    """Edit the documents of each partition; the name of the files of work/ that hold them then."""
    works = [
        job.work(f"{name}/{part}", [name, config, keep_dropped], [("work", f"{source}-{part}")], _edit_rows, name, part,
                 source, edit, options, keep_dropped)
        for part in parts
    ]  # fmt: skip
    job.carry_out(works, name)
    return f"{name}-text"


def _edit_rows(
    shelf: Shelf, name: str, part: str, source: str, edit: Edit, options: Any, keep_dropped: bool
) -> Made:  # fmt: skip
    documents = shelf.load("work", f"{source}-{part}")
    return _saved(shelf, name, part, documents, edit(documents, options, shelf.threads), tables.empty(tables.LEDGER),
                  tables.empty(tables.DOCUMENTS), keep_dropped)  # fmt: skip


def edit(
    job: Curation, pending: Pending, name: str, config: Any, side: Side, decide: DecideSpans, options: Any,
    keep_dropped: bool,
) -> None:  # fmt: skip
    """Carry out a global edit: side tables, one decision about spans, and the texts written without them."""
    files = sides(job, pending, name, config, side, options)
    decide_spans(job, name, config, files, decide, options)
    take_out(job, pending, name, keep_dropped)


def decide_spans(job: Curation, name: str, config: Any, files: list[str], decide: DecideSpans, options: Any) -> None:
    """One decision about the spans to take out, from side tables (files of work/)."""
    reads = [("work", file) for file in files]
    job.carry_out([job.work(name, [name, config], reads, _decide, name, files, decide, options)], name, "decisions")


def take_out(job: Curation, pending: Pending, name: str, keep_dropped: bool) -> None:
    """Write the texts without the spans of a decision; what is pending is applied with it."""
    apply_edit(job, pending, name, [name, keep_dropped], [name], _without_spans, name, keep_dropped)


def apply_edit(
    job: Curation, pending: Pending, name: str, config: Any, reads: list[str], edit: Edits, options: Any,
    keep_dropped: bool,
) -> None:  # fmt: skip
    """Apply what is pending and edit what is left: afterwards the documents stand in new files.

    Args:
        job: the step.
        pending: what the stages before left; changed.
        name: of the stage.
        config: everything that decides the edit besides the files.
        reads: files of work/ that the edit reads.
        edit: edits the documents of a partition, given the shelf and `options`.
        options: passed to it.
        keep_dropped: whether texts of dropped documents are written.
    """
    works = [
        job.work(f"{name}-apply/{part}", config, [*pending.reads(part), *(("work", file) for file in reads)], _apply,
                 name, part, pending.source, list(pending.decisions), edit, options, keep_dropped)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, f"{name}, writing")
    pending.source, pending.decisions = f"{name}-text", []


def _decide(shelf: Shelf, name: str, files: Sequence[str], decide: DecideSpans, options: Any) -> Made:
    found = decide(pl.concat([shelf.load("work", file) for file in files]), options)
    return Made((shelf.save(tables.check(found, SPANS), "work", name),))


def _apply(
    shelf: Shelf, name: str, part: str, source: str, decisions: list[Decision], edit: Edits, options: Any,
    keep_dropped: bool,
) -> Made:  # fmt: skip
    split = applied(shelf, source, part, decisions)
    edited = edit(shelf, split.kept, options)
    return _saved(shelf, name, part, split.kept, edited, split.ledger, split.dropped, keep_dropped)


def _without_spans(shelf: Shelf, documents: pl.DataFrame, name: str) -> Edited:
    return spans.apply(documents, shelf.load("work", name), name)


def _saved(
    shelf: Shelf, name: str, part: str, before: pl.DataFrame, edited: Edited, ledger: pl.DataFrame,
    dropped: pl.DataFrame, keep_dropped: bool,
) -> Made:  # fmt: skip
    """Write edited documents; those of which nothing is left are dropped, with the text they had."""
    tables.conserve(f"{shelf.step}/{name}", before.height, edited.rows.height, 0, 0)
    emptied = edited.rows.filter((pl.col("text").str.strip_chars() == "") & (before["text"] != pl.col("text")))
    drops = emptied.select("doc_id", rule=pl.lit(f"{name}.nothing_left"))
    split = stage.drop(edited.rows, tables.complete(drops, stage.DROPS), name)
    tables.check(split.kept, tables.DOCUMENTS, "doc_id")
    ledger = pl.concat([ledger, edited.ledger, split.ledger])
    outputs = [shelf.save(split.kept, "work", f"{name}-text-{part}"), shelf.save(ledger, "ledger", f"{name}-{part}")]
    if keep_dropped:
        texts = before.join(emptied, on="doc_id", how="semi", maintain_order="left")
        outputs.append(shelf.save(pl.concat([dropped, texts]), "dropped", f"{name}-{part}"))
    return Made(tuple(outputs), {"edited": by_rule(edited.ledger), **of_drops(ledger)})
