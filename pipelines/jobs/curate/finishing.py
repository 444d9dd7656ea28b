"""Apply the decisions and write the documents of a curate step: whole or in chunks, counted in tokens, exported."""

import dataclasses
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import polars as pl

from curation import chunks, tables, tokens
from curation.chunks import ChunkOptions
from curation.stage import Cut
from curation.tokens import JsonTokenizer
from curation.writers import folder
from curation.writers.options import WriteOptions

from ...run import Made
from ...settings import CurateSettings
from .counts import of_drops
from .drops import Decision, Pending, applied
from .personal import personal_of
from .shelf import Curation, Shelf
from .structuring import make_samples

PART = "part"  # files of documents/


def finish(job: Curation, pending: Pending, settings: CurateSettings) -> None:
    """Write `documents/`, and the ledger and texts of what the last stages dropped.

    Raises:
        InputError: for a tokenizer that is not there, or is none.
    """
    known = None if settings.tokenizer is None else tokens.load(Path(settings.tokenizer)).fingerprint
    cut = None if settings.chunks is None else dataclasses.asdict(settings.chunks)
    config = ["finish", settings.keep_dropped, known, cut]
    works = [
        job.work(f"finish/{part}", config, pending.reads(part), _finish, part, pending.source, list(pending.decisions),
                 settings.keep_dropped, settings.tokenizer, settings.chunks)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "writing documents")
    files = [f"{PART}-{part}" for part in pending.parts]
    if settings.samples is not None:
        make_samples(job, files, settings.samples, personal_of(settings), settings.keep_dropped)
    if settings.export is not None:
        reads = [("documents", file) for file in files]
        written = job.work("export", ["export", dataclasses.asdict(settings.export)], reads, _export, files,
                           settings.export)  # fmt: skip
        job.carry_out([written], "export", "folders")


@lru_cache(1)  # a large vocabulary takes seconds to load; a process keeps it for all it is given
def _tokenizer(path: str) -> JsonTokenizer:
    return tokens.load(Path(path))


def _finish(
    shelf: Shelf, part: str, source: str, decisions: list[Decision], keep_dropped: bool, tokenizer: str | None,
    options: ChunkOptions | None,
) -> Made:  # fmt: skip
    split = applied(shelf, source, part, decisions)
    cut = Cut(split.kept, tables.empty(tables.LEDGER), 0)
    if tokenizer is not None and options is not None:
        cut = chunks.cut(split.kept, _tokenizer(tokenizer), options)
    made = cut.rows.filter(~pl.col("doc_id").is_in(split.kept["doc_id"].implode())).height
    tables.conserve(f"{shelf.step}/chunk", split.kept.height, cut.rows.height - made, 0, cut.consumed)
    tables.check(cut.rows, tables.DOCUMENTS, "doc_id")
    outputs = [
        shelf.save(cut.rows, "documents", f"{PART}-{part}"),
        shelf.save(pl.concat([split.ledger, cut.ledger]), "ledger", f"duplicates-{part}"),
    ]
    if keep_dropped:
        outputs.append(shelf.save(split.dropped, "dropped", f"duplicates-{part}"))
    facts = {"passed": cut.rows.height, "made": made, "consumed": cut.consumed, **of_drops(split.ledger)}
    if options is not None:
        facts["grown"] = {chunks.STAGE: made - cut.consumed}
    if tokenizer is not None:
        counted = tokens.by_source(tokens.counts(cut.rows, _tokenizer(tokenizer)))
        facts["tokens"] = dict(zip(counted["source"], counted["tokens"], strict=True))
    return Made(tuple(outputs), facts)


def _export(shelf: Shelf, files: list[str], options: WriteOptions) -> Made:
    """All documents as a folder for other tools."""
    place = shelf.folder / "export" / shelf.step
    shutil.rmtree(place, ignore_errors=True)  # of other documents or in another form

    def frames() -> Iterator[pl.DataFrame]:
        for file in files:
            yield shelf.load("documents", file)

    folder.write(frames(), place, options)
    written = sorted(path for path in place.rglob("*") if path.is_file())
    return Made(tuple(str(path.relative_to(shelf.folder)) for path in written), {"exported": len(written)})
