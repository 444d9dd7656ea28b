"""Repetition in a text by characters, for writing in which words are no steady unit.

What is counted are the letters, marks and digits of a text, case folded to ASCII lower; white space and punctuation are
left out, so that spacing changes nothing. In 200 letters of Korean, some 50 words, word n-grams are few and a particle
makes each another; runs of characters see the repeated phrase all the same. Of the lengths tried (12, 20, 30) 20 is the
one at which long prose stays near 0 and a phrase of six words still counts.

The kernels hold no lock and walk the UTF-8 bytes once. Time is linear in the text; memory is 12 bytes a character of
the longest text and at most 32 for its n-grams.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from ..compiled import kernel
from ..dedup import buffers
from ..dedup.shingles import SEPARATOR, character_classes

DUPLICATE_GRAM, TOP_GRAM, RUN = 20, 4, 4  # characters of an n-gram or a run
_FACTOR, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _ONE = np.uint64(32), np.uint64(1)
_DUPLICATE, _TOP, _RUNS = range(3)  # a number: a kernel that is given a kernel is compiled again in every process


def duplicate_share(texts: pl.Series) -> pl.Series:
    """Share of letters in runs of `DUPLICATE_GRAM` that occurred before in the text, each counted once."""
    return _scored(texts, _DUPLICATE)


def top_share(texts: pl.Series) -> pl.Series:
    """Share of letters in the occurrences of the most frequent run of `TOP_GRAM`, 0 where none occurs twice."""
    return _scored(texts, _TOP)


def run_share(texts: pl.Series) -> pl.Series:
    """Share of letters in runs of `RUN` and more of the same letter."""
    return _scored(texts, _RUNS)


def _scored(texts: pl.Series, measure: int) -> pl.Series:
    content, starts = buffers.utf8(texts.fill_null(""))  # where a condition is false polars hands on no text
    shares = np.zeros(len(texts), np.float64)
    longest = int(np.diff(starts).max(initial=0))
    _score_rows(content, starts, _classes(), measure, np.empty(longest, np.int32), shares)
    return pl.Series(texts.name, shares)


@lru_cache(1)
def _classes() -> np.ndarray:
    """For each character whether it is a letter, mark or digit."""
    return (character_classes() != SEPARATOR).astype(np.uint8)


@kernel
def _score_rows(
    content: np.ndarray, starts: np.ndarray, classes: np.ndarray, measure: int, letters: np.ndarray, shares: np.ndarray
) -> None:
    for row in range(len(shares)):
        count = _letters(content, starts[row], starts[row + 1], classes, letters)
        if count == 0:
            continue
        if measure == _DUPLICATE:
            covered = _duplicate(letters[:count])
        elif measure == _TOP:
            covered = _top(letters[:count])
        else:
            covered = _runs(letters[:count])
        shares[row] = covered / count


@kernel
def _letters(content: np.ndarray, at: int, stop: int, classes: np.ndarray, letters: np.ndarray) -> int:
    """Code points of the letters between two places in valid UTF-8; how many there are."""
    count = 0
    while at < stop:
        code = np.int64(content[at])
        if code < 0x80:
            size = 1
            if 0x41 <= code <= 0x5A:
                code |= 0x20
        elif code < 0xE0:
            size = 2
            code = (code & 0x1F) << 6 | np.int64(content[at + 1]) & 0x3F
        elif code < 0xF0:
            size = 3
            code = (code & 0x0F) << 12 | (np.int64(content[at + 1]) & 0x3F) << 6 | np.int64(content[at + 2]) & 0x3F
        else:
            size = 4
            code = (code & 0x07) << 18 | (np.int64(content[at + 1]) & 0x3F) << 12
            code |= (np.int64(content[at + 2]) & 0x3F) << 6 | np.int64(content[at + 3]) & 0x3F
        if code < len(classes) and classes[code]:
            letters[count] = code
            count += 1
        at += size
    return count


@kernel
def _key(letters: np.ndarray, begin: int, size: int) -> Any:
    """Hash of a run of letters, never 0."""
    key = np.uint64(size)
    for at in range(begin, begin + size):
        key = (key + np.uint64(letters[at]) + _ONE) * _FACTOR
        key ^= key >> _HALF
    return key * _MIX | _ONE


@kernel
def _place(table: np.ndarray, key: Any) -> Any:
    """Where a key stands in an open table, or the free place for it."""
    mask = np.uint64(len(table) - 1)
    at = (key >> _HALF) & mask
    while table[at] != 0 and table[at] != key:
        at = (at + _ONE) & mask
    return np.int64(at)


@kernel
def _size(entries: int) -> int:
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@kernel
def _duplicate(letters: np.ndarray) -> int:
    grams = len(letters) - DUPLICATE_GRAM + 1
    if grams < 2:
        return 0
    table = np.zeros(_size(grams), np.uint64)
    covered = end = 0  # letters up to `end` are counted
    for begin in range(grams):
        key = _key(letters, begin, DUPLICATE_GRAM)
        at = _place(table, key)
        if table[at] == 0:
            table[at] = key
            continue
        covered += begin + DUPLICATE_GRAM - max(begin, end)
        end = begin + DUPLICATE_GRAM
    return covered


@kernel
def _top(letters: np.ndarray) -> int:
    grams = len(letters) - TOP_GRAM + 1
    if grams < 2:
        return 0
    size = _size(grams)
    table, counts = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    most, best = 1, -1
    for begin in range(grams):
        key = _key(letters, begin, TOP_GRAM)
        at = _place(table, key)
        table[at] = key
        counts[at] += 1
        if counts[at] > most:
            most, best = counts[at], at
    if best < 0:
        return 0
    covered = end = 0
    for begin in range(grams):
        if _key(letters, begin, TOP_GRAM) == table[best]:
            covered += begin + TOP_GRAM - max(begin, end)
            end = begin + TOP_GRAM
    return covered


@kernel
def _runs(letters: np.ndarray) -> int:
    covered, length = 0, 1
    for at in range(1, len(letters) + 1):
        if at < len(letters) and letters[at] == letters[at - 1]:
            length += 1
            continue
        if length >= RUN:
            covered += length
        length = 1
    return covered
