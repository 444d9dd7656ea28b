"""Exact and near duplicates over all partitions, in memory bounded by narrow columns and not by texts.

Side tables stay in their files and are read a few columns at a time; what is decided is written for each partition.
"""

from functools import partial
from typing import Any

import polars as pl

from curation.dedup import candidates, copies, exact, order, signatures, verify
from curation.dedup.signatures import MinHashOptions

from ...run import Made
from ...settings import ExactSettings, MinHashSettings
from . import drops
from .shelf import Curation, Shelf

EXACT, NEAR = "exact", "minhash"


def drop_exact(job: Curation, pending: drops.Pending, settings: ExactSettings) -> None:
    """Keep the first, in keep order, of the documents with equal texts."""
    config = settings.model_dump(mode="json")
    files = drops.sides(job, pending, EXACT, config, _exact_side, settings)
    reads = [("work", file) for file in files]
    found = job.work(f"{EXACT}-copies", [EXACT, config], reads, _find_copies, list(pending.parts), files, settings.keep)
    job.carry_out([found], "exact duplicates", "decisions")
    works = [
        job.work(f"{EXACT}/{part}", [EXACT], [("work", f"{EXACT}-copies-{part}"), ("work", f"{EXACT}-kept"),
                 ("work", file)], _drop_copies, part, file)
        for part, file in zip(pending.parts, files, strict=True)
    ]  # fmt: skip
    job.carry_out(works, "exact duplicates, decisions")
    pending.decisions.append(drops.Decision(EXACT, by_part=True))


def _exact_side(documents: pl.DataFrame, settings: ExactSettings, threads: int | None) -> pl.DataFrame:
    """Keys of a partition; of the texts and the fields that must be equal too, told apart by a control character."""
    rows = documents
    if settings.fields:
        found = [pl.col("meta").str.json_path_match(f"$['{name}']").fill_null("") for name in settings.fields]
        rows = rows.with_columns(text=pl.concat_str("text", *found, separator="\x1e"))
    return exact.side(rows, settings.keep, threads)


def _load(shelf: Shelf, files: list[str], number: int, columns: list[str]) -> pl.DataFrame:
    return shelf.load("work", files[number], columns)


def _find_copies(shelf: Shelf, parts: list[str], files: list[str], keep: tuple[str, ...]) -> Made:
    found = copies.find(partial(_load, shelf, files), len(files), exact.KEY, keep)
    outputs = [shelf.save(found.kept, "work", f"{EXACT}-kept")]
    for number, part in enumerate(parts):
        rows = pl.DataFrame({"first": found.part(number)}).with_columns(start=pl.lit(int(found.starts[number])))
        outputs.append(shelf.save(rows, "work", f"{EXACT}-copies-{part}"))
    return Made(tuple(outputs))


def _drop_copies(shelf: Shelf, part: str, file: str) -> Made:
    rows = shelf.load("work", f"{EXACT}-copies-{part}")
    start = int(rows["start"][0]) if rows.height else 0
    documents, kept = shelf.load("work", file, ["doc_id"]), shelf.load("work", f"{EXACT}-kept")
    found = exact.drops(documents, rows["first"].to_numpy(), start, kept)
    return Made((shelf.save(found, "work", f"{EXACT}-drops-{part}"),))


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
    """Keep, of near duplicates, those that resemble no kept one; see `curation.dedup.candidates`."""
    options, config = options_of(settings), settings.model_dump(mode="json")
    sketched = {name: value for name, value in config.items() if name not in ("threshold", "keep")}
    sketched["columns"] = order.columns(options.keep_order)
    files = drops.sides(job, pending, NEAR, sketched, signatures.sketch, options)
    reads = [("work", file) for file in files]
    planned = job.work(f"{NEAR}-plan", ["plan", config], reads, _plan, list(pending.parts), files, options)
    (record,) = job.carry_out([planned], "near duplicates, candidates", "decisions")
    arguments = (pending.source, list(pending.decisions), options)
    works = [
        job.work(f"{NEAR}-rows/{part}", ["rows"],
                 [*pending.reads(part), ("work", file), ("work", f"{NEAR}-part-{part}")], _rows, part, file, *arguments)
        for part, file in zip(pending.parts, files, strict=True)
    ]  # fmt: skip
    job.carry_out(works, "near duplicates, shingles")
    rows = [f"{NEAR}-rows-{part}" for part in pending.parts]
    shards = [
        job.work(f"{NEAR}-shard/{shard:05d}", ["shard", config], [("work", file) for file in rows], _shard, shard, rows,
                 options)
        for shard in range(record.facts["shards"])
    ]  # fmt: skip
    job.carry_out(shards, "near duplicates, comparing", "shards")
    found = [f"{NEAR}-found-{shard:05d}" for shard in range(record.facts["shards"])]
    known = [("work", f"{NEAR}-kept"), *(("work", file) for file in found)]
    works = [
        job.work(f"{NEAR}/{part}", [NEAR, config], [*known, ("work", file), ("work", f"{NEAR}-part-{part}")],
                 _drop_near, part, file, found, options)
        for part, file in zip(pending.parts, files, strict=True)
    ]  # fmt: skip
    job.carry_out(works, "near duplicates, decisions")
    pending.decisions.append(drops.Decision(NEAR, by_part=True))


def _plan(shelf: Shelf, parts: list[str], files: list[str], options: MinHashOptions) -> Made:
    plan = candidates.plan(partial(_load, shelf, files), len(files), options)
    outputs = [shelf.save(plan.kept, "work", f"{NEAR}-kept")]
    outputs += [shelf.save(plan.part(number), "work", f"{NEAR}-part-{part}") for number, part in enumerate(parts)]
    return Made(tuple(outputs), {"shards": plan.shards})


def _rows(
    shelf: Shelf, part: str, file: str, source: str, decisions: list[drops.Decision], options: MinHashOptions
) -> Made:  # fmt: skip
    documents = drops.survivors(shelf, source, part, decisions).select("doc_id", "text")
    side, planned = shelf.load("work", file), shelf.load("work", f"{NEAR}-part-{part}")
    rows = candidates.rows(documents, side, planned, options, shelf.threads)
    return Made((shelf.save(rows, "work", f"{NEAR}-rows-{part}"),))


def _shard(shelf: Shelf, shard: int, files: list[str], options: MinHashOptions) -> Made:
    wanted: Any = pl.col("shard") == shard
    parts = [pl.scan_parquet(shelf.folder / shelf.path("work", file)).filter(wanted).collect() for file in files]
    found = verify.decide_shard(pl.concat(parts), options)
    return Made((shelf.save(found, "work", f"{NEAR}-found-{shard:05d}"),))


def _drop_near(shelf: Shelf, part: str, file: str, found: list[str], options: MinHashOptions) -> Made:
    documents, planned = shelf.load("work", file, ["doc_id"]), shelf.load("work", f"{NEAR}-part-{part}")
    # Of a row with the same shingles as another, what became of that one decides, wherever it is.
    wanted = pl.concat([planned["row"], planned["first"]]).unique().to_frame("row").lazy()
    paths = [shelf.folder / shelf.path("work", name) for name in found]
    parts = [pl.scan_parquet(path).join(wanted, on="row", how="semi").collect() for path in paths]
    rows = pl.concat([pl.DataFrame(schema=verify.FOUND), *parts])
    decided = candidates.drops(documents, planned, shelf.load("work", f"{NEAR}-kept"), rows, options)
    return Made((shelf.save(decided, "work", f"{NEAR}-drops-{part}"),))
