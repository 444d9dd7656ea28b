"""Which candidates are duplicates in truth: exact Jaccard similarity with a row that is kept."""

import numpy as np
import polars as pl

from . import buffers, copies, joins, lsh, order
from .signatures import MinHashOptions

_BATCH = 8_000_000  # shingles of whole components that are compared in one go, so that memory is bounded

_PAIRS = 32  # rows of a component up to which each is compared with each

FOUND = pl.Schema({"row": pl.Int64, "duplicate_of": pl.String, "similarity": pl.Float64, "cluster_id": pl.Int64})
DECISIONS = pl.Schema(
    {"doc_id": pl.String, "duplicate_of": pl.String, "similarity": pl.Float64, "cluster_id": pl.Int64}
)


def decide(
    side: pl.DataFrame,
    candidates: pl.DataFrame,
    sets: pl.DataFrame,
    bands: list[str],
    threshold: float,
    keep_order: tuple[str, ...],
) -> pl.DataFrame:
    """Go through each component in keep order and drop what repeats a row that was kept.

    A row is dropped when its exact Jaccard similarity with an already kept row of which it shares a band reaches the
    threshold; otherwise it is kept and others are compared with it. So nothing is dropped for resembling a row that is
    itself dropped, as chains in a component would have it. Kept rows are found through the rarest shingles of a row
    (prefix filtering), so that a component of many rows that merely share boilerplate costs no square of its size.

    Args:
        side: `doc_id`, the columns of the keep order and of the bands.
        candidates: `doc_id`, `component`: the rows in question.
        sets: `doc_id`, `shingles` (ascending, distinct) of all candidates.
        bands: names of the columns of band keys.
        threshold: least similarity of a duplicate.
        keep_order: see `order.ranked`.

    Returns:
        Dropped rows by `doc_id`: `doc_id`, `duplicate_of` (the most similar kept row, of equal ones the first in keep
        order), `similarity`, `cluster_id` (the component). Independent of the order of rows.

    Raises:
        ValueError: when a candidate has no row in `side` or no shingles in `sets`.
    """
    rows = candidates.join(side, on="doc_id", how="inner").join(
        sets.select("doc_id", set=pl.int_range(pl.len()), size=pl.col("shingles").list.len().cast(pl.Int64)),
        on="doc_id",
        how="inner",
    )
    if rows.height != candidates.height or (rows["size"] == 0).any():
        raise ValueError(f"{candidates.height} candidates, of {rows.height} there are band keys and shingles")
    if not rows.height:
        return pl.DataFrame(schema=DECISIONS)
    rows = order.ranked(rows, keep_order, first=["component"])
    values, offsets = buffers.unlisted(sets["shingles"])
    decided = [
        _batch(batch, values, offsets, bands, threshold)
        for batch in rows.with_columns(batch=_batches(rows)).partition_by("batch", maintain_order=True)
    ]
    return pl.concat(decided).sort("doc_id")


def decide_shard(rows: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """The same choice among whole components, as `candidates.rows` gives them.

    Components of few rows are compared pair by pair, larger ones through their rarest shingles; both choose alike.

    Args:
        rows: what `candidates.rows` gave of all partitions for the components in question, in any order.
        options: how near duplicates are found.

    Returns:
        Schema `FOUND`, a row for each, by `row`: `duplicate_of` and `similarity` are null for one that is kept.
        `cluster_id` stands for the smallest `doc_id` of the component (`copies.cluster_id`).
    """
    if not rows.height:
        return pl.DataFrame(schema=FOUND)
    bands = lsh.band_columns(options.bands)
    sizes = pl.len().over("component") > _PAIRS
    ranked = order.ranked(rows.with_columns(large=sizes), options.keep_order, first=["large", "component"])
    values, offsets = buffers.unlisted(ranked["shingles"])
    keys = np.stack([ranked[band].to_numpy() for band in bands])
    kept_row, similarity = np.empty(ranked.height, np.int64), np.empty(ranked.height)
    small = int((~ranked["large"]).sum())
    changes = np.flatnonzero(np.diff(ranked["component"][:small].to_numpy())) + 1
    starts = np.concatenate(([0], changes, [small])).astype(np.int64)
    joins.keep_by_pairs(values, offsets, keys, starts, options.threshold, kept_row, similarity)
    if small < ranked.height:
        ranks, different = _by_rarity(values[offsets[small] :], np.diff(offsets[small:]))
        chosen, alike = np.empty(ranked.height - small, np.int64), np.empty(ranked.height - small)
        joins.keep_greedily(ranks, offsets[small:] - offsets[small], np.ascontiguousarray(keys[:, small:]),
                            options.threshold, different, chosen, alike)  # fmt: skip
        kept_row[small:] = np.where(chosen >= 0, chosen + small, -1)
        similarity[small:] = alike
    ids = ranked["doc_id"]
    gone = pl.Series(kept_row >= 0)
    named = ranked.group_by("component", maintain_order=True).agg(pl.col("doc_id").min())
    clusters = copies.cluster_ids(named["doc_id"])
    decided = ranked.select(
        "row",
        "component",
        duplicate_of=pl.when(gone).then(ids.gather(np.maximum(kept_row, 0))),
        similarity=pl.when(gone).then(pl.Series(similarity)),
    ).join(named.select("component", cluster_id=clusters), on="component", how="left", maintain_order="left")
    return decided.select(FOUND.names()).sort("row")


def _batches(rows: pl.DataFrame) -> pl.Series:
    """Number of the batch of each row: whole components, together of about `_BATCH` shingles."""
    before = rows.select(pl.col("size").cum_sum() - pl.col("size"), "component")
    return before.select(pl.col("size").first().over("component") // _BATCH).to_series()


def _batch(
    rows: pl.DataFrame, values: np.ndarray, offsets: np.ndarray, bands: list[str], threshold: float
) -> pl.DataFrame:
    """Decisions about rows that are sorted by component and keep order."""
    chosen = rows["set"].to_numpy()
    sizes = rows["size"].to_numpy()
    ends = np.concatenate(([0], np.cumsum(sizes)))
    at = np.repeat(offsets[chosen] - ends[:-1], sizes) + np.arange(ends[-1])
    ranks, different = _by_rarity(values[at], sizes)
    keys = np.stack([rows[band].to_numpy() for band in bands])
    kept_row, similarity = np.empty(len(sizes), np.int64), np.empty(len(sizes))
    joins.keep_greedily(ranks, ends, keys, threshold, different, kept_row, similarity)
    dropped = np.flatnonzero(kept_row >= 0)
    ids = rows["doc_id"]
    return pl.DataFrame(
        {
            "doc_id": ids.gather(dropped),
            "duplicate_of": ids.gather(kept_row[dropped]),
            "similarity": similarity[dropped],
            "cluster_id": rows["component"].gather(dropped),
        },
        schema=DECISIONS,
    )


def _by_rarity(values: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, int]:
    """Shingles as ranks, the rarest first and of equally rare ones the smaller hash, ascending in each row."""
    shingles, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.empty(len(shingles), np.uint64)
    ranks[np.lexsort((shingles, counts))] = np.arange(len(shingles), dtype=np.uint64)
    pairs = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes) << np.uint64(32) | ranks[places]
    pairs.sort()
    return pairs.astype(np.uint32), len(shingles)
