import datasets
import polars as pl

from curation import tables
from pipelines.demo.main import MODEL
from pipelines.jobs.curate.counts import funnel
from pipelines.jobs.curate.finishing import finish
from pipelines.settings import CurateSettings

TEXTS = ["One sentence stands here. Another one follows it. And a third.", "Short.", "What is this? It is a text."]


def read(job, top: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((job.run.folder / top).rglob("*.parquet"))])


def test_documents_are_written_as_they_are(step):
    job, pending = step(TEXTS)
    finish(job, pending, CurateSettings(inputs=("x",)))
    assert read(job, "documents")["text"].to_list() == TEXTS
    facts = funnel(job.records, [])
    assert (facts["passed"], facts["made"], facts["consumed"], facts["tokens"]) == (3, 0, 0, {})


def test_chunks_name_their_document_count_their_tokens_and_rebuild_the_text(step):
    job, pending = step(TEXTS)
    settings = CurateSettings.model_validate({"inputs": ["x"], "tokenizer": str(MODEL), "chunks": {"tokens": 24}})
    finish(job, pending, settings)
    rows = read(job, "documents")
    parts = rows.filter(pl.col("parents").list.first() == "00")
    assert parts.height > 1 and "".join(parts["text"]) == TEXTS[0]
    facts = funnel(job.records, [])
    assert facts["passed"] == rows.height and facts["made"] == rows.filter(pl.col("parents").list.len() > 0).height
    assert facts["consumed"] + rows.filter(pl.col("parents").list.len() == 0).height == 3
    assert set(read(job, "ledger")["action"]) == {"split"} and facts["tokens"]["s"] > 24


def test_the_export_is_loaded_by_datasets_and_replaced_by_the_next(step):
    job, pending = step(TEXTS)
    for form in ("jsonl", "datasets"):
        finish(job, pending, CurateSettings.model_validate({"inputs": ["x"], "export": {"format": form}}))
    folder = job.run.folder / "export/c"
    assert not list(folder.rglob("*.jsonl"))
    loaded = datasets.load_dataset(str(folder), split="train")
    assert loaded["text"][:] == TEXTS and loaded.column_names == tables.DOCUMENTS.names()
