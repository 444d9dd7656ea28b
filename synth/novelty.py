"""What a model wrote, compared with what it was shown, with the rest of what it wrote, and with what is held out.

The last step of every method: exact and MinHash duplicates (`curation.dedup`), and, where they are asked for, clusters
with outliers and quotas. Two texts of few words are the same only when they are equal: `Add: 3 + 4` and `Add: 3 + 5`
share most of what likeness is measured by, and are two samples all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from curation import clusters, selection, tables
from curation.dedup import exact, minhash
from curation.embedding import tfidf
from curation.errors import InputError
from curation.stage import Split

from . import borrowed, bounds, likeness
from . import held_out as held
from .outliers import outliers
from .overlap import jaccard

STAGE = "novelty"
_PAIRS = 1 << 20  # texts of one prompt compared with each other at a time


@dataclass(frozen=True)
class NoveltyOptions:
    """What counts as the same, and how much of what is left is kept.

    Attributes:
        near_duplicate: Jaccard similarity of shingles from which a long text repeats another; 1 compares for equality
            of all shingles.
        long_words: words (between white space) from which a text is compared by likeness; shorter ones repeat
            another only when they are equal.
        clusters: clusters of the samples' prompts, for outliers and quotas; 0 makes none.
        outliers: a sample further from the centres of clusters than the median of all distances by more than this many
            standard deviations (estimated by the median absolute deviation) is dropped; 0 drops none. See `outliers`.
        wanted: samples kept of those that are left; every cluster gets a part by its size, those nearest to its centre.
            0 keeps all.
        dimensions: of the vectors that are clustered.
    """

    near_duplicate: float = 0.7
    long_words: int = 12
    clusters: int = 0
    outliers: float = 0.0
    wanted: int = 0
    dimensions: int = 64

    def __post_init__(self) -> None:
        bounds.expect("novelty", self, {
            **bounds.share_above_zero(self, "near_duplicate"),
            **bounds.count(self, 0, "long_words", "clusters", "outliers", "wanted"),
            **bounds.count(self, 1, "dimensions"),
        })  # fmt: skip
        if not self.clusters and (self.outliers or self.wanted):
            raise InputError("novelty option clusters is 0, expected at least 1 where outliers or wanted are set")


@dataclass(frozen=True)
class Novel(Split):
    """What is new, and what was dropped.

    Attributes:
        not_judged: samples that were not looked at for outliers though that was asked, by why: `outliers.Outliers`.
    """

    not_judged: dict[str, int]


def novel(
    samples: pl.DataFrame,
    inputs: Sequence[str],
    held_out: held.Given,
    options: NoveltyOptions,
    seed: int,
    made: Literal["prompt", "completion"] = "prompt",
    rows: pl.DataFrame | None = None,
) -> Novel:
    """Drop samples that repeat an input, what is held out or each other, then outliers and what is over its quota.

    Held-out prompts are compared with every user's turn of a sample (of a `text`, with all of it), held-out texts with
    every turn: `held_out.repeats`. Inputs are compared with the prompt where the method made it up
    (`made="prompt"`), and so are samples with each other. Where the method only answers prompts that it was given
    (`made="completion"`), a sample repeats another when all of it is equal, or when it answers the same prompt in
    nearly the same long text. A prompt is not compared with the inputs then; an answer is, where `rows` are given: a
    long one may be neither in the words of another row nor, where the prompts are near too, in those of the answer to
    another prompt (`borrowed`).

    Args:
        samples: any kind of `tables.SAMPLE_KINDS`.
        inputs: texts that the method was given.
        held_out: prompts of the evaluation, or prompts and texts.
        options: see `NoveltyOptions`.
        seed: of the clusters.
        made: what the method made up.
        rows: texts of the rows that prompts were taken from: `doc_id` (of the row), `text`, `answer` (the row's bare
            answer, or none) and `reference` (its answer in full, or none), equal in all texts of a row.

    Returns:
        Kept samples in their order; the others; a ledger row for each of these with the rule `novelty.held_out`,
        `.repeats_input`, `.repeats_sample`, `.outlier` or `.over_quota`. What is decided depends on ids, not on the
        order of rows: of samples that repeat each other the one with the smallest id stays.
    """
    ordered = samples.sort("sample_id")
    drops: dict[str, dict[str, Any]] = {}
    asked, said = likeness.turns(ordered), likeness.passages(ordered)
    _repeating("held_out", held.repeats(asked, said, held_out, options), drops)
    prompts = likeness.prompts(ordered)
    if made == "prompt":
        _repeating("repeats_input", likeness.repeats(_left(prompts, drops), inputs, options), drops)
        alike = _left(prompts, drops).filter(pl.len().over("rules") > 1)
        for same in alike.partition_by("rules"):
            _among(same, options, drops)
    else:
        _answers(_left(prompts, drops), _left(likeness.completions(ordered), drops), options, drops)
        if rows is not None:
            _borrowed(ordered, rows, options, drops)
    not_judged = _clustered(_left(prompts, drops), options, seed, drops) if options.clusters else {}
    gone = pl.col("sample_id").is_in(list(drops))
    split = Novel(samples.filter(~gone), samples.filter(gone), _ledger(ordered, drops), not_judged)
    tables.conserve(STAGE, samples.height, split.kept.height, split.ledger.height, 0)
    return split


def counts(ledger: pl.DataFrame) -> dict[str, int]:
    """Samples dropped by rule, for a report."""
    found = ledger.filter(pl.col("stage") == STAGE)["rule"].value_counts().sort("rule")
    return dict(found.iter_rows())


def unjudged(split: Novel) -> dict[str, dict[str, int]]:
    """`not_judged` for a report, where there is something to say."""
    return {"not_judged": split.not_judged} if split.not_judged else {}


def _left(frame: pl.DataFrame, drops: dict[str, dict[str, Any]]) -> pl.DataFrame:
    return frame.filter(~pl.col("doc_id").is_in(list(drops)))


def _long(frame: pl.DataFrame, options: NoveltyOptions) -> pl.DataFrame:
    return frame.filter(pl.col("text").str.count_matches(r"\S+") >= options.long_words)


def _repeating(rule: str, found: dict[str, likeness.Repeat], drops: dict[str, dict[str, Any]]) -> None:
    """Drop the documents that were found to repeat a text."""
    for name, one in found.items():
        drops.setdefault(name, _drop(rule, one.similarity, one.threshold, repeats=one.text))


def _among(prompts: pl.DataFrame, options: NoveltyOptions, drops: dict[str, dict[str, Any]]) -> None:
    """Drop prompts that repeat one with a smaller id; all have the same rules of the system."""
    keys = exact.keys(prompts)
    for row in exact.decide(keys, ("doc_id",)).iter_rows(named=True):
        drops[row["doc_id"]] = _drop("repeats_sample", 1.0, 1.0, row["duplicate_of"])
    settings = minhash.MinHashOptions(threshold=options.near_duplicate, keep_order=("doc_id",))
    left = _long(_left(prompts, drops), options)
    for row in minhash.decide(left, settings).iter_rows(named=True):
        drops[row["doc_id"]] = _drop("repeats_sample", row["similarity"], settings.threshold, row["duplicate_of"])


def _answers(
    prompts: pl.DataFrame, completions: pl.DataFrame, options: NoveltyOptions, drops: dict[str, dict[str, Any]]
) -> None:
    """Drop samples that answer the prompt of one with a smaller id in the same words or, if long, nearly the same."""
    whole = prompts.select("doc_id", text=pl.col("rules") + "\n" + pl.col("text"))
    asked = exact.keys(whole).rename({"key": "asked"})
    said = exact.keys(completions).join(asked, on="doc_id").select("doc_id", key=pl.col("key") + pl.col("asked"))
    for row in exact.decide(said, ("doc_id",)).iter_rows(named=True):
        drops[row["doc_id"]] = _drop("repeats_sample", 1.0, 1.0, row["duplicate_of"])
    rows = _long(_left(completions, drops), options).join(asked, on="doc_id")
    several = rows.filter(pl.len().over("asked") > 1).sort("asked", "doc_id")
    settings = minhash.MinHashOptions(threshold=options.near_duplicate, keep_order=("doc_id",))
    sets = several.join(minhash.shingle_sets(several, settings), on="doc_id", maintain_order="left")
    for part in _parts(sets.select("asked", "doc_id", "shingles")):
        _near_answers(part, options, drops)


def _parts(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows sorted by prompt in parts of whole prompts, with a bounded number of pairs each."""
    sizes = rows.group_by("asked", maintain_order=True).len()["len"].to_list()
    parts: list[pl.DataFrame] = []
    begin = end = pairs = 0
    for size in sizes:
        if pairs and pairs + size * size > _PAIRS:
            parts.append(rows[begin:end])
            begin, pairs = end, 0
        end += size
        pairs += size * size
    return [*parts, rows[begin:end]] if end > begin else parts


