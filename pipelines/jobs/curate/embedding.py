"""Vectors that a model makes of the documents, one file a partition, kept with the run.

A language model runs in a process of its own, loaded once for all partitions that have no vectors yet; static vectors
need none. A partition is embedded whole and in order, so what a run that was killed makes again is the same.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from curation.embedding.vectors import matrix, of_embedder, table

from ...executors import Executor
from ...progress import Advance, waiting
from ...run import Made, Work
from ...settings.embedding import EmbeddingSettings
from ..engine import called
from . import drops
from .asking import ModelChild, model_there, opened
from .shelf import Curation, Shelf

if TYPE_CHECKING:
    from synth.engines.embedding import EmbeddingEngine


def file(source: str, part: str) -> str:
    """Name of the file of work/ with the vectors of a partition of documents: `doc_id`, `vector`."""
    return f"vectors-{source}-{part}"


def embed(job: Curation, pending: drops.Pending, settings: EmbeddingSettings) -> None:
    """Embed what is left of every partition; texts that are as they were when last embedded keep their vectors.

    Raises:
        InputError: for a model that is not there or cannot be used, or a text that it cannot embed.
    """
    config = ["vectors", _identity(job, settings)]
    before = pending.embedded
    works = []
    for part in pending.parts:
        reads = pending.reads(part)
        if before is not None:
            reads = [*reads, ("work", f"{before}-{part}"), ("work", file(before, part))]
        works.append(job.work(f"vectors-{pending.source}/{part}", config, reads, _embed, part, pending.source,
                              list(pending.decisions), before, settings))  # fmt: skip
    carry_out(job, works, "embedding, vectors", settings)


def embed_texts(job: Curation, texts: str, name: str, settings: EmbeddingSettings) -> None:
    """Embed the column `text` of a file of work/: a file of `vector`, in its order.

    Raises:
        InputError: as `embed` does.
    """
    work = job.work(name, ["vectors", _identity(job, settings)], [("work", texts)], _embed_texts, texts, name, settings)
    carry_out(job, [work], name, settings)


def carry_out(job: Curation, works: list[Work], title: str, settings: EmbeddingSettings) -> None:
    """Do tasks that embed, where the model is at hand."""
    assert settings.model is not None
    from synth.engines.embedders import kind_of

    if kind_of(settings.engine, settings.model) == "static":
        job.carry_out(works, title)
        return
    title = f"{job.step}: {title}"
    child: Executor = ModelChild(title, "texts", open_model, settings, title)
    job.note(job.run.tasks(works, child, lambda record: None))


@contextlib.contextmanager
def open_model(advance: Advance, settings: EmbeddingSettings, title: str = "embedding") -> "Iterator[EmbeddingEngine]":
    """Open the embedder of some settings."""
    from synth.engines.embedders import open_embedder

    assert settings.model is not None
    options, server = settings.options(), settings.server()
    said = "waiting for the server" if server is not None else f"loading {called(settings.model)}"
    with contextlib.ExitStack() as stack:
        with waiting(f"{title}: {said}"):
            engine = stack.enter_context(
                open_embedder(settings.engine, settings.model, options, lambda done, _: advance(done), server)
            )
        yield engine


def _identity(job: Curation, settings: EmbeddingSettings) -> dict[str, Any]:
    assert settings.model is not None
    if settings.engine != "server":  # whose model is elsewhere, or nowhere at hand
        model_there(job.step, "embedding", settings.model)
    return settings.identity()


@contextlib.contextmanager
def _at_hand(settings: EmbeddingSettings) -> "Iterator[EmbeddingEngine]":
    """The model of this process, or, of static vectors, one that is opened for the task."""
    if opened:
        yield opened[-1][0]
        return
    with open_model(lambda amount: None, settings) as engine:
        yield engine


def _embed(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], before: str | None,
    settings: EmbeddingSettings,
) -> Made:  # fmt: skip
    documents = drops.survivors(shelf, source, part, decisions).select("doc_id", "text")
    kept = documents.clear().select("doc_id")
    if before is not None:
        same = shelf.load("work", f"{before}-{part}", ["doc_id", "text"]).join(
            documents, on=["doc_id", "text"], how="semi"
        )
        kept = shelf.load("work", file(before, part)).join(same, on="doc_id", how="semi")
    wanted = documents.join(kept, on="doc_id", how="anti", maintain_order="left")
    different = wanted.unique("text", keep="first", maintain_order=True)
    with _at_hand(settings) as engine:
        made = _vectors(different, engine)
    found = wanted.join(different.select("text").hstack(made.select("vector")), on="text", maintain_order="left")
    found = found.select("doc_id", "vector")
    if before is not None:
        found = documents.select("doc_id").join(pl.concat([kept, found]), on="doc_id", maintain_order="left")
    facts = {"embedded": different.height, "documents": documents.height, **_facts(matrix(found))}
    return Made((shelf.save(found, "work", file(source, part)),), facts)


def _embed_texts(shelf: Shelf, texts: str, name: str, settings: EmbeddingSettings) -> Made:
    rows = shelf.load("work", texts, ["text"]).with_row_index("doc_id").with_columns(pl.col("doc_id").cast(pl.String))
    with _at_hand(settings) as engine:
        found = _vectors(rows, engine)
    return Made((shelf.save(found.select("vector"), "work", name),), _facts(matrix(found)))


def _vectors(documents: pl.DataFrame, engine: "EmbeddingEngine") -> pl.DataFrame:
    found = of_embedder(documents, engine)
    return table(documents["doc_id"], found if len(found) else np.empty((0, engine.dimensions), np.float32))


def _facts(vectors: np.ndarray) -> dict[str, int]:
    return {"without_vector": len(vectors) - int(vectors.any(axis=1).sum())}
