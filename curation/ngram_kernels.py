"""Compiled kernels over the n-grams of texts: they read UTF-8 bytes once and keep nothing of the text.

All in one file, because compiled code is cached beside it and the cache knows of changes to this file alone.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE, _SHIFT = np.uint64(1), np.uint64(33)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_EDGE = np.uint64(0x2545F4914F6CDD1D)  # stands for the beginning and the end of a word
_WORD = np.uint64(0x5851F42D4C957F2D)  # word n-grams and character n-grams never agree by chance
_CHARACTER = np.uint64(0x14057B7EF767814F)


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; keep the machine code beside the source, or nowhere if that cannot be written."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises when it finds no folder to write to
        return numba.njit(nogil=True)(function)


@_kernel
def _mix(value: Any) -> Any:
    """The finaliser of MurmurHash3 for 64 bits."""
    value ^= value >> _SHIFT
    value *= _MIX_1
    value ^= value >> _SHIFT
    value *= _MIX_2
    return value ^ (value >> _SHIFT)


@_kernel
def _decode(content: np.ndarray, at: int) -> Any:
    """Character number and its length in bytes at a place in valid UTF-8."""
    first = np.int64(content[at])
    if first < 0x80:
        return first, 1
    second = np.int64(content[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int64(content[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | np.int64(content[at + 3]) & 0x3F, 4


@_kernel
def _push(recent: np.ndarray, filled: int, unit: Any) -> int:
    """Put a unit in front of the recent ones; how many there are now."""
    for at in range(len(recent) - 1, 0, -1):
        recent[at] = recent[at - 1]
    recent[0] = unit
    return min(filled + 1, len(recent))


@_kernel
def _emit(
    recent: np.ndarray,
    filled: int,
    shortest: int,
    longest: int,
    salt: Any,
    mask: Any,
    counts: np.ndarray,
    touched: np.ndarray,
    used: int,
) -> int:
    """Count the n-grams that end in the newest unit, shortest to longest; how many buckets are in use now."""
    value = salt
    for size in range(1, min(filled, longest) + 1):
        value = (value + recent[size - 1]) * _BASE
        if size >= shortest:
            bucket = np.int64(_mix(value) & mask)
            if counts[bucket] == 0:
                touched[used] = bucket
                used += 1
            counts[bucket] += 1
    return used


@_kernel
def count_ngrams(
    content: np.ndarray,
    starts: np.ndarray,
    table: np.ndarray,
    begin: int,
    end: int,
    words: int,
    shortest: int,
    longest: int,
    marks: bool,
    buckets: int,
    offsets: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
) -> None:
    """Number of n-grams of documents begin..end in each bucket, only buckets with any, in the
    order in which a document first uses them.

    Word n-grams are of 1 to `words` tokens: words, and runs of other visible characters if `marks`. Character n-grams
    are of `shortest` to `longest` characters within a word with its two edges; none if `longest` is zero.
    `offsets[begin]` says where to write; `offsets[begin + 1 .. end]` are filled in.
    """
    counts = np.zeros(buckets, np.int32)
    touched = np.empty(buckets, np.int64)
    mask = np.uint64(buckets) - _ONE
    tokens = np.zeros(max(words, 1), np.uint64)
    letters = np.zeros(max(longest, 1), np.uint64)
    for row in range(begin, end):
        used, token_count, letter_count, inside = 0, 0, 0, 0  # inside: 0 nothing, 1 a word, 2 marks
        token = _WORD
        at = starts[row]
        while True:
            kind, size = np.int64(0), 1  # as after a space
            code = np.uint64(0)
            if at < starts[row + 1]:
                number, size = _decode(content, at)
                code = np.uint64(number)
                if number < len(table):
                    kind = np.int64(table[number])
            if inside != 0 and kind != inside:
                if inside == 1 and longest > 0:
                    letter_count = _push(letters, letter_count, _EDGE)
                    lowest = max(shortest, 2)  # an edge alone says nothing
                    used = _emit(letters, letter_count, lowest, longest, _CHARACTER, mask, counts, touched, used)
                if words > 0 and (inside == 1 or marks):
                    token_count = _push(tokens, token_count, _mix(token))
                    used = _emit(tokens, token_count, 1, words, _WORD, mask, counts, touched, used)
                inside, token = 0, _WORD
            if kind != 0:
                if inside == 0 and kind == 1 and longest > 0:
                    letter_count = _push(letters, 0, _EDGE)
                token = (token + code) * _BASE
                inside = int(kind)
                if kind == 1 and longest > 0:
                    letter_count = _push(letters, letter_count, code)
                    used = _emit(letters, letter_count, shortest, longest, _CHARACTER, mask, counts, touched, used)
            if at >= starts[row + 1]:
                break
            at += size
        target = offsets[row]
        for bucket in touched[:used]:
            indices[target] = bucket
            values[target] = counts[bucket]
            counts[bucket] = 0
            target += 1
        offsets[row + 1] = target
