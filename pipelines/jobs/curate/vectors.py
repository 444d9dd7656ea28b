"""Vectors of the documents, and what is decided by them: semantic duplicates."""

import dataclasses

import numpy as np
import polars as pl

from curation import clusters, sample
from curation.dedup import semantic
from curation.dedup.semantic import SemanticOptions
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfModel, TfidfOptions

from ...run import Made
from . import arrays, drops
from .shelf import Curation, Shelf

MODEL, CENTRES = "embedding", "semantic-centres"  # files of work/
BATCH = 200_000  # documents of whole clusters that are decided together


def fit(job: Curation, pending: drops.Pending, options: TfidfOptions) -> None:
    """Learn the embedding from a seeded sample of what is left; see `curation.embedding.tfidf`."""
    config = dataclasses.asdict(options)
    works = [
        job.work(f"embedding-sample/{part}", ["sample", options.sample, options.seed], pending.reads(part), _sample,
                 part, pending.source, list(pending.decisions), options)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "embedding, sample")
    files = [f"{MODEL}-sample-{part}" for part in pending.parts]
    reads = [("work", file) for file in files]
    job.carry_out([job.work(MODEL, [MODEL, config], reads, _fit, files, options)], "embedding", "models")


def _sample(shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], options: TfidfOptions) -> Made:
    documents = drops.survivors(shelf, source, part, decisions)
    found = sample.candidates(documents, options.sample, options.seed)
    return Made((shelf.save(found, "work", f"{MODEL}-sample-{part}"),))


def _fit(shelf: Shelf, files: list[str], options: TfidfOptions) -> Made:
    texts = sample.merged(pl.concat([shelf.load("work", file) for file in files]), options.sample)
    model = tfidf.fit(texts["text"], options)
    learned = {"rarity": model.rarity, "directions": model.directions, "middle": model.middle}
    vectors = tfidf.embed(texts["text"], model)
    return Made((arrays.save(shelf, learned, MODEL), arrays.save(shelf, {"vectors": vectors}, f"{MODEL}-sampled")))


def embedded(shelf: Shelf, documents: pl.DataFrame, options: TfidfOptions) -> np.ndarray:
    """Vectors of documents by the model that `fit` stored, float32 (n, dimensions)."""
    known = arrays.load(shelf, MODEL)
    model = TfidfModel(known["rarity"], known["directions"], known["middle"], options.ngrams)
    return tfidf.embed(documents["text"], model)


def drop_semantic(
    job: Curation, pending: drops.Pending, options: SemanticOptions, embedding: TfidfOptions
) -> None:  # fmt: skip
    """Drop documents alike to a kept one of their cluster; see `curation.dedup.semantic`. Wants `fit` before it."""
    config = dataclasses.asdict(options)
    model = job.digests[f"work/{job.step}/{MODEL}.safetensors"]
    sources = [file for part in pending.parts for file in pending.reads(part)]
    count = job.work(CENTRES, [CENTRES, model, options.cluster_size, options.seed], sources, _centres, pending.source,
                     list(pending.parts), list(pending.decisions), options)  # fmt: skip
    job.carry_out([count], "semantic, clusters", "models")
    centres = job.digests[f"work/{job.step}/{CENTRES}.safetensors"]
    works = [
        job.work(f"semantic-side/{part}", ["semantic", centres, list(options.keep_order), pending.date],
                 [*pending.reads(part), ("scores", part)], _semantic_side, part, pending.source,
                 list(pending.decisions), pending.date, options, embedding)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "semantic, vectors")
    files = [f"semantic-side-{part}" for part in pending.parts]
    reads = [("work", file) for file in files]
    job.carry_out([job.work("semantic", ["semantic", config], reads, _decide, files, options)], "semantic", "decisions")
    pending.decisions.append(drops.Decision("semantic"))


def _centres(
    shelf: Shelf, source: str, parts: list[str], decisions: list[drops.Decision], options: SemanticOptions
) -> Made:  # fmt: skip
    documents = 0
    for part in parts:
        rows = shelf.load("work", f"{source}-{part}", ["doc_id"])
        for decision in decisions:
            rows = rows.join(shelf.load("work", decision.file(part), ["doc_id"]), on="doc_id", how="anti")
        documents += rows.height
    k = semantic.cluster_count(documents, options)
    found = clusters.cluster(arrays.load(shelf, f"{MODEL}-sampled")["vectors"], k, options.seed)
    return Made((arrays.save(shelf, {"centres": found.centres}, CENTRES),))


def _semantic_side(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], date: str | None, options: SemanticOptions,
    embedding: TfidfOptions,
) -> Made:  # fmt: skip
    documents = drops.ordered(shelf, part, drops.survivors(shelf, source, part, decisions), date)
    centres = arrays.load(shelf, CENTRES)["centres"]
    side = semantic.sketch(documents, embedded(shelf, documents, embedding), centres, options)
    return Made((shelf.save(side, "work", f"semantic-side-{part}"),))


def _decide(shelf: Shelf, files: list[str], options: SemanticOptions) -> Made:
    """Clusters are decided some at a time, so that vectors of a part of the corpus are in memory only."""
    scan = pl.scan_parquet([shelf.folder / shelf.path("work", file) for file in files])
    sizes = scan.group_by("cluster_id").len().sort("cluster_id").collect()
    batch = (sizes["len"].cum_sum() - sizes["len"]) // BATCH
    found = []
    for _, some in sizes.with_columns(batch=batch).group_by("batch", maintain_order=True):
        chosen = pl.col("cluster_id").is_in(some["cluster_id"].implode())
        found.append(semantic.decide(scan.filter(chosen).collect(), options))
    return Made((shelf.save(pl.concat(found).sort("doc_id"), "work", "semantic"),))
