"""Hashed n-grams of texts, of words and of characters within words, as sparse counts: no vocabulary, no fitting.

What a text is made of is read from its NFC, lower-cased form. A word is a run of letters, marks and digits; other
visible characters form tokens of their own, so that punctuation and mark-up count too. Characters within words let
Korean words with different particles resemble each other. Buckets are drawn by a hash that is written here (a
polynomial over character numbers, mixed as in MurmurHash3) and so is the same on every machine and in every version.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from .dedup import buffers
from .errors import InputError
from .ngram_kernels import count_ngrams

if TYPE_CHECKING:
    from scipy import sparse  # loaded where it is used: every command would wait for it

_KNOWN = 0x34000  # characters from here on (tags, private use) are no part of a word
_BATCH = 4_000_000  # counts that are held in one go, so that memory is bounded
_WORD, _MARK, _SPACE = 1, 2, 0


@dataclass(frozen=True)
class NgramOptions:
    """Which n-grams are counted and in how many buckets.

    Attributes:
        words: longest word n-gram; from single words on. 0: none.
        shortest: shortest character n-gram within a word and its edges.
        longest: longest character n-gram. 0: none.
        marks: whether runs of punctuation and symbols are tokens among the words.
        buckets: numbers that n-grams are hashed to, a power of two.
    """

    words: int = 2
    shortest: int = 2
    longest: int = 4
    marks: bool = True
    buckets: int = 1 << 18

    def __post_init__(self) -> None:
        if not 0 <= self.words <= 8 or not 0 <= self.longest <= 16:
            raise InputError(
                f"n-grams: words is {self.words} and longest {self.longest}, expected 0 to 8 and 0 to 16 characters"
            )
        if self.words == 0 and self.longest == 0:
            raise InputError("n-grams: words and longest are both 0, expected one of them above 0")
        if self.longest and not 1 <= self.shortest <= self.longest:
            raise InputError(f"n-grams: shortest is {self.shortest}, expected 1 to longest ({self.longest})")
        if not 16 <= self.buckets <= 1 << 24 or self.buckets & (self.buckets - 1):
            raise InputError(f"n-grams: buckets is {self.buckets}, expected a power of two from 16 to 16777216")


def batches(texts: pl.Series, options: NgramOptions) -> "Iterator[sparse.csr_matrix]":
    """Counts of each text's n-grams, in batches of whole texts that hold about 4 million counts at most.

    Args:
        texts: n texts, none missing.
        options: what to count.

    Yields:
        Matrices of float32, (texts of the batch, buckets), together all texts in their order. A row depends on its text
        alone; its indices are in the order of the text, not ascending. A text without words or marks has no counts.
    """
    from scipy import sparse

    if not len(texts):
        return
    folded = texts.to_frame("text").select(pl.col("text").str.normalize("NFC").str.to_lowercase()).to_series()
    content, starts = buffers.utf8(folded)
    table = _classes()
    most = np.minimum(_most(np.diff(starts), options), options.buckets)
    ends = np.concatenate(([0], np.cumsum(most)))
    row = 0
    while row < len(texts):
        end = max(row + 1, int(np.searchsorted(ends, ends[row] + _BATCH, side="right")) - 1)
        room = int(ends[end] - ends[row])
        offsets = np.zeros(end - row + 1, np.int64)
        indices, values = np.empty(room, np.int32), np.empty(room, np.float32)
        count_ngrams(content, starts[row : end + 1], table, 0, end - row, options.words, options.shortest,
                     options.longest, options.marks, options.buckets, offsets, indices, values)  # fmt: skip
        used = int(offsets[-1])
        yield sparse.csr_matrix((values[:used].copy(), indices[:used].copy(), offsets), (end - row, options.buckets))
        row = end


def counts(texts: pl.Series, options: NgramOptions) -> "sparse.csr_matrix":
    """Counts of each text's n-grams in one matrix, float32 (n, buckets): 8 bytes for each different one of a text."""
    from scipy import sparse

    parts = list(batches(texts, options))
    return sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix((0, options.buckets), dtype=np.float32)


def totals(texts: pl.Series, options: NgramOptions) -> np.ndarray:
    """Number of n-grams of all texts in each bucket, int64 (buckets,): sums of partitions add up exactly."""
    result = np.zeros(options.buckets, np.int64)
    for part in batches(texts, options):
        result += np.bincount(part.indices, part.data, options.buckets).astype(np.int64)
    return result


def rarity(counts: "sparse.csr_matrix") -> np.ndarray:
    """Smoothed inverse document frequency of each bucket, log((1 + n) / (1 + documents with it)) + 1: float32."""
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    return (np.log((1 + counts.shape[0]) / (1 + documents)) + 1).astype(np.float32)


def weighted(counts: "sparse.csr_matrix", rarities: np.ndarray) -> "sparse.csr_matrix":
    """(1 + log count) * rarity of each n-gram, every row at length one; float32, the shape of `counts`."""
    from scipy import sparse

    values = (1 + np.log(counts.data)) * rarities[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    norms = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, counts.shape[0]))
    norms[norms == 0] = 1
    return sparse.csr_matrix(((values / norms[rows]).astype(np.float32), counts.indices, counts.indptr), counts.shape)


def _most(sizes: np.ndarray, options: NgramOptions) -> np.ndarray:
    """The most n-grams that texts of so many bytes can have: edges make a word's characters at most twice as many."""
    characters = 2 * sizes * (options.longest - options.shortest + 1 if options.longest else 0)
    return characters + sizes * options.words + 1


@lru_cache(1)
def _classes() -> np.ndarray:
    """Class of each character below U+34000, uint8: part of a word, a mark, or a space."""
    table = np.full(_KNOWN, _MARK, np.uint8)
    for code in range(_KNOWN):
        category = unicodedata.category(chr(code))[0]
        if category in "LMN":
            table[code] = _WORD
        elif category in "ZC":  # spaces, controls, what is not assigned
            table[code] = _SPACE
    return table
