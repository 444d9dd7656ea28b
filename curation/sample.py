"""Seeded draws by the hash of an id: the same rows whatever their order and partitions.

sample = merged(concat(candidates(partition, size, seed) for each partition), size)
"""

import polars as pl
import xxhash


def hashes(ids: pl.Series, seed: int) -> pl.Series:
    """xxh3-64 of each id under a seed, UInt64: uniform numbers that belong to the row, not to its place."""
    seeded = seed % (1 << 64)
    return pl.Series("hash", [xxhash.xxh3_64_intdigest(name.encode(), seed=seeded) for name in ids], dtype=pl.UInt64)


def candidates(documents: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """Candidates of one partition for a sample of documents: `doc_id`, `text`, `hash`, at most `size` rows.

    Args:
        documents: `doc_id` (unique), `text`.
        size: documents wanted of all partitions.
        seed: of the draw.
    """
    return merged(documents.select("doc_id", "text", hash=hashes(documents["doc_id"], seed)), size)


def merged(found: pl.DataFrame, size: int) -> pl.DataFrame:
    """The sample of all partitions from the candidates of each: the smallest hashes, in their order."""
    return found.sort("hash", "doc_id").head(size)
