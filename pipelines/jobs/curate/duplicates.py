"""Exact and near duplicates over all partitions."""

import polars as pl

from curation import stage, tables
from curation.dedup import exact, minhash, order
from curation.dedup.minhash import MinHashOptions

from ...run import Made
from ...settings import ExactSettings, MinHashSettings
from . import drops
from .shelf import Curation, Shelf


def drop_exact(job: Curation, pending: drops.Pending, settings: ExactSettings) -> None:
    """Keep the first, in keep order, of the documents with equal texts."""
    drops.drop(job, pending, "exact", settings.model_dump(mode="json"), exact_side, exact_decide, settings.keep)


def exact_side(documents: pl.DataFrame, keep: tuple[str, ...], threads: int | None) -> pl.DataFrame:
    """Keys of a partition beside the columns of the keep order."""
    columns = [name for name in order.columns(keep) if name != "doc_id"]
    return exact.keys(documents).hstack(documents.select(columns))


def exact_decide(side: pl.DataFrame, keep: tuple[str, ...]) -> pl.DataFrame:
    """Decisions about exact duplicates, schema DROPS."""
    decided = exact.decide(side, keep)
    return tables.complete(decided.with_columns(rule=pl.lit("duplicate.exact"), threshold=pl.lit(1.0),
                                                value=pl.col("similarity")), stage.DROPS)  # fmt: skip


def options_of(settings: MinHashSettings) -> MinHashOptions:
    """Options of near dedup from a recipe's settings."""
    return MinHashOptions(
        threshold=settings.threshold,
        bands=settings.bands,
        rows=settings.rows,
        seed=settings.seed,
        keep_order=settings.keep,
    )


def drop_near(job: Curation, pending: drops.Pending, settings: MinHashSettings) -> None:
    """Keep, of near duplicates, those that resemble no kept one; see `curation.dedup.verify`."""
    options, config = options_of(settings), settings.model_dump(mode="json")
    sketched = {name: value for name, value in config.items() if name != "threshold"}
    files = drops.sides(job, pending, "minhash", sketched, minhash.sketch, options)
    reads = [("work", file) for file in files]
    arguments = (files, pending.source, list(pending.parts), list(pending.decisions), options)
    job.carry_out([job.work("minhash", ["minhash", config], reads, _decide_near, *arguments)], "minhash", "decisions")
    pending.decisions.append("minhash")


def _decide_near(
    shelf: Shelf, files: list[str], source: str, parts: list[str], decisions: list[str], options: MinHashOptions
) -> Made:
    side = pl.concat([shelf.load("work", file) for file in files])
    candidates = minhash.components(side, options)
    chosen = candidates.select("doc_id")
    sets = []
    for part in parts:
        documents = drops.survivors(shelf, source, part, decisions)
        documents = documents.join(chosen, on="doc_id", how="semi", maintain_order="left")
        sets.append(minhash.shingle_sets(documents, options, shelf.threads))
    decided = minhash.verify(side, candidates, pl.concat(sets), options)
    rows = decided.with_columns(
        rule=pl.lit("duplicate.minhash"), threshold=pl.lit(options.threshold), value=pl.col("similarity")
    )
    return Made((shelf.save(tables.complete(rows, stage.DROPS), "work", "minhash"),))
