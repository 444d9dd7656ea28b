"""Vectors of the documents, and what is decided by them: semantic duplicates."""

import dataclasses

import numpy as np
import polars as pl

from curation import clusters, sample, stage
from curation.dedup import semantic
from curation.dedup.semantic import SemanticOptions
from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfModel, TfidfOptions
from curation.embedding.vectors import centre, centred, matrix

from ...run import Made
from ...settings.embedding import EmbeddingSettings
from . import arrays, drops, embedding
from .shelf import Curation, Shelf

MODEL, CENTRES = "embedding", "semantic-centres"  # files of work/
SAMPLED = f"{MODEL}-sampled"
BATCH = 200_000  # documents of whole clusters that are decided together


def ready(job: Curation, pending: drops.Pending, settings: EmbeddingSettings) -> None:
    """Have what `embedded` wants for the documents that are left: learned, or made by a model and kept in work/.

    What is learned comes from a seeded sample of what is left the first time; see `curation.embedding.tfidf`. A model
    embeds what is left the first time, and afterwards texts that a stage has edited since.
    """
    before = pending.embedded
    if settings.model is not None and before != pending.source:
        embedding.embed(job, pending, settings)
    if before is None:
        _learn(job, pending, settings)
    pending.embedded = pending.source


def reads(pending: drops.Pending, part: str, settings: EmbeddingSettings) -> list[tuple[str, str]]:
    """The files that the vectors of a partition are read from, besides the documents'. Wants `ready` before it."""
    return [] if settings.model is None else [("work", embedding.file(pending.source, part))]


def learned(job: Curation) -> list[str]:
    """Digests of what was learned from the sample: what a task that calls `embedded` or `sampled` depends on."""
    return [arrays.digest(job, MODEL), arrays.digest(job, SAMPLED)]


def sampled(shelf: Shelf) -> np.ndarray:
    """Vectors of the sample, in the order of `centres.sampled`."""
    return arrays.load(shelf, SAMPLED)["vectors"]


def embedded(
    shelf: Shelf, documents: pl.DataFrame, settings: EmbeddingSettings, source: str, part: str
) -> np.ndarray:  # fmt: skip
    """Vectors of documents of a partition, float32 (n, dimensions), of length one or zero.

    Args:
        shelf: the files of the step.
        documents: `doc_id`, `text`, some of the partition's.
        settings: with which `ready` was called.
        source: files of work/ that the documents are from.
        part: the partition.
    """
    known = arrays.load(shelf, MODEL)
    if settings.model is None:
        model = TfidfModel(known["rarity"], known["directions"], known["middle"], settings.ngrams)
        return tfidf.embed(documents["text"], model)
    found = documents.select("doc_id").join(
        shelf.load("work", embedding.file(source, part)), on="doc_id", how="inner", maintain_order="left"
    )
    if found.height != documents.height:
        raise RuntimeError(f"{shelf.step}: vectors of {found.height} of {documents.height} documents of {part}")
    return centred(matrix(found), known["middle"])


def centred_alike(shelf: Shelf, made: pl.DataFrame) -> np.ndarray:
    """A model's vectors (column `vector`) of other texts, less the same mean as those of the documents."""
    return centred(matrix(made), arrays.load(shelf, MODEL)["middle"])


def _learn(job: Curation, pending: drops.Pending, settings: EmbeddingSettings) -> None:
    works = [
        job.work(f"embedding-sample/{part}", ["sample", settings.sample, settings.seed], pending.reads(part), _sample,
                 part, pending.source, list(pending.decisions), settings)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "embedding, sample")
    files = [f"{MODEL}-sample-{part}" for part in pending.parts]
    wanted = [("work", file) for file in files]
    if settings.model is None:
        options = settings.tfidf()
        work = job.work(MODEL, [MODEL, dataclasses.asdict(options)], wanted, _fit, files, options)
    else:
        wanted += [read for part in pending.parts for read in reads(pending, part, settings)]
        config = [MODEL, settings.sample, settings.centre]
        work = job.work(MODEL, config, wanted, _gather, files, pending.source, list(pending.parts), settings)
    job.carry_out([work], "embedding", "models")


def _sample(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], settings: EmbeddingSettings
) -> Made:  # fmt: skip
    documents = drops.survivors(shelf, source, part, decisions)
    found = sample.candidates(documents, settings.sample, settings.seed)
    return Made((shelf.save(found, "work", f"{MODEL}-sample-{part}"),))


