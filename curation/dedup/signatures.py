"""Sketches of documents: signatures, keys of their bands, and what says that two have the same shingles."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..errors import InputError
from . import buffers, kernels, lsh, order
from .shingles import ShingleOptions, Shingles, distinct, filled, in_threads, shingles
from .shingles import sketch as sketch_texts

SAME = ("same_high", "same_low")


@dataclass(frozen=True)
class MinHashOptions:
    """How near duplicates are found.

    With b bands of r rows a pair of Jaccard similarity s becomes a candidate with probability 1 - (1 - s^r)^b: 20 x 6
    finds .92 of the pairs at .7 and .998 at .8; 14 x 8 (FineWeb) finds .56 and .92.

    Attributes:
        threshold: least exact Jaccard similarity of a duplicate, over 0 and at most 1.
        bands: number of bands.
        rows: signature values a band.
        seed: of the permutations.
        keep_order: columns, see `order.ranked`; `length` is in characters.
        shingles: how documents are cut.
    """

    threshold: float = 0.7
    bands: int = 20
    rows: int = 6
    seed: int = 1
    keep_order: tuple[str, ...] = order.KEEP_ORDER
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
    a, b = (filled(parameters) for parameters in permutations(count, seed))
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
        `doc_id`, the other columns of the keep order, `shingles` (their number, uint32), `same_high` and `same_low`
        (uint64, hashes of the whole series of shingles), and the keys of the bands, uint64; keys are null for a
        document shorter than one shingle, which only exact dedup can judge. Rows as in `documents`.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = order.measured(documents, options.keep_order)
    a, b = permutations(options.bands * options.rows, options.seed)
    found = sketch_texts(documents["text"], options.shingles, a, b, options.bands, threads=threads)
    keys = dict(zip([*SAME, *lsh.band_columns(options.bands)], [*found.same, *found.keys], strict=True))
    has_shingles = pl.Series(found.counts > 0)
    hashes = pl.DataFrame(keys).select(pl.when(has_shingles).then(pl.all()))
    return frame.with_columns(shingles=pl.Series(found.counts, dtype=pl.UInt32)).hstack(hashes)


def shingle_sets(documents: pl.DataFrame, options: MinHashOptions, threads: int | None = None) -> pl.DataFrame:
    """`doc_id` and `shingles`, the ascending distinct 32-bit hashes of each document's shingles: list of uint32."""
    sets = distinct(shingles(documents["text"], options.shingles, threads))
    return documents.select("doc_id", shingles=buffers.lists(sets.values, sets.offsets))
