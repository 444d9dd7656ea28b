"""Global drops: a narrow side table of each partition, one decision over all of them, applied by an anti-join.

Stages follow one another without writing the documents again: `Pending` holds the decisions that are made and not yet
applied, and each stage looks at the rows that those before it left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation import stage, tables
from curation.review import answers

from ...run import Made
from .shelf import OVERRIDES, Curation, Shelf

REVIEW = "review"  # the stage in which people decide
QUALITY = "quality.score"  # column of scores/ that a learned model fills
# documents of a partition, options, threads -> narrow frame with doc_id
Side = Callable[[pl.DataFrame, Any, int | None], pl.DataFrame]
Decide = Callable[[pl.DataFrame, Any], pl.DataFrame]  # the side tables of all, options -> schema DROPS


@dataclass(frozen=True)
class Decision:
    """Documents to drop, schema DROPS, in files of work/.

    Attributes:
        name: of the stage that decided.
        by_part: whether each partition has a file of its own; else one file has all.
    """

    name: str
    by_part: bool = False

    def file(self, part: str) -> str:
        """Name of the file that concerns a partition."""
        return f"{self.name}-drops-{part}" if self.by_part else self.name


@dataclass
class Pending:
    """The documents as they stand between two stages.

    Attributes:
        source: files of work/ that hold the texts, one a partition.
        parts: names of the partitions, in order.
        date: key of the documents' `meta` by which keep orders know their date, none for no dates.
        decisions: what is to be applied to them, in order.
        embedded: the source when vectors were last made ready, none before; see `vectors.ready`.
    """

    source: str
    parts: list[str]
    date: str | None = None
    decisions: list[Decision] = field(default_factory=list)
    embedded: str | None = None

    def reads(self, part: str) -> list[tuple[str, str]]:
        """The files that the rows of a partition depend on."""
        return [("work", f"{self.source}-{part}"), *(("work", decision.file(part)) for decision in self.decisions)]


def survivors(shelf: Shelf, source: str, part: str, decisions: Sequence[Decision]) -> pl.DataFrame:
    """The documents of a partition without those that a decision drops."""
    documents = shelf.load("work", f"{source}-{part}")
    spared = shelf.overrides().filter(pl.col("decision") == "keep")
    for decision in decisions:
        gone = shelf.load("work", decision.file(part), ["doc_id"]).join(spared, on="doc_id", how="anti")
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
    shelf: Shelf, name: str, part: str, source: str, decisions: list[Decision], date: str | None, side: Side,
    options: Any,
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
    pending.decisions.append(Decision(name))


def _decide(shelf: Shelf, name: str, files: list[str], decide: Decide, options: Any) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    drops = tables.check(decide(side, options), stage.DROPS, "doc_id")
    return Made((shelf.save(drops, "work", name),))


def drop_rows(job: Curation, pending: Pending, name: str, config: Any, decide: Side, options: Any) -> None:
    """Carry out a stage that drops by looking at one partition at a time, such as decontamination."""
    works = [
        job.work(f"{name}-rows/{part}", [name, config, pending.date], [*pending.reads(part), ("scores", part)],
                 _decide_rows, name, part, pending.source, list(pending.decisions), pending.date, decide, options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, name)
    pending.decisions.append(Decision(name, by_part=True))


def _decide_rows(
    shelf: Shelf, name: str, part: str, source: str, decisions: list[Decision], date: str | None, decide: Side,
    options: Any,
) -> Made:  # fmt: skip
    documents = ordered(shelf, part, survivors(shelf, source, part, decisions), date)
    found = tables.check(decide(documents, options, shelf.threads), stage.DROPS, "doc_id")
    return Made((shelf.save(found, "work", Decision(name, by_part=True).file(part)),))


def drop_reviewed(job: Curation, pending: Pending) -> None:
    """Drop what people drop, whatever the stages say."""
    decide = job.work(REVIEW, [REVIEW], [("work", OVERRIDES)], _reviewed)
    job.carry_out([decide], "review", "decisions")
    pending.decisions.append(Decision(REVIEW))


def _reviewed(shelf: Shelf) -> Made:
    return Made((shelf.save(answers.to_drops(shelf.overrides()), "work", REVIEW),))


def applied(shelf: Shelf, source: str, part: str, decisions: Sequence[Decision]) -> stage.Split:
    """The documents of a partition after the decisions, what was dropped, and its ledger rows."""
    documents = shelf.load("work", f"{source}-{part}")
    rows_in, ledgers, dropped = documents.height, [tables.empty(tables.LEDGER)], [tables.empty(tables.DOCUMENTS)]
    for decision in decisions:
        split = stage.drop(documents, shelf.load("work", decision.file(part)), decision.name)
        if decision.name != REVIEW:
            split = answers.spare(documents, split, shelf.overrides())
        documents = split.kept
        ledgers.append(split.ledger)
        dropped.append(split.dropped)
    ledger, gone = pl.concat(ledgers), pl.concat(dropped)
    names = "+".join(decision.name for decision in decisions)
    tables.conserve(f"{shelf.step}/{names}", rows_in, documents.height, gone.height, 0)
    return stage.Split(documents, gone, ledger)