def _near_answers(rows: pl.DataFrame, options: NoveltyOptions, drops: dict[str, dict[str, Any]]) -> None:
    """Greedy in the order of ids: a row near one that is kept is dropped."""
    earlier = rows.rename({"doc_id": "kept", "shingles": "beside"})
    pairs = rows.join(earlier, on="asked").filter(pl.col("kept") < pl.col("doc_id"))
    near = pairs.select("doc_id", "kept", similarity=jaccard("shingles", "beside"))
    near = near.filter(pl.col("similarity") >= options.near_duplicate)
    for name, kept, similarity in near.sort(
        "doc_id", "similarity", "kept", descending=[False, True, False]
    ).iter_rows():
        if name not in drops and kept not in drops:
            drops[name] = _drop("repeats_sample", similarity, options.near_duplicate, kept)


def _borrowed(samples: pl.DataFrame, rows: pl.DataFrame, options: NoveltyOptions, drops: dict[str, Any]) -> None:
    """Drop samples whose answers are in the words of other rows, then of other answers, earlier ids first."""
    of = samples.select(pl.col("sample_id").alias("doc_id"), "parents")
    # What is rejected is not learned; beside it, what is chosen would be near nothing.
    learned = likeness.completions(samples.drop("rejected", strict=False))
    said = _long(_left(learned, drops), options).join(of, on="doc_id", maintain_order="left")
    inputs = _long(rows, options)
    owned = inputs.select(pl.col("doc_id").alias("parents")).with_row_index("beside")
    own = said.select("parents").with_row_index("at").explode("parents").join(owned, on="parents")
    own = own.select(pl.col("at", "beside").cast(pl.Int64)).unique(maintain_order=True)
    if said.height and inputs.height:
        for block in borrowed.from_inputs(likeness.side(said), likeness.side(inputs), own, options):
            for at, beside, similarity in block.sort("at", "similarity", descending=[False, True]).iter_rows():
                drop = _drop("repeats_input", similarity, options.near_duplicate, repeats=inputs["text"][beside])
                drops.setdefault(said["doc_id"][at], drop)
    left = _left(said, drops)
    if not left.height:
        return
    asked = likeness.prompts(samples).rename({"text": "asked"})
    given = rows.select(pl.col("doc_id").alias("parent"), "answer", "reference").unique("parent", keep="first")
    about = left.join(asked, on="doc_id", maintain_order="left").with_columns(parent=pl.col("parents").list.first())
    about = about.join(given, on="parent", how="left", maintain_order="left")
    # A short answer in full is a bare one: a label that stands in the completion alone tells rows apart too.
    short = pl.when(pl.col("reference").str.count_matches(r"\S+") < options.long_words).then("reference")
    about = about.select("asked", "rules", pl.coalesce("answer", short), "reference", "parents")
    for block in borrowed.between(left, about, options):
        for at, beside, similarity in block.sort("at", "similarity", descending=[False, True]).iter_rows():
            name, kept = left["doc_id"][at], left["doc_id"][beside]
            if name not in drops and kept not in drops:
                drops[name] = _drop("repeats_sample", similarity, options.near_duplicate, kept)


