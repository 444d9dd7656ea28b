"""Topics: what clusters are about, and how their shares change from before a selection to after it.

labelled = sample of all partitions with the cluster of each document
named = names(labelled, TopicOptions())
before = counts(concat(cluster_id of each partition));  after = counts(those that were kept)
table = mix(before, after, named)
"""

from dataclasses import dataclass

import polars as pl

from .errors import InputError

_WORD = r"[\p{L}\p{M}\p{N}]+"
NAMES = pl.Schema({"cluster_id": pl.Int64(), "name": pl.String(), "terms": pl.List(pl.String)})
COUNTS = pl.Schema({"cluster_id": pl.Int64, "documents": pl.Int64})
MIX = pl.Schema(
    {
        "cluster_id": pl.Int64,
        "name": pl.String,
        "before": pl.Int64,  # documents
        "after": pl.Int64,
        "share_before": pl.Float64,  # of all documents, 0 when there are none
        "share_after": pl.Float64,
        "change": pl.Float64,  # share after less share before
    }
)


@dataclass(frozen=True)
class TopicOptions:
    """How clusters are named.

    Attributes:
        terms: words of a name.
        shortest: characters that a word has at least.
    """

    terms: int = 4
    shortest: int = 2

    def __post_init__(self) -> None:
        if self.terms < 1 or self.shortest < 1:
            raise InputError(f"topics: {self.terms} terms of {self.shortest} characters, expected at least 1 of each")


def names(documents: pl.DataFrame, options: TopicOptions) -> pl.DataFrame:
    """Words that set each cluster apart, by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794, section 3.3).

    The weight of a word in a cluster is the number of the cluster's documents that have it, times
    log(1 + documents to a cluster on average / documents of all that have it). So words that all clusters share, such
    as "the" or 그리고, weigh little. Words are runs of letters, marks and digits in NFC and lower case; numbers alone
    are none.

    Args:
        documents: `cluster_id`, `text`: a sample of all documents, in memory.
        options: length of names.

    Returns:
        Schema `NAMES`, by cluster: `name` is the terms joined by commas, empty for a cluster without words. Of equal
        weights the word that comes first in the alphabet. Independent of the order of rows.
    """
    clusters = documents.group_by("cluster_id").len("members").select(pl.col("cluster_id").cast(pl.Int64), "members")
    words = (
        documents.with_row_index("row")
        .select(
            "row",
            pl.col("cluster_id").cast(pl.Int64),
            word=pl.col("text").str.normalize("NFC").str.to_lowercase().str.extract_all(_WORD).list.unique(),
        )
        .explode("word")
        .filter(pl.col("word").str.len_chars() >= options.shortest, ~pl.col("word").str.contains(r"^\p{N}+$"))
    )
    per_cluster = words.group_by("cluster_id", "word").len("documents")
    everywhere = per_cluster.group_by("word").agg(everywhere=pl.col("documents").sum())
    average = documents.height / max(1, clusters.height)
    weighted = per_cluster.join(everywhere, on="word").with_columns(
        weight=pl.col("documents") * (1 + average / pl.col("everywhere")).log()
    )
    best = (
        weighted.sort(["cluster_id", "weight", "word"], descending=[False, True, False])
        .group_by("cluster_id", maintain_order=True)
        .agg(terms=pl.col("word").head(options.terms))
    )
    return (
        clusters.sort("cluster_id")
        .join(best, on="cluster_id", how="left", maintain_order="left")
        .select("cluster_id", name=pl.col("terms").list.join(", ").fill_null(""), terms=pl.col("terms").fill_null([]))
        .cast(NAMES)
    )


def counts(cluster_ids: pl.Series) -> pl.DataFrame:
    """Documents of each cluster: schema `COUNTS`, by cluster. Counts of partitions may be summed by cluster."""
    frame = pl.DataFrame({"cluster_id": cluster_ids.cast(pl.Int64)})
    return frame.group_by("cluster_id").len("documents").sort("cluster_id").cast(COUNTS)


def mix(before: pl.DataFrame, after: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The topic mix before and after.

    Args:
        before: what `counts` returned of all documents.
        after: of those that were kept: no cluster that is not in `before`.
        named: what `names` returned; a cluster without a name there has the empty one.

    Returns:
        Schema `MIX`, the largest cluster before first, of equal ones the smaller number.

    Raises:
        ValueError: when a cluster has more documents after than before.
    """
    joined = (
        before.select("cluster_id", before="documents")
        .join(after.select("cluster_id", after="documents"), on="cluster_id", how="full", coalesce=True)
        .with_columns(pl.col("before", "after").fill_null(0))
        .join(named.select("cluster_id", "name"), on="cluster_id", how="left")
    )
    if (joined["after"] > joined["before"]).any():
        raise ValueError("more documents in a cluster after the selection than before it")
    totals = {name: max(1, int(joined[name].sum())) for name in ("before", "after")}
    shares = [(pl.col(name) / total).alias(f"share_{name}") for name, total in totals.items()]
    return (
        joined.with_columns(pl.col("name").fill_null(""), *shares)
        .with_columns(change=pl.col("share_after") - pl.col("share_before"))
        .sort(["before", "cluster_id"], descending=[True, False])
        .select(MIX.names())
        .cast(MIX)
    )
