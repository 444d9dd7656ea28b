"""The global stages of a curate step in their order, each in force where the settings name it."""

from curation.dedup import lines

from ...settings import CurateSettings
from . import (
    choosing,
    contamination,
    contradictions,
    drops,
    duplicates,
    edits,
    index,
    passages,
    statistics,
    target,
    topics,
    vectors,
)
from .drops import Pending
from .shelf import Curation


def global_stages(job: Curation, pending: Pending, settings: CurateSettings) -> list[str]:
    """Carry out the stages that look at all documents; their names in order.

    Outliers go first, since they are decided from scores alone; exact duplicates next, found at least cost, so that
    every later stage has less to look at. Lines and passages are taken out before near duplicates are looked for,
    which they can make. Shares are balanced last, over what is left. A model embeds as few documents as it may: what is
    left when a stage first asks, which is everything for topics.
    """
    keep_dropped = settings.keep_dropped
    done: list[str] = []
    found = None
    if settings.topics is not None or (settings.needs_vectors and settings.embedding.model is None):
        vectors.ready(job, pending, settings.embedding)
    if settings.topics is not None:
        found = topics.find_topics(job, pending, settings.topics, settings.embedding, pending.source)
    if settings.outliers is not None:
        statistics.drop_outliers(job, pending, settings.outliers)
        done.append("outliers")
    if settings.decontaminate is not None:
        contamination.drop_contaminated(job, pending, settings.decontaminate)
        done.append("decontaminate")
    if settings.labels is not None:
        contradictions.unify_labels(job, pending, settings.labels, keep_dropped)
        done.append("labels")
    if settings.conflicts is not None:  # before equal texts go, which are the votes that a majority is counted from
        contradictions.drop_conflicts(job, pending, settings.conflicts)
        done.append("conflicts")
    if settings.exact is not None and settings.index is None:
        duplicates.drop_exact(job, pending, settings.exact)
        done.append("exact")
    if settings.lines is not None:
        config = settings.model_dump(mode="json")["lines"]
        edits.edit(job, pending, "lines", config, lines.sketch, lines.decide, settings.lines, keep_dropped)
        done.append("lines")
    if settings.substring is not None:
        passages.take_out(job, pending, settings.substring, keep_dropped)
        done.append("substring")
    if settings.index is not None:  # in place of exact and near duplicates, which it finds in this corpus as well
        assert settings.minhash is not None  # the settings see to it
        index.drop_indexed(job, pending, settings.index, settings.minhash)
        done.append("index")
    elif settings.minhash is not None:
        duplicates.drop_near(job, pending, settings.minhash)
        done.append("minhash")
    if settings.semantic is not None:
        vectors.ready(job, pending, settings.embedding)
        vectors.drop_semantic(job, pending, settings.semantic, settings.embedding)
        done.append("semantic")
    if settings.target is not None:
        target.select_for_target(job, pending, settings.target, settings.embedding)
        done.append("target")
    if settings.selection is not None:
        if settings.selection.by_vectors:
            vectors.ready(job, pending, settings.embedding)
        choosing.select(job, pending, settings.selection, settings.embedding)
        done.append("selection")
    if settings.diversity is not None:
        statistics.balance(job, pending, settings.diversity, found)
        done.append("diversity")
    if settings.overrides is not None:  # last, so that duplicates of what people drop are not freed by it
        drops.drop_reviewed(job, pending)
        done.append(drops.REVIEW)
    if found is not None:
        topics.report_mix(job, pending, found)
    return done
