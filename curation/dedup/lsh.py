"""Locality-sensitive hashing: documents that share a band are candidates, and candidates form components."""

import numpy as np
import polars as pl


def band_columns(bands: int) -> list[str]:
    """Names of the columns of band keys."""
    return [f"band_{band:02d}" for band in range(bands)]


def star_edges(keys: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Edges between rows with the same key of one band: the first row of each group with every other of it.

    Args:
        keys: uint64 (rows,), null for a row without shingles.

    Returns:
        First rows and other rows, int64 (edges,) each; fewer edges than rows, however large a group is.
    """
    rows = np.flatnonzero(keys.is_not_null().to_numpy())
    present = keys.drop_nulls().to_numpy()
    order = np.argsort(present, kind="stable")
    ordered = present[order]
    starts = np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(ordered) else np.empty(0, bool)
    first = order[starts][np.cumsum(starts) - 1]
    return rows[first[~starts]], rows[order[~starts]]


def components(side: pl.DataFrame, bands: list[str]) -> pl.DataFrame:
    """Connected components of two and more documents, where documents are connected that share a key of a band.

    Args:
        side: `doc_id` (unique) and the columns of band keys, rows of all partitions in any order.
        bands: names of these columns.

    Returns:
        `doc_id`, `component` (int64 from 0), by `doc_id`; components are numbered by their smallest id.
    """
    from scipy.sparse import coo_matrix  # loaded where it is used: every command would wait for it
    from scipy.sparse.csgraph import connected_components

    edges = [star_edges(side[band]) for band in bands]
    firsts = np.concatenate([first for first, _ in edges])
    others = np.concatenate([other for _, other in edges])
    graph = coo_matrix((np.ones(len(firsts), np.int8), (firsts, others)), shape=(side.height, side.height))
    _, labels = connected_components(graph, directed=False)
    members = np.bincount(labels, minlength=1)[labels] > 1
    rows = side.select("doc_id", label=pl.Series(labels, dtype=pl.Int64)).filter(pl.Series(members)).sort("doc_id")
    numbers = rows.select(pl.col("label").unique(maintain_order=True)).with_row_index("component")
    return rows.join(numbers, on="label", how="left", maintain_order="left").select(
        "doc_id", pl.col("component").cast(pl.Int64)
    )
