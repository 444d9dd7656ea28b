"""A part of the documents chosen for what it covers: quotas of clusters, coverage of all, the best, at random."""

import polars as pl

from curation import stage, tables
from curation.embedding import vectors as tables_of_vectors
from curation.errors import InputError
from curation.selection import decide

from ...run import Made
from ...settings.embedding import EmbeddingSettings
from ...settings.topics import SelectionSettings
from . import centres, drops, vectors
from .shelf import Curation, Shelf

STAGE = "selection"


def select(job: Curation, pending: drops.Pending, settings: SelectionSettings, embedding: EmbeddingSettings) -> None:
    """Keep a number or a share of what is left; see `curation.selection.decide`.

    Wants `vectors.ready` before it where the method looks at vectors (`settings.by_vectors`).
    """
    known: list[str] | None = None
    if settings.by_vectors:
        known = [*vectors.learned(job), centres.learn(job, STAGE, settings.clusters, settings.seed)]
    columns = decide.METHODS[settings.method]
    scored = settings.score if "score" in columns else None
    works = [
        job.work(f"{STAGE}-side/{part}", [STAGE, known, list(columns), scored],
                 [*pending.reads(part), *_reads(pending, part, settings, embedding), ("scores", part)], _side, part,
                 pending.source, list(pending.decisions), settings, embedding)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, f"{STAGE}, side tables")
    files = [f"{STAGE}-side-{part}" for part in pending.parts]
    reads = [("work", file) for file in files]
    config = settings.model_dump(mode="json")
    job.carry_out([job.work(STAGE, [STAGE, config], reads, _decide, files, settings)], STAGE, "decisions")
    pending.decisions.append(drops.Decision(STAGE))


def _reads(
    pending: drops.Pending, part: str, settings: SelectionSettings, embedding: EmbeddingSettings
) -> list[tuple[str, str]]:
    return vectors.reads(pending, part, embedding) if settings.by_vectors else []


def _side(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], settings: SelectionSettings,
    embedding: EmbeddingSettings,
) -> Made:  # fmt: skip
    documents = drops.survivors(shelf, source, part, decisions)
    columns = decide.METHODS[settings.method]
    side = documents.select("doc_id")
    if settings.by_vectors:
        points = vectors.embedded(shelf, documents, embedding, source, part)
        side = centres.assigned(shelf, STAGE, documents["doc_id"], points)
        side = side.with_columns(tables_of_vectors.table(side["doc_id"], points)["vector"])
    elif "score" in columns:
        side = side.join(_scores(shelf, part, settings.score), on="doc_id", how="left", maintain_order="left")
    return Made((shelf.save(side.select("doc_id", *columns), "work", f"{STAGE}-side-{part}"),))


def _scores(shelf: Shelf, part: str, name: str) -> pl.DataFrame:
    known = pl.read_parquet_schema(shelf.folder / shelf.path("scores", part))
    if name not in known:
        there = ", ".join(column for column in known if column != "doc_id")
        raise InputError(f"selection.score: found {name!r}, expected one of {there or 'no scores, there are none'}")
    return shelf.load("scores", part, ["doc_id", name]).select("doc_id", score=pl.col(name).cast(pl.Float64))


def _decide(shelf: Shelf, files: list[str], settings: SelectionSettings) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    found = tables.check(decide.decide(side, settings.options()), stage.DROPS, "doc_id")
    return Made((shelf.save(found, "work", STAGE),))
