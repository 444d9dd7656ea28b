"""Structure that texts have: documents cut into others before the rules see them, or made into samples at the end."""

import dataclasses
from collections.abc import Callable
from typing import Any

import polars as pl

from curation import tables
from curation.stage import Cut
from curation.structure import columns, dialogue, faq, html_tables, sections
from curation.structure.parts import Sampled

from ...run import Made
from ...settings import SampleSettings, StructureSettings
from .counts import of_drops
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
    found = DOCUMENTS[form](documents, options)
    tables.check(found.rows, tables.DOCUMENTS, "doc_id")
    made = found.rows.filter(~pl.col("doc_id").is_in(documents["doc_id"].implode())).height
    drops = found.ledger.filter(pl.col("action") == "drop")
    tables.conserve(STRUCTURE, documents.height, found.rows.height - made, drops.height, found.consumed)
    outputs = [
        shelf.save(found.rows, "work", f"{STRUCTURE}-text-{part}"),
        shelf.save(found.ledger, "ledger", f"{STRUCTURE}-{part}"),
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


def make_samples(job: Curation, files: list[str], settings: SampleSettings, keep_dropped: bool) -> None:
    """Make samples of the documents that a step wrote, and a ledger of those that gave none."""
    form, options = settings.chosen()
    config = ["samples", form, dataclasses.asdict(options), keep_dropped]
    works = [
        job.work(f"samples/{file}", config, [("documents", file)], _samples, file, form, options, keep_dropped)
        for file in files
    ]
    job.carry_out(works, "samples")


def _samples(shelf: Shelf, file: str, form: str, options: Any, keep_dropped: bool) -> Made:
    documents = shelf.load("documents", file)
    found = SAMPLES[form](documents, options)
    tables.check(found.rows, tables.samples_schema("prompt_completion"), "sample_id")
    drops = found.ledger.filter(pl.col("action") == "drop")
    tables.conserve("samples", documents.height, 0, drops.height, found.consumed)
    outputs = [shelf.save(found.rows, "samples", file), shelf.save(found.ledger, "ledger", f"samples-{file}")]
    if keep_dropped:
        gone = documents.join(drops, left_on="doc_id", right_on="row_id", how="semi", maintain_order="left")
        outputs.append(shelf.save(gone, "dropped", f"samples-{file}"))
    return Made(tuple(outputs), {"samples": found.rows.height, **of_drops(found.ledger)})
