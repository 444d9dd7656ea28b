"""Shingles of a text as hashes: runs of words, or of characters where words are no steady unit.

A document whose letters are Hangul, ideographs, kana or of another script without spaces for a share of
`character_share` or more gives runs of characters with spaces and punctuation removed: in Korean, spacing is so free
that leaving out a tenth of the spaces halves the similarity of word shingles and leaves that of characters at one.
Every other document gives runs of lower-cased words. Both are read from the UTF-8 bytes by compiled kernels that hold
no lock, on as many threads as there are cores; what they return does not depend on the threads.
"""

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from ..cores import cores
from ..errors import InputError
from . import buffers, kernels

SEPARATOR, SPACED, UNSPACED, OTHER = 0, 1, 2, 3  # classes of a character; OTHER are digits and marks
_KNOWN = 0x34000  # characters from here on (tags, private use) separate words
_FINAL_SIGMA = {"ς": "σ"}
_WHITE = {*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
_MANY, _PIECES = 1000, 4  # from so many rows on each thread takes several ranges, since some are slower to read
LANES = 32  # permutations that a compiled loop takes at a time
_UNSPACED_NAMES = ("HANGUL", "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "YI")


@dataclass(frozen=True)
class ShingleOptions:
    """How documents are cut into shingles.

    Attributes:
        words: words of a shingle, at least 1.
        characters: characters of a shingle, where characters are used, at least 1.
        character_share: share of Hangul and the like among the letters from which characters are used, 0 to 1.
    """

    words: int = 5
    characters: int = 8
    character_share: float = 0.3

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
    sketches = sketch(texts, options, np.empty(0, np.uint32), np.empty(0, np.uint32), threads=threads)
    texts = texts.zip_with(~sketches.unsettled, texts.str.normalize("NFC")) if sketches.unsettled.any() else texts
    content, starts = buffers.utf8(texts)
    table = characters()
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(sketches.counts, out=offsets[1:])
    values = np.empty(int(offsets[-1]), np.uint32)

    def cut(begin: int, end: int) -> None:
        kernels.cut_texts(content, starts, table, options.words, options.characters, options.character_share,
                          begin, end, offsets, values)  # fmt: skip

    in_threads(cut, starts, threads)
    return Shingles(values, offsets)


@dataclass(frozen=True)
class Sketches:
    """What one walk over n texts gives.

    Attributes:
        counts: shingles of each text, int64 (n,).
        same: hashes of the series of a text's shingles, uint64 (2, n); repeats in a row count once. Texts with the
            same two have the same shingles.
        signatures: uint32 (n, permutations), or (0, 0) where not asked for.
        keys: band keys, uint64 (bands, n).
        unsettled: texts that may not be in NFC, and were brought into it.
    """

    counts: np.ndarray
    same: np.ndarray
    signatures: np.ndarray
    keys: np.ndarray
    unsettled: pl.Series


def sketch(
    texts: pl.Series,
    options: ShingleOptions,
    a: np.ndarray,
    b: np.ndarray,
    bands: int = 0,
    signed: bool = False,
    threads: int | None = None,
) -> Sketches:
    """Sketch texts in one walk over their bytes, without keeping their shingles.

    Args:
        texts: n texts, none missing.
        options: how to cut them.
        a: factors of the permutations, uint32, odd.
        b: summands of the permutations, uint32.
        bands: equal runs of permutations of which keys are made.
        signed: return the signatures themselves.
        threads: threads to use, those the process may run on when none.
    """
    found = _walk(texts, options, a, b, bands, signed, False, threads)
    if not found.unsettled.any():
        return found
    again = _walk(texts.filter(found.unsettled).str.normalize("NFC"), options, a, b, bands, signed, True, threads)
    rows = np.flatnonzero(found.unsettled.to_numpy())
    found.counts[rows], found.same[:, rows] = again.counts, again.same
    if signed:
        found.signatures[rows] = again.signatures
    found.keys[:, rows] = again.keys
    return found


def _walk(
    texts: pl.Series, options: ShingleOptions, a: np.ndarray, b: np.ndarray, bands: int, signed: bool, trusted: bool,
    threads: int | None,
) -> Sketches:  # fmt: skip
    content, starts = buffers.utf8(texts)
    rows, count, table = len(texts), len(a), characters()
    counts, same = np.zeros(rows, np.int64), np.zeros((2, rows), np.uint64)
    signatures = np.empty((rows, count) if signed else (0, 0), np.uint32)
    keys = np.empty((bands, rows), np.uint64)
    factors, summands = filled(a), filled(b)

    def walk(begin: int, end: int) -> None:
        kernels.sketch_texts(content, starts, table, trusted, options.words, options.characters,
                             options.character_share, factors, summands, count // max(bands, 1), begin, end, counts,
                             same, signatures, keys)  # fmt: skip

    in_threads(walk, starts, threads)
    return Sketches(counts, same, signatures, keys, pl.Series(counts < 0))


def filled(parameters: np.ndarray) -> np.ndarray:
    """Parameters of permutations, the last repeated up to a multiple of the lanes that a kernel works on at a time."""
    return np.concatenate((parameters, np.repeat(parameters[-1:], -len(parameters) % LANES)))


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
    most = threads or cores()
    count = min(_PIECES * most if most > 1 and rows > _MANY else most, max(rows, 1))
    cuts = np.searchsorted(starts, starts[0] + np.arange(1, count) * ((starts[-1] - starts[0]) / count))
    edges = [0, *(int(cut) for cut in np.clip(cuts, 0, rows)), rows]
    ranges = [(begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True) if begin < end]
    if len(ranges) < 2:
        for begin, end in ranges:
            work(begin, end)
        return
    with ThreadPoolExecutor(most) as pool:
        list(pool.map(lambda pair: work(*pair), ranges))


@lru_cache(1)
def characters() -> np.ndarray:
    """The table of the kernels: for each character below U+34000 its lower case, class and what else matters.

    Lower case is that of one character (the two forms of the small sigma are one, so that no context matters). Letters,
    marks and digits make words, all else separates them. A character is unsettled that may change when text is brought
    into NFC: it decomposes, composes with the one before or has a combining class (UAX 15, quick check).
    """
    table = np.zeros(_KNOWN, np.uint32)
    seconds = set(range(0x1160, 0x1200))  # vowels and finals of Hangul compose by rule
    for code in range(_KNOWN):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    for code in range(_KNOWN):
        character = chr(code)
        lower = _FINAL_SIGMA.get(character, character.lower())
        entry = ord(lower[0]) | _class(lower[0]) << 21
        if unicodedata.combining(character) or code in seconds or not unicodedata.is_normalized("NFC", character):
            entry |= int(kernels.UNSETTLED)
        if len(lower) > 1:
            entry |= int(kernels.DOTTED)
        if code in _WHITE:
            entry |= int(kernels.WHITE)
        table[code] = entry
    return table


def character_classes() -> np.ndarray:
    """Class of each character below U+34000 and of its lower case, uint8."""
    return ((characters() & kernels.CLASS) >> np.uint32(21)).astype(np.uint8)


def _class(character: str) -> int:
    category = unicodedata.category(character)[0]
    if category == "L":
        unspaced = unicodedata.name(character, "").startswith(_UNSPACED_NAMES)
        return UNSPACED if unspaced else SPACED
    return OTHER if category in "MN" else SEPARATOR