def _fit(shelf: Shelf, files: list[str], options: TfidfOptions) -> Made:
    texts = sample.merged(pl.concat([shelf.load("work", file) for file in files]), options.sample)
    model = tfidf.fit(texts["text"], options)
    found = {"rarity": model.rarity, "directions": model.directions, "middle": model.middle}
    vectors = tfidf.embed(texts["text"], model)
    return Made((arrays.save(shelf, found, MODEL), arrays.save(shelf, {"vectors": vectors}, SAMPLED)))


def _gather(shelf: Shelf, files: list[str], source: str, parts: list[str], settings: EmbeddingSettings) -> Made:
    """The model's vectors of the sample, and their mean."""
    texts = sample.merged(pl.concat([shelf.load("work", file, ["doc_id", "hash"]) for file in files]), settings.sample)
    made = [
        shelf.load("work", embedding.file(source, part)).join(texts, on="doc_id", how="semi", maintain_order="left")
        for part in parts
    ]
    known = texts.select("doc_id").join(pl.concat(made), on="doc_id", how="left", maintain_order="left")
    vectors = matrix(known)
    middle = centre(vectors) if settings.centre else np.zeros(vectors.shape[1], np.float32)
    vectors = centred(vectors, middle)
    return Made((arrays.save(shelf, {"middle": middle}, MODEL), arrays.save(shelf, {"vectors": vectors}, SAMPLED)))


def drop_semantic(
    job: Curation, pending: drops.Pending, options: SemanticOptions, settings: EmbeddingSettings
) -> None:  # fmt: skip
    """Drop documents alike to a kept one of their cluster; see `curation.dedup.semantic`. Wants `ready` before it."""
    config = dataclasses.asdict(options)
    sources = [file for part in pending.parts for file in pending.reads(part)]
    count = job.work(CENTRES, [CENTRES, learned(job), options.cluster_size, options.seed], sources, _centres,
                     pending.source, list(pending.parts), list(pending.decisions), options)  # fmt: skip
    job.carry_out([count], "semantic, clusters", "models")
    known = [*learned(job), arrays.digest(job, CENTRES)]
    works = [
        job.work(f"semantic-side/{part}", ["semantic", known, list(options.keep_order), pending.date],
                 [*pending.reads(part), *reads(pending, part, settings), ("scores", part)], _semantic_side, part,
                 pending.source, list(pending.decisions), pending.date, options, settings)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out(works, "semantic, vectors")
    files = [f"semantic-side-{part}" for part in pending.parts]
    wanted = [("work", file) for file in files]
    work = job.work("semantic", ["semantic", config], wanted, _decide, files, options)
    job.carry_out([work], "semantic", "decisions")
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
    found = clusters_of(sampled(shelf), semantic.cluster_count(documents, options), options.seed)
    return Made((arrays.save(shelf, {"centres": found}, CENTRES),))


def clusters_of(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Centres of at most so many clusters; without a vector to learn from, one cluster of whatever comes."""
    found = clusters.cluster(points, count, seed).centres
    return found if len(found) else np.zeros((1, points.shape[1]), np.float32)


def _semantic_side(
    shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], date: str | None, options: SemanticOptions,
    settings: EmbeddingSettings,
) -> Made:  # fmt: skip
    documents = drops.ordered(shelf, part, drops.survivors(shelf, source, part, decisions), date)
    centres = arrays.load(shelf, CENTRES)["centres"]
    side = semantic.sketch(documents, embedded(shelf, documents, settings, source, part), centres, options)
    return Made((shelf.save(side, "work", f"semantic-side-{part}"),))


def _decide(shelf: Shelf, files: list[str], options: SemanticOptions) -> Made:
    """Clusters are decided some at a time, so that vectors of a part of the corpus are in memory only."""
    scan = pl.scan_parquet([shelf.folder / shelf.path("work", file) for file in files])
    sizes = scan.group_by("cluster_id").len().sort("cluster_id").collect()
    batch = (sizes["len"].cum_sum() - sizes["len"]) // BATCH
    found = [pl.DataFrame(schema=stage.DROPS)]
    for _, some in sizes.with_columns(batch=batch).group_by("batch", maintain_order=True):
        chosen = pl.col("cluster_id").is_in(some["cluster_id"].implode())
        found.append(semantic.decide(scan.filter(chosen).collect(), options))
    return Made((shelf.save(pl.concat(found).sort("doc_id"), "work", "semantic"),))
