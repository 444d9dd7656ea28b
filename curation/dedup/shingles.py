"""Shingles of a text as hashes: runs of words, or of characters where words are no steady unit.

A document whose letters are Hangul, ideographs, kana or of another script without spaces for a share of
`character_share` or more gives runs of characters with spaces and punctuation removed: in Korean, spacing is so free
that leaving out a tenth of the spaces halves the similarity of word shingles and leaves that of characters at one.
Every other document gives runs of lower-cased words. Both are read from the UTF-8 bytes by compiled kernels that hold
no lock, on as many threads as there are cores; what they return does not depend on the threads.
"""

import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from ..errors import InputError
from . import buffers, kernels

SEPARATOR, SPACED, UNSPACED, OTHER = 0, 1, 2, 3  # classes of a character; OTHER are digits and marks
_KNOWN = 0x34000  # characters from here on (tags, private use) separate words
_UNSPACED_NAMES = ("HANGUL", "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "YI")


@dataclass(frozen=True)
class ShingleOptions:
    """How documents are cut into shingles."""

    words: int = 5  # words of a shingle
    characters: int = 8  # characters of a shingle, where characters are used
    character_share: float = 0.3  # share of Hangul and the like among the letters from which characters are used

    def __post_init__(self) -> None:
        if self.words < 1 or self.characters < 1:
            raise InputError(f"shingles of {self.words} words and {self.characters} characters, expected at least 1")
        if not 0 <= self.character_share <= 1:
            raise InputError(f"character share {self.character_share}, expected 0 to 1")


@dataclass(frozen=True)
class Shingles:
    """Hashed shingles of documents, in order of the text and with repeats."""

    values: np.ndarray  # uint32 (shingles,)
    offsets: np.ndarray  # int64 (documents + 1,): those of document i are values[offsets[i]:offsets[i + 1]]


def shingles(texts: pl.Series, options: ShingleOptions, threads: int | None = None) -> Shingles:
    """Shingles of each text, 32-bit hashes; none for a text shorter than one shingle.

    Args:
        texts: n texts, none missing.
        options: how to cut them.
        threads: threads to use, those the process may run on when none.
    """
    folded = texts.to_frame("text").select(pl.col("text").str.normalize("NFC").str.to_lowercase()).to_series()
    content, starts = buffers.utf8(folded)
    table = character_classes()
    counts = np.zeros(len(texts), np.int64)
    by_characters = np.zeros(len(texts), np.uint8)

    def measure(begin: int, end: int) -> None:
        kernels.measure_shingles(content, starts, table, begin, end, options.words, options.characters,
                                 options.character_share, counts, by_characters)  # fmt: skip

    in_threads(measure, starts, threads)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    values = np.empty(int(offsets[-1]), np.uint32)

    def fill(begin: int, end: int) -> None:
        kernels.fill_shingles(content, starts, table, begin, end, options.words, options.characters, by_characters,
                              offsets, values)  # fmt: skip

    in_threads(fill, starts, threads)
    return Shingles(values, offsets)


def distinct(cut: Shingles) -> Shingles:
    """Each document's shingles sorted and without repeats."""
    rows = len(cut.offsets) - 1
    owners = np.repeat(np.arange(rows, dtype=np.uint64), np.diff(cut.offsets))
    pairs = owners << np.uint64(32) | cut.values
    pairs.sort()
    pairs = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))] if len(pairs) else pairs
    offsets = np.searchsorted(pairs, np.arange(rows + 1, dtype=np.uint64) << np.uint64(32)).astype(np.int64)
    return Shingles(pairs.astype(np.uint32), offsets)


def in_threads(work: Callable[[int, int], None], starts: np.ndarray, threads: int | None = None) -> None:
    """Run `work(begin, end)` over ranges of rows that together are all rows, of about equal content.

    Args:
        work: writes only to its own rows; should release the interpreter's lock.
        starts: int64 (rows + 1,): where each row's content begins.
        threads: threads to use, those the process may run on when none.
    """
    rows = len(starts) - 1
    count = min(threads or _cores(), max(rows, 1))
    cuts = np.searchsorted(starts, starts[0] + np.arange(1, count) * ((starts[-1] - starts[0]) / count))
    edges = [0, *(int(cut) for cut in np.clip(cuts, 0, rows)), rows]
    ranges = [(begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True) if begin < end]
    if len(ranges) < 2:
        for begin, end in ranges:
            work(begin, end)
        return
    with ThreadPoolExecutor(len(ranges)) as pool:
        list(pool.map(lambda pair: work(*pair), ranges))


def _cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(1)
def character_classes() -> np.ndarray:
    """Class of each character below U+34000, uint8: letters, marks and digits make words, all else separates them."""
    table = np.zeros(_KNOWN, np.uint8)
    for code in range(_KNOWN):
        category = unicodedata.category(chr(code))[0]
        if category == "L":
            unspaced = unicodedata.name(chr(code), "").startswith(_UNSPACED_NAMES)
            table[code] = UNSPACED if unspaced else SPACED
        elif category in "MN":
            table[code] = OTHER
    return table
