"""Texts folded for comparison, and the classes of their characters.

Two texts that differ only in case or in form (NFC, NFD) are equal once folded, and folding leaves lines, words and
characters what and where they are, so that what is found in the folded text can be taken out of the text as it stands.
"""

import unicodedata
from functools import lru_cache

import numpy as np
import polars as pl
import pyarrow as pa

from . import buffers
from .shingles import in_threads
from .unit_kernels import CHARACTER, JAMO, JOINER, SEPARATOR, WORD, mark_rows

_KNOWN = 0x34000  # characters from here on (tags, private use) separate words
_UNSPACED = ("HANGUL", "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "YI")


def folded(texts: pl.Series, threads: int | None = None) -> pl.Series:
    """Texts in NFC and lower case.

    Args:
        texts: none missing.
        threads: threads to use, those the process may run on when none.
    """
    content, starts = buffers.utf8(texts)
    needed = np.zeros(len(texts), np.bool_)
    in_threads(
        lambda begin, end: mark_rows(content, starts, _not_composed(), begin, end, needed),
        starts,
        threads,
    )
    if needed.any():
        composed = texts.filter(pl.Series(needed)).str.normalize("NFC")
        places = np.where(needed, len(texts) + np.cumsum(needed) - 1, np.arange(len(texts)))
        texts = pl.concat([texts, composed.alias(texts.name)]).gather(places)
    return texts.str.to_lowercase()


def texts_of(content: np.ndarray, offsets: np.ndarray) -> pl.Series:
    """A text column from UTF-8 bytes and offsets, int64 (rows + 1,)."""
    size = int(offsets[-1])
    array = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(content[:size]))
    return pl.Series("text", pl.from_arrow(array))


@lru_cache(1)
def classes() -> np.ndarray:
    """Class of each character below U+34000, uint8.

    WORD: letters of scripts with spaces, and digits; a run of them is a word. CHARACTER: letters of scripts whose words
    no space sets apart dependably (Hangul, Han, kana, Thai and the like); each stands alone. JOINER: marks, which go
    on with what is before them. JAMO: conjoining vowels and finals of Hangul, which go on with a CHARACTER, so that a
    syllable in NFD is one too. SEPARATOR: all else.
    """
    table = np.full(_KNOWN, SEPARATOR, np.uint8)
    for code in range(_KNOWN):
        kind = unicodedata.category(chr(code))[0]
        if kind == "M":
            table[code] = JOINER
        elif kind == "L" and unicodedata.name(chr(code), "").startswith(_UNSPACED):
            table[code] = CHARACTER
        elif kind in "LN":
            table[code] = WORD
    table[0x1160:0x1200] = JAMO
    return table


@lru_cache(1)
def spaces() -> np.ndarray:
    """Whether each character below U+3001 is white space, as Python's `str.isspace` says."""
    return np.array([chr(code).isspace() for code in range(0x3001)])


@lru_cache(1)
def _not_composed() -> np.ndarray:
    """Whether a character below U+34000 may be changed by NFC, alone or with those before it (UAX 15, quick check)."""
    table = np.zeros(_KNOWN, np.bool_)
    table[0x1160:0x1200] = True
    for code in range(0x80, _KNOWN):
        character = chr(code)
        table[code] |= unicodedata.category(character)[0] == "M"
        if unicodedata.decomposition(character) and not 0xD800 <= code < 0xE000:
            table[code] |= unicodedata.normalize("NFC", character) != character
    return table
