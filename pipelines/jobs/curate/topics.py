"""Topics of the documents, and how their shares change from what passed the rules to what is left at the end."""

import dataclasses

import polars as pl

from curation import topics
from curation.topics import TopicOptions

from ...run import Made
from ...settings.embedding import EmbeddingSettings
from ...settings.topics import TopicSettings
from . import centres, drops, vectors
from .shelf import Curation, Shelf

STAGE, NAMES, MIX = "topics", "topics-names", "topics-mix"  # the last two are files of work/


def find_topics(
    job: Curation, pending: drops.Pending, settings: TopicSettings, embedding: EmbeddingSettings, passed: str
) -> list[str]:
    """Cluster the documents into topics. Wants `vectors.ready` before it, of that very text.

    Centres and names come from the sample that the embedding was learned from; every document that passed the rules
    gets the topic of the text with which it passed, whether or not it is still there.

    Args:
        job: the step.
        pending: what the stages before left.
        settings: number of topics and the like.
        embedding: with which `vectors.ready` was called.
        passed: files of work/ that hold the documents that passed the rules, one a partition.

    Returns:
        Files of work/ with `doc_id` and `cluster_id`, one a partition, in order.
    """
    known = centres.learn(job, STAGE, settings.clusters, settings.seed)
    samples = centres.samples(pending)
    named = job.work(NAMES, [NAMES, known, dataclasses.asdict(settings.names)], [("work", file) for file in samples],
                     _name, samples, embedding, settings.names)  # fmt: skip
    works = [
        job.work(f"{STAGE}/{part}", [STAGE, *vectors.learned(job), known],
                 [("work", f"{passed}-{part}"), *vectors.reads(pending, part, embedding)], _assign, part, passed,
                 embedding)
        for part in pending.parts
    ]  # fmt: skip
    job.carry_out([named, *works], STAGE)
    return [f"{STAGE}-{part}" for part in pending.parts]


def _name(shelf: Shelf, files: list[str], embedding: EmbeddingSettings, options: TopicOptions) -> Made:
    documents = centres.sampled(shelf, files, embedding)
    found = centres.assigned(shelf, STAGE, documents["doc_id"], vectors.sampled(shelf))
    named = topics.names(documents.with_columns(found["cluster_id"]), options)
    return Made((shelf.save(named, "work", NAMES),))


def _assign(shelf: Shelf, part: str, passed: str, embedding: EmbeddingSettings) -> Made:
    documents = shelf.load("work", f"{passed}-{part}", ["doc_id", "text"])
    points = vectors.embedded(shelf, documents, embedding, passed, part)
    found = centres.assigned(shelf, STAGE, documents["doc_id"], points)
    return Made((shelf.save(found, "work", f"{STAGE}-{part}"),))


def report_mix(job: Curation, pending: drops.Pending, files: list[str]) -> None:
    """Count the topics of all documents and of those that are left now: the fact `topics` of the last record.

    Args:
        job: the step.
        pending: what the last stage left.
        files: what `find_topics` returned.
    """
    works = [
        job.work(f"topics-left/{part}", ["topics-left"], [*pending.reads(part), ("work", file)], _count, part,
                 pending.source, list(pending.decisions), file)
        for part, file in zip(pending.parts, files, strict=True)
    ]  # fmt: skip
    job.carry_out(works, "topics, what is left")
    left = [f"topics-left-{part}" for part in pending.parts]
    reads = [("work", file) for file in [NAMES, *left]]
    job.carry_out([job.work(MIX, [MIX], reads, _mix, left)], "topics, shares", "tables")


def _count(shelf: Shelf, part: str, source: str, decisions: list[drops.Decision], file: str) -> Made:
    found = shelf.load("work", file, ["doc_id", "cluster_id"])
    kept = found.join(drops.survivors(shelf, source, part, decisions), on="doc_id", how="semi")
    counted = [
        topics.counts(rows["cluster_id"]).with_columns(state=pl.lit(state))
        for state, rows in (("before", found), ("after", kept))
    ]
    return Made((shelf.save(pl.concat(counted), "work", f"topics-left-{part}"),))


def _mix(shelf: Shelf, files: list[str]) -> Made:
    counted = pl.concat([shelf.load("work", file) for file in files])
    before, after = (
        counted.filter(state=state).group_by("cluster_id").agg(pl.col("documents").sum()).sort("cluster_id")
        for state in ("before", "after")
    )
    mix = topics.mix(before, after, shelf.load("work", NAMES))
    return Made((shelf.save(mix, "work", MIX),), {"topics": mix.to_dicts()})
