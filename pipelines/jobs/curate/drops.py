"""Global drops: a narrow side table of each partition, one decision over all of them, applied by an anti-join.

Stages follow one another without writing the documents again: `Pending` holds the decisions that are made and not yet
applied, and each stage looks at the rows that those before it left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation import stage, tables

from ...run import Made
from .shelf import Curation, Shelf

QUALITY = "quality.score"  # column of scores/ that a learned model fills
# documents of a partition, options, threads -> narrow frame with doc_id
Side = Callable[[pl.DataFrame, Any, int | None], pl.DataFrame]
Decide = Callable[[pl.DataFrame, Any], pl.DataFrame]  # the side tables of all, options -> schema DROPS


@dataclass
class Pending:
    """The documents as they stand between two stages.

    Attributes:
        source: files of work/ that hold the texts, one a partition.
        parts: names of the partitions, in order.
        date: key of the documents' `meta` by which keep orders know their date, none for no dates.
        decisions: names of decisions (files of work/, schema DROPS) that are to be applied to them, in order.
    """

    source: str
    parts: list[str]
    date: str | None = None
    decisions: list[str] = field(default_factory=list)

    def reads(self, part: str) -> list[tuple[str, str]]:
        """The files that the rows of a partition depend on."""
        return [("work", f"{self.source}-{part}"), *(("work", name) for name in self.decisions)]


def survivors(shelf: Shelf, source: str, part: str, decisions: Sequence[str]) -> pl.DataFrame:
    """The documents of a partition without those that a decision drops."""
    documents = shelf.load("work", f"{source}-{part}")
    for name in decisions:
        gone = shelf.load("work", name, ["doc_id"])
        documents = documents.join(gone, on="doc_id", how="anti", maintain_order="left")
    return documents


def ordered(shelf: Shelf, part: str, documents: pl.DataFrame, date: str | None) -> pl.DataFrame:
    """Documents with the columns that a keep order may name besides their own: `length`, `quality` and `date`.

    `quality` is the learned score where a model gave one, `date` the text of a key of `meta`; else they are null.
    """
    found = pl.lit(None, pl.String) if date is None else pl.col("meta").str.json_path_match(f"$.{date}")
    rows = documents.with_columns(length=pl.col("text").str.len_chars(), date=found)
    if QUALITY not in pl.read_parquet_schema(shelf.folder / shelf.path("scores", part)):
        return rows.with_columns(quality=pl.lit(None, pl.Float64))
    scores = shelf.load("scores", part, ["doc_id", QUALITY]).rename({QUALITY: "quality"})
    return rows.join(scores, on="doc_id", how="left", maintain_order="left")


def sides(job: Curation, pending: Pending, name: str, config: Any, side: Side, options: Any) -> list[str]:
    """Write the side table of each partition; the names of the files in work/."""
    works = [
        job.work(f"{name}-side/{part}", [name, "side", config, pending.date], [*pending.reads(part), ("scores", part)],
                 _side, name, part, pending.source, list(pending.decisions), pending.date, side, options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, f"{name}, side tables")
    return [f"{name}-side-{part}" for part in pending.parts]


def _side(
    shelf: Shelf, name: str, part: str, source: str, decisions: list[str], date: str | None, side: Side, options: Any
) -> Made:  # fmt: skip
    documents = ordered(shelf, part, survivors(shelf, source, part, decisions), date)
    return Made((shelf.save(side(documents, options, shelf.threads), "work", f"{name}-side-{part}"),))


def drop(job: Curation, pending: Pending, name: str, config: Any, side: Side, decide: Decide, options: Any,
         side_config: Any = None) -> None:  # fmt: skip
    """Carry out a global stage: side tables, one decision, which is added to what is pending.

    Args:
        job: the step.
        pending: what the stages before left; changed.
        name: of the stage.
        config: settings of the stage.
        side: makes the side table of a partition.
        decide: decides from all side tables.
        options: passed to both.
        side_config: the part of the settings that the side tables depend on, all of them unless given.
    """
    files = sides(job, pending, name, config if side_config is None else side_config, side, options)
    reads = [("work", file) for file in files]
    job.carry_out([job.work(name, [name, config], reads, _decide, name, files, decide, options)], name, "decisions")
    pending.decisions.append(name)


def _decide(shelf: Shelf, name: str, files: list[str], decide: Decide, options: Any) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    drops = tables.check(decide(side, options), stage.DROPS, "doc_id")
    return Made((shelf.save(drops, "work", name),))


def drop_rows(job: Curation, pending: Pending, name: str, config: Any, decide: Side, options: Any) -> None:
    """Carry out a stage that drops by looking at one partition at a time, such as decontamination."""
    works = [
        job.work(f"{name}-rows/{part}", [name, config], [*pending.reads(part), ("scores", part)], _side, name, part,
                 pending.source, list(pending.decisions), pending.date, decide, options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, name)
    files = [f"{name}-side-{part}" for part in pending.parts]
    reads = [("work", file) for file in files]
    job.carry_out([job.work(name, [name, "all"], reads, _gathered, name, files)], name, "decisions")
    pending.decisions.append(name)


def _gathered(shelf: Shelf, name: str, files: list[str]) -> Made:
    drops = pl.concat([shelf.load("work", file) for file in files]).sort("doc_id")
    return Made((shelf.save(tables.check(drops, stage.DROPS, "doc_id"), "work", name),))


def applied(shelf: Shelf, source: str, part: str, decisions: Sequence[str]) -> stage.Split:
    """The documents of a partition after the decisions, what was dropped, and its ledger rows."""
    documents = shelf.load("work", f"{source}-{part}")
    rows_in, ledgers, dropped = documents.height, [tables.empty(tables.LEDGER)], [tables.empty(tables.DOCUMENTS)]
    for name in decisions:
        split = stage.drop(documents, shelf.load("work", name), name)
        documents = split.kept
        ledgers.append(split.ledger)
        dropped.append(split.dropped)
    ledger = pl.concat(ledgers)
    tables.conserve(f"{shelf.step}/{'+'.join(decisions)}", rows_in, documents.height, ledger.height, 0)
    return stage.Split(documents, pl.concat(dropped), ledger)
