"""Semantic duplicates (SemDeDup: Abbas et al. 2023, arXiv 2303.09540, section 3): alike vectors within a cluster.

    centres = clusters.cluster(vectors of a seeded sample, cluster_count(documents, options), options.seed).centres
    side = concat(sketch(partition, vectors of the partition, centres, options) for each partition)
    dropped = decide(side, options)

Clusters are compared by themselves, so `decide` may also be given the rows of some whole clusters at a time, and what
it returns put together. Near duplicates that lie on two sides of a border between clusters are not found.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import clusters, stage
from ..embedding import vectors as embedded
from ..errors import InputError
from ..vector_kernels import drop_greedily, products
from . import order

RULE = "duplicate.semantic"
_BLOCK = 4_000_000  # similarities that are held at a time, so that memory is bounded


@dataclass(frozen=True)
class SemanticOptions:
    """How semantic duplicates are found.

    Attributes:
        threshold: least cosine of a duplicate with a document that is kept. It belongs to the embedder: .95 with
            TF-IDF finds rewordings of a few words, not paraphrases.
        cluster_size: documents to a cluster on average; time grows with it, what is missed at borders shrinks.
        keep_order: see `order.ranked`; `length` is in characters.
        seed: of the clusters.
    """

    threshold: float = 0.95
    cluster_size: int = 2000
    keep_order: tuple[str, ...] = order.KEEP_ORDER
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError(f"semantic threshold is {self.threshold}, expected more than 0 and at most 1")
        if self.cluster_size < 1:
            raise InputError(f"semantic cluster_size is {self.cluster_size}, expected at least 1")


def cluster_count(documents: int, options: SemanticOptions) -> int:
    """Clusters for so many documents, at least one."""
    return max(1, round(documents / options.cluster_size))


def sketch(documents: pl.DataFrame, vectors: np.ndarray, centres: np.ndarray, options: SemanticOptions) -> pl.DataFrame:
    """The side table of one partition.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted here.
        vectors: float32 (n, dimensions), of length one, or zero where a text has nothing to embed.
        centres: float32 (k, dimensions).
        options: keep order.

    Returns:
        `doc_id`, the other columns of the keep order, `cluster_id`, `distance` to its centre, `vector`. A row depends
        on its document alone.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = documents
    if "length" not in frame.columns:
        frame = frame.with_columns(length=pl.col("text").str.len_chars())
    kept = dict.fromkeys(["doc_id", *order.columns(options.keep_order)])
    order.ranked(frame.clear(), options.keep_order)  # says which column is missing
    labels, distances = clusters.assign(vectors, centres)
    side = frame.select(list(kept)).with_columns(cluster_id=pl.Series(labels), distance=pl.Series(distances))
    return side.hstack([embedded.table(documents["doc_id"], vectors)["vector"]])


def decide(side: pl.DataFrame, options: SemanticOptions) -> pl.DataFrame:
    """Go through each cluster in keep order and drop what is alike to a document that was kept.

    So nothing is dropped whose cosine with the document it is said to repeat is under the threshold, and no two kept
    documents of a cluster reach it. Cosines are checked in double precision.

    Args:
        side: what `sketch` returned, of all partitions or of some whole clusters.
        options: threshold and keep order.

    Returns:
        Schema `stage.DROPS`, by `doc_id`: `duplicate_of` the most similar kept document, `similarity` the cosine with
        it, `cluster_id`. Independent of the order of rows.
    """
    rows = order.ranked(side, options.keep_order, first=["cluster_id"])
    found = [_decided(group, options.threshold) for group in rows.partition_by("cluster_id", maintain_order=True)]
    drops = pl.concat([pl.DataFrame(schema=stage.DROPS), *found])
    return drops.sort("doc_id")


def _decided(rows: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Dropped rows of one cluster, whose rows are in keep order."""
    vectors = embedded.matrix(rows)
    columns = np.ascontiguousarray(vectors.T)
    kept_row, similarity = np.empty(len(vectors), np.int64), np.empty(len(vectors))
    step = max(1, _BLOCK // len(vectors))
    for begin in range(0, len(vectors), step):
        end = min(len(vectors), begin + step)
        rough = np.empty((end - begin, end), np.float32)
        products(vectors[begin:end], np.ascontiguousarray(columns[:, :end]), rough)
        drop_greedily(vectors, rough, begin, threshold, kept_row, similarity)
    dropped = np.flatnonzero(kept_row >= 0)
    ids = rows["doc_id"]
    return pl.DataFrame(
        {
            "doc_id": ids.gather(dropped),
            "rule": [RULE] * len(dropped),
            "value": similarity[dropped],
            "threshold": [threshold] * len(dropped),
            "duplicate_of": ids.gather(kept_row[dropped]),
            "similarity": similarity[dropped],
            "cluster_id": rows["cluster_id"].gather(dropped),
            "detail": [None] * len(dropped),
        },
        schema=stage.DROPS,
    )
