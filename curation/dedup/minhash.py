"""Near duplicates by MinHash: sketches a partition at a time, then candidates, their shingles and the decision.

    side = concat(sketch(partition, options) for each partition)
    candidates = components(side, options)
    sets = concat(shingle_sets(rows of the partition that are candidates, options) for each partition)
    dropped = verify(side, candidates, sets, options)

Signatures are those of `datasketch.MinHash` 2 with its default permutations (`affine32`), given the same input hashes.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..errors import InputError
from . import buffers, kernels, lsh, order
from . import verify as verification
from .shingles import ShingleOptions, Shingles, distinct, in_threads, shingles


@dataclass(frozen=True)
class MinHashOptions:
    """How near duplicates are found.

    With b bands of r rows a pair of Jaccard similarity s becomes a candidate with probability 1 - (1 - s^r)^b: 20 x 6
    finds .92 of the pairs at .7 and .998 at .8; 14 x 8 (FineWeb) finds .56 and .92.
    """

    threshold: float = 0.7  # least exact Jaccard similarity of a duplicate
    bands: int = 20
    rows: int = 6  # signature values a band
    seed: int = 1  # of the permutations
    keep_order: tuple[str, ...] = order.KEEP_ORDER  # see `order.ranked`; `length` is in characters
    shingles: ShingleOptions = ShingleOptions()

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError(f"MinHash threshold {self.threshold}, expected more than 0 and at most 1")
        if self.bands < 1 or self.rows < 1:
            raise InputError(f"{self.bands} bands of {self.rows} rows, expected at least 1 of each")


def permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors (odd) and summands of `count` permutations h -> a h + b modulo 2^32, uint32, as datasketch draws them."""
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, count, dtype=np.uint32)


def signatures(hashes: Shingles, count: int = 120, seed: int = 1, threads: int | None = None) -> np.ndarray:
    """MinHash signatures (Broder 1997), bit for bit those of `datasketch.MinHash(count, seed)`.

    Args:
        hashes: 32-bit hashes of the shingles of n documents; order and repeats do not matter.
        count: permutations.
        seed: of the permutations.
        threads: threads to use, those the process may run on when none.

    Returns:
        uint32 of shape (n, count); all ones in binary for a document without shingles.
    """
    a, b = permutations(count, seed)
    result = np.empty((len(hashes.offsets) - 1, count), np.uint32)
    in_threads(
        lambda begin, end: kernels.sign_rows(hashes.values, hashes.offsets, a, b, begin, end, result),
        hashes.offsets,
        threads,
    )
    return result


def sketch(documents: pl.DataFrame, options: MinHashOptions, threads: int | None = None) -> pl.DataFrame:
    """The narrow side table of one partition.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted here.
        options: how near duplicates are found.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, the other columns of the keep order, and the keys of the bands, uint64; null for a document shorter
        than one shingle, which only exact dedup can judge. Rows as in `documents`.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = documents
    if "length" not in frame.columns:
        frame = frame.with_columns(length=pl.col("text").str.len_chars())
    kept = dict.fromkeys(["doc_id", *order.columns(options.keep_order)])
    order.ranked(frame.clear(), options.keep_order)  # says which column is missing
    cut = shingles(documents["text"], options.shingles, threads)
    a, b = permutations(options.bands * options.rows, options.seed)
    keys = np.empty((options.bands, documents.height), np.uint64)
    in_threads(
        lambda begin, end: kernels.band_rows(cut.values, cut.offsets, a, b, options.rows, begin, end, keys),
        cut.offsets,
        threads,
    )
    has_shingles = pl.Series(np.diff(cut.offsets) > 0)
    bands = pl.DataFrame(dict(zip(lsh.band_columns(options.bands), keys, strict=True)))
    return frame.select(list(kept)).hstack(bands.select(pl.when(has_shingles).then(pl.all())))


def components(side: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """Candidates: `doc_id` and `component` of the documents that share a band with another; see `lsh.components`."""
    return lsh.components(side, lsh.band_columns(options.bands))


def shingle_sets(documents: pl.DataFrame, options: MinHashOptions, threads: int | None = None) -> pl.DataFrame:
    """`doc_id` and `shingles`, the ascending distinct 32-bit hashes of each document's shingles: list of uint32."""
    sets = distinct(shingles(documents["text"], options.shingles, threads))
    return documents.select("doc_id", shingles=buffers.lists(sets.values, sets.offsets))


def verify(side: pl.DataFrame, candidates: pl.DataFrame, sets: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """Documents to drop: `doc_id`, `duplicate_of`, `similarity`, `cluster_id`; see `verify.decide`."""
    bands = lsh.band_columns(options.bands)
    return verification.decide(side, candidates, sets, bands, options.threshold, options.keep_order)


def decide(documents: pl.DataFrame, options: MinHashOptions, threads: int | None = None) -> pl.DataFrame:
    """All of it for documents that fit in memory: the same decisions as in passes over partitions."""
    side = sketch(documents, options, threads)
    candidates = components(side, options)
    chosen = documents.join(candidates, on="doc_id", how="semi")
    return verify(side, candidates, shingle_sets(chosen, options, threads), options)
