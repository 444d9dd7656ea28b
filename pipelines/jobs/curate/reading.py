"""Read the inputs of a curate step: slices in, normalised partitions and a ledger of what was damaged out."""

import dataclasses
from typing import Any

import polars as pl

from curation import languages, normalise, readers, tables
from curation.errors import InputError

from ...digests import FileDigests
from ...executors import report_progress
from ...progress import track
from ...run import Made, Record, Work
from ...settings import CurateSettings
from .counts import add, by_rule, of_drops
from .shelf import Curation, Shelf

MEGABYTE = 1e6
LANGUAGE = "language.score"  # column of scores/: how sure the language is
TEXT = "text"  # files of work/ that hold the documents as they were read


def options_of(settings: CurateSettings) -> readers.ReadOptions:
    """How a step reads its files."""
    return readers.ReadOptions(
        text_column=settings.text_column,
        source=settings.source,
        max_damaged=settings.max_damaged,
        strict=settings.strict,
        partition_bytes=settings.partition_mb << 20,
        encoding=settings.encoding,
        quote=settings.quote,
        html=settings.html,
        max_page_bytes=settings.max_page_mb << 20,
    )


def read(job: Curation, settings: CurateSettings, slices: list[readers.Slice]) -> list[str]:
    """Read every slice, normalise its partitions and store them; the names of the partitions in order.

    Raises:
        InputError: when a file has more damaged records than the settings allow, or no file has a record.
    """
    options = options_of(settings)
    digests = FileDigests(job.run)
    config = dataclasses.asdict(options)
    works = [
        Work(
            f"{job.step}/read/{number:05d}",
            ["read", piece.to_json(), config],
            (digests.of(piece.path),),
            read_slice,
            (job.shelf, number, piece, options),
        )
        for number, piece in enumerate(slices)
    ]
    megabytes = sum(piece.bytes for piece in slices) / MEGABYTE
    sizes = {work.name: piece.bytes / MEGABYTE for work, piece in zip(works, slices, strict=True)}

    def finished(record: Record) -> None:
        if not job.executor.reports:
            advance(sizes[record.task])

    with track(f"{job.step}: reading", megabytes, "MB") as advance:
        records = job.note(job.run.tasks(works, job.executor, finished, advance))
    counted: dict[str, list[int]] = {}
    for piece, record in zip(slices, records, strict=True):
        seen = counted.setdefault(piece.path, [0, 0])
        seen[0] += record.facts["records"]
        seen[1] += record.facts["damaged"]
    for file, (seen_records, damaged) in counted.items():
        readers.check_damage(file, seen_records, damaged, options)
    if not any(seen for seen, _ in counted.values()):
        others = f", and {len(counted)} such files in all" if len(counted) > 1 else ""
        raise InputError(f"{next(iter(counted))}: found no records{others}, expected at least one")
    return [
        f"{number:05d}-{part:05d}" for number, record in enumerate(records) for part in range(record.facts["parts"])
    ]


def without_records(job: Curation, slices: list[readers.Slice]) -> list[str]:
    """Names of the files that `read` found no record in, sorted."""
    counted = dict.fromkeys((piece.file for piece in slices), 0)
    read = {
        record.task: record.facts["records"] for record in job.records if record.task.startswith(f"{job.step}/read/")
    }
    for number, piece in enumerate(slices):
        counted[piece.file] += read[f"{job.step}/read/{number:05d}"]
    return sorted(file for file, records in counted.items() if not records)


def read_slice(shelf: Shelf, number: int, piece: readers.Slice, options: readers.ReadOptions) -> Made:
    """Read one slice and store each of its partitions."""
    outputs: list[str] = []
    facts: dict[str, Any] = {"parts": 0, "records": 0, "damaged": 0, "characters": 0, "edited": {}, "dropped": {},
                             "stages": {}}  # fmt: skip
    for read in readers.read(piece, options):
        name = f"{number:05d}-{facts['parts']:05d}"
        outputs.extend(_prepare(shelf, name, read, facts))
        facts["parts"] += 1
        report_progress(read.bytes / MEGABYTE)
    return Made(tuple(outputs), facts)


def _prepare(shelf: Shelf, name: str, read: readers.Read, facts: dict[str, Any]) -> list[str]:
    """Normalise a partition as it was read; damaged records and edits go to the ledger."""
    tables.check(read.documents, tables.DOCUMENTS, "doc_id")
    passed_over = read.ledger.filter(pl.col("action") == "drop")
    tables.conserve(f"{shelf.step}/read", read.records, read.documents.height, passed_over.height, 0)
    edited = normalise.normalise(read.documents, normalise.Normalisation())
    tables.conserve(f"{shelf.step}/normalise", read.documents.height, edited.rows.height, 0, 0)
    told = languages.identify(edited.rows["text"])
    rows = edited.rows.with_columns(lang=pl.coalesce("lang", told["lang"]))
    tables.check(rows, tables.DOCUMENTS, "doc_id")
    told = rows.select("doc_id").with_columns(told["lang_score"].alias(LANGUAGE))
    facts["records"] += read.records
    facts["damaged"] += read.damaged
    facts["characters"] += int(rows["text"].str.len_chars().sum())
    add(facts["edited"], by_rule(edited.ledger))
    for fact, counted in of_drops(passed_over).items():
        add(facts[fact], counted)
    ledger = pl.concat([read.ledger, edited.ledger])
    return [
        shelf.save(rows, "work", f"{TEXT}-{name}"),
        shelf.save(told, "work", f"language-{name}"),
        shelf.save(ledger, "ledger", f"read-{name}"),
    ]
