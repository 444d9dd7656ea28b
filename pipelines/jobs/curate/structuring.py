"""Structure that texts have: documents cut into others before the rules see them, or made into samples at the end."""

import dataclasses
from collections.abc import Callable
from typing import Any

import polars as pl

from curation import fields, normalise, tables
from curation.normalise import Normalisation
from curation.stage import Cut, Edited
from curation.structure import ColumnOptions, columns, dialogue, faq, html_tables, sections
from curation.structure.parts import Sampled

from ...run import Made
from ...settings import SampleSettings, StructureSettings
from .counts import of_drops
from .personal import Personal
from .shelf import Curation, Shelf

DOCUMENTS: dict[str, Callable[[pl.DataFrame, Any], Cut]] = {
    "html_tables": html_tables.documents,
    "sections": sections.documents,
    "faq": faq.documents,
    "dialogue": dialogue.documents,
    "columns": columns.documents,
}
SAMPLES: dict[str, Callable[[pl.DataFrame, Any], Sampled]] = {
    "faq": faq.samples,
    "dialogue": dialogue.samples,
    "columns": columns.samples,
}
STRUCTURE = "structure"


def cut(job: Curation, source: str, parts: list[str], settings: StructureSettings, keep_dropped: bool) -> str:
    """Cut the documents of each partition by their structure; the name of the files of work/ that hold them then."""
    form, options = settings.chosen()
    config = [STRUCTURE, form, dataclasses.asdict(options), keep_dropped]
    works = [
        job.work(f"{STRUCTURE}/{part}", config, [("work", f"{source}-{part}")], _cut, part, source, form, options,
                 keep_dropped)
        for part in parts
    ]  # fmt: skip
    job.carry_out(works, "structure")
    return f"{STRUCTURE}-text"


def _cut(shelf: Shelf, part: str, source: str, form: str, options: Any, keep_dropped: bool) -> Made:
    documents = shelf.load("work", f"{source}-{part}")
    edited = _normalised(documents, options)
    found = DOCUMENTS[form](edited.rows, options)
    tables.check(found.rows, tables.DOCUMENTS, "doc_id")
    made = found.rows.filter(~pl.col("doc_id").is_in(documents["doc_id"].implode())).height
    drops = found.ledger.filter(pl.col("action") == "drop")
    tables.conserve(STRUCTURE, documents.height, found.rows.height - made, drops.height, found.consumed)
    outputs = [
        shelf.save(found.rows, "work", f"{STRUCTURE}-text-{part}"),
        shelf.save(pl.concat([edited.ledger, found.ledger]), "ledger", f"{STRUCTURE}-{part}"),
    ]
    if keep_dropped:
        gone = documents.join(drops, left_on="doc_id", right_on="row_id", how="semi", maintain_order="left")
        outputs.append(shelf.save(gone, "dropped", f"{STRUCTURE}-{part}"))
    return Made(
        tuple(outputs),
        {
            "made": made,
            "consumed": found.consumed,
            "grown": {STRUCTURE: made - found.consumed},
            **of_drops(found.ledger),
        },
    )


def _normalised(documents: pl.DataFrame, options: Any) -> Edited:
    """Documents whose fields that become text are normalised, as texts were when they were read."""
    if not isinstance(options, ColumnOptions):
        return Edited(documents, tables.empty(tables.LEDGER))
    return fields.edit(documents, options.names, lambda rows: normalise.normalise(rows, Normalisation()))


def make_samples(
    job: Curation, files: list[str], settings: SampleSettings, personal: Personal, keep_dropped: bool
) -> None:
    """Make samples of the documents that a step wrote, and a ledger of those that gave none.

    Fields of `meta` that become text are normalised and their personal data replaced, as was done to texts.
    """
    form, options = settings.chosen()
    config = ["samples", form, dataclasses.asdict(options), *personal.config, keep_dropped]
    works = [
        job.work(f"samples/{file}", config, [("documents", file)], _samples, file, form, options, personal,
                 keep_dropped)
        for file in files
    ]  # fmt: skip
    job.carry_out(works, "samples")


def _samples(shelf: Shelf, file: str, form: str, options: Any, personal: Personal, keep_dropped: bool) -> Made:
    documents = shelf.load("documents", file)
    normal = _normalised(documents, options)
    names = options.names if isinstance(options, ColumnOptions) else ()
    clean = fields.edit(normal.rows, names, personal.replace)
    found = SAMPLES[form](clean.rows, options)
    edits = pl.concat([normal.ledger, clean.ledger])
    tables.check(found.rows, tables.samples_schema("prompt_completion"), "sample_id")
    drops = found.ledger.filter(pl.col("action") == "drop")
    tables.conserve("samples", documents.height, 0, drops.height, found.consumed)
    outputs = [
        shelf.save(found.rows, "samples", file),
        shelf.save(pl.concat([edits, found.ledger]), "ledger", f"samples-{file}"),
    ]
    if keep_dropped:
        gone = documents.join(drops, left_on="doc_id", right_on="row_id", how="semi", maintain_order="left")
        outputs.append(shelf.save(gone, "dropped", f"samples-{file}"))
    return Made(tuple(outputs), {"samples": found.rows.height, **of_drops(found.ledger)})
