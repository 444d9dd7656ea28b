"""Near dedup of a corpus in partitions, in bounded memory and in tasks that may run anywhere.

    side[p]  = signatures.sketch(documents[p], options)                      each partition
    plan     = candidates.plan(load, partitions, options)                 once: narrow columns of `side`, one at a time
    rows[p]  = candidates.rows(documents[p], side[p], plan.part(p), ...)  each partition: what is to be verified
    found[s] = verify.decide_shard(rows of shard s of all p, options)     each shard
    drops[p] = candidates.drops(documents[p], plan.part(p), plan.kept, found of all s, options)   each partition

Documents with the same series of shingles are one: the first of them in keep order takes part, and the others share
what becomes of it. So a page that is there ten million times is compared once.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import stage, tables
from ..cores import cores
from . import copies, joins, lsh, order
from .copies import Load
from .signatures import SAME, MinHashOptions, shingle_sets

PART = pl.Schema({"row": pl.Int64, "first": pl.Int64, "component": pl.Int64, "shard": pl.Int32})
RULE = "duplicate.minhash"


@dataclass(frozen=True)
class Plan:
    """Which rows are to be compared, and where.

    Attributes:
        copies: rows with the same shingles.
        component: int64 (rows,): smallest row of the component of candidates; -1 for a row that is none.
        shard: int32 (rows,): number of the shard in which a component is verified; -1 likewise.
        shards: number of shards.
    """

    copies: copies.Copies
    component: np.ndarray
    shard: np.ndarray
    shards: int

    @property
    def kept(self) -> pl.DataFrame:
        """`row`, `doc_id` of the rows that stand for others with the same shingles."""
        return self.copies.kept

    def part(self, number: int) -> pl.DataFrame:
        """The rows of a partition, schema `PART`."""
        begin, end = self.copies.starts[number], self.copies.starts[number + 1]
        here = slice(begin, end)
        columns = [np.arange(begin, end), self.copies.first[here], self.component[here], self.shard[here]]
        return pl.DataFrame(dict(zip(PART, columns, strict=True)), schema=PART)


def plan(
    load: Load, parts: int, options: MinHashOptions, shard_shingles: int = 8_000_000, threads: int | None = None
) -> Plan:
    """Find the candidates of all partitions.

    Memory is about 60 bytes a row and 60 for each thread, and what `load` takes to read one column of a partition; a
    component is never divided, so the largest of them bounds the memory of its shard.

    Args:
        load: reads columns of the side tables that `signatures.sketch` made.
        parts: number of partitions.
        options: how near duplicates are found.
        shard_shingles: about how many shingles are verified at a time.
        threads: bands that are joined at a time, as many as the process may run on when none.
    """
    same = copies.find(load, parts, SAME, options.keep_order)
    _, counts = copies.column(load, parts, "shingles")
    # One shingle against two is at most a half; against one it is nothing or the same, and `copies` has found that.
    taking_part = (same.first == np.arange(len(same.first))) & (counts > (options.threshold > 0.5))
    component = _components(load, parts, options, taking_part, threads or cores())
    weights = np.bincount(component[component >= 0], counts[component >= 0] + 100.0, len(component))
    before = np.cumsum(weights) - weights
    shard = np.where(component >= 0, before[component] // shard_shingles, -1).astype(np.int32)
    return Plan(same, component, shard, int(shard.max(initial=-1)) + 1)


def _components(load: Load, parts: int, options: MinHashOptions, taking_part: np.ndarray, threads: int) -> np.ndarray:
    """Smallest row of the component of each row that shares a band with another, -1 for the rest."""
    parent = np.arange(len(taking_part))

    def joined(keys: np.ndarray) -> np.ndarray:
        first = np.empty(len(keys), np.int64)
        joins.first_with_key(keys, keys, taking_part, first)
        return first

    bands = lsh.band_columns(options.bands)
    with ThreadPoolExecutor(threads) as pool:
        for begin in range(0, len(bands), threads):  # no more at a time: memory is bounded
            keys = [copies.column(load, parts, band)[1] for band in bands[begin : begin + threads]]
            for first in pool.map(joined, keys):
                joins.unite(first, parent)
    joins.flatten(parent)
    sizes = np.bincount(parent[taking_part], minlength=len(parent))
    return np.where(taking_part & (sizes[parent] > 1), parent, -1)


def rows(
    documents: pl.DataFrame, side: pl.DataFrame, part: pl.DataFrame, options: MinHashOptions, threads: int | None = None
) -> pl.DataFrame:
    """What is needed to verify the candidates of one partition.

    Args:
        documents: `doc_id` and `text`, the rows that were sketched.
        side: their side table.
        part: their part of the plan.
        options: how near duplicates are found.
        threads: threads to use, those the process may run on when none.

    Returns:
        `shard`, `component`, `row`, `doc_id`, the other columns of the keep order, the bands and `shingles` (distinct,
        ascending: list of uint32); candidates only, by shard and row.
    """
    chosen = part.select("shard", "component", "row", index=pl.int_range(pl.len())).filter(pl.col("shard") >= 0)
    chosen = chosen.sort("shard", "row")
    index = chosen["index"]
    names = dict.fromkeys(["doc_id", *order.columns(options.keep_order), *lsh.band_columns(options.bands)])
    sets = shingle_sets(documents[index], options, threads)
    return chosen.drop("index").hstack(side[index].select(list(names))).hstack(sets.select("shingles"))


def drops(
    documents: pl.DataFrame, part: pl.DataFrame, kept: pl.DataFrame, found: pl.DataFrame, options: MinHashOptions
) -> pl.DataFrame:
    """Decisions about one partition.

    Args:
        documents: `doc_id`, the rows that were sketched.
        part: their part of the plan.
        kept: `Plan.kept`.
        found: what `verify.decide_shard` decided, of all shards; rows of other partitions do no harm.
        options: how near duplicates are found.

    Returns:
        Schema `DROPS`, by `doc_id`: rule `duplicate.minhash`, `value` and `similarity` the Jaccard similarity to
        `duplicate_of`, which is kept.
    """
    numbered = part.select("row", "first").hstack(documents.select("doc_id"))
    decided = found.select("row", "duplicate_of", "similarity", "cluster_id")
    alone = numbered.join(decided, on="row", how="inner").filter(pl.col("duplicate_of").is_not_null())
    repeats = numbered.filter((pl.col("first") >= 0) & (pl.col("first") != pl.col("row")))
    concerned = kept.join(repeats.select(row="first").unique(), on="row", how="semi").join(
        decided, on="row", how="left"
    )
    becomes = concerned.select(
        first="row",
        duplicate_of=pl.coalesce("duplicate_of", "doc_id"),
        similarity=pl.when(pl.col("duplicate_of").is_null()).then(1.0).otherwise("similarity"),
        cluster_id=pl.coalesce("cluster_id", copies.cluster_ids(concerned["doc_id"])),
    )
    shared = repeats.join(becomes, on="first", how="inner")
    columns = ["doc_id", "duplicate_of", "similarity", "cluster_id"]
    gone = pl.concat([alone.select(columns), shared.select(columns)]).sort("doc_id")
    gone = gone.with_columns(rule=pl.lit(RULE), threshold=pl.lit(options.threshold), value="similarity")
    return tables.complete(gone, stage.DROPS)