def _clustered(
    prompts: pl.DataFrame, options: NoveltyOptions, seed: int, drops: dict[str, dict[str, Any]]
) -> dict[str, int]:
    """Drop outliers, then what is over the quota of its cluster (Hamilton's method: the sum is exact).

    Returns what was not judged for outliers, by why.
    """
    texts = prompts["text"].to_list()
    odd = outliers(texts, (), options.clusters, options.outliers, options.dimensions, seed)
    for at, one in odd.drops.items():
        drops[prompts["doc_id"][at]] = _drop("outlier", one.value, one.threshold, cluster=one.cluster)
    left = _left(prompts, drops)
    if not options.wanted or left.height <= options.wanted:
        return odd.not_judged
    learned = tfidf.fit(left["text"], tfidf.TfidfOptions(dimensions=options.dimensions, seed=seed))
    found = clusters.cluster(tfidf.embed(left["text"], learned), options.clusters, seed)
    chosen = selection.nearest_to_centroid(found.labels, found.distances, options.wanted)
    for at in np.setdiff1d(np.arange(left.height), chosen):
        name, distance, label = left["doc_id"][int(at)], float(found.distances[at]), int(found.labels[at])
        drops[name] = _drop("over_quota", distance, None, cluster=label)
    return odd.not_judged


def _drop(
    rule: str,
    value: float | None,
    threshold: float | None,
    duplicate_of: str | None = None,
    cluster: int | None = None,
    repeats: str | None = None,
) -> dict[str, Any]:
    """Columns of a ledger row; `repeats` is the text that is repeated, where it is no sample's."""
    similarity = None if cluster is not None else value
    return {
        "rule": f"{STAGE}.{rule}",
        "value": value,
        "threshold": threshold,
        "duplicate_of": duplicate_of,
        "similarity": similarity,
        "cluster_id": cluster,
        "detail": {} if repeats is None else {"repeats": repeats},
    }


def _ledger(samples: pl.DataFrame, drops: dict[str, dict[str, Any]]) -> pl.DataFrame:
    """A row for each dropped sample, with its task and texts: the ledger is the only place that still has them."""
    rows = []
    for sample in samples.iter_rows(named=True):
        drop = drops.get(sample["sample_id"])
        if drop is not None:
            texts = {
                name: sample[name]
                for name in (*likeness.PROMPTS, *likeness.COMPLETIONS)
                if sample.get(name) is not None
            }
            detail = {"task": sample["task"], **texts, **drop["detail"]}
            rows.append({**drop, "row_id": sample["sample_id"], "detail": tables.canonical_json(detail)})
    return tables.ledger(pl.DataFrame(rows, schema=_EVENTS), STAGE, "drop", "samples")


_EVENTS = pl.Schema(
    {
        name: tables.LEDGER[name]
        for name in ("row_id", "rule", "value", "threshold", "duplicate_of", "similarity", "cluster_id", "detail")
    }
)
