"""Near duplicates by MinHash, of documents that fit in memory; `candidates` has the same for a corpus in partitions.

Signatures are those of `datasketch.MinHash` 2 with its default permutations (`affine32`), given the same input hashes.
"""

import polars as pl

from . import candidates, lsh
from . import verify as verification
from .signatures import MinHashOptions, permutations, shingle_sets, signatures, sketch

__all__ = ["MinHashOptions", "components", "decide", "permutations", "shingle_sets", "signatures", "sketch", "verify"]


def decide(documents: pl.DataFrame, options: MinHashOptions, threads: int | None = None) -> pl.DataFrame:
    """Decisions about documents: the same, in the same order, as of these in any partitions.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted.
        options: how near duplicates are found.
        threads: threads to use, those the process may run on when none.

    Returns:
        Schema `DROPS`; see `candidates.drops`.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    side = sketch(documents, options, threads)
    plan = candidates.plan(lambda _, names: side.select(names), 1, options, threads=threads)
    part = plan.part(0)
    rows = candidates.rows(documents, side, part, options, threads)
    found = [verification.decide_shard(rows.filter(pl.col("shard") == shard), options) for shard in range(plan.shards)]
    decided = pl.concat([pl.DataFrame(schema=verification.FOUND), *found])
    return candidates.drops(documents.select("doc_id"), part, plan.kept, decided, options)


def components(side: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """Candidates: `doc_id` and `component` of the documents that share a band with another; see `lsh.components`."""
    return lsh.components(side, lsh.band_columns(options.bands))


def verify(side: pl.DataFrame, found: pl.DataFrame, sets: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """Documents to drop: `doc_id`, `duplicate_of`, `similarity`, `cluster_id`; see `verify.decide`."""
    bands = lsh.band_columns(options.bands)
    return verification.decide(side, found, sets, bands, options.threshold, options.keep_order)
