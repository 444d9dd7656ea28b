"""Compiled kernels over the n-grams of texts: they read UTF-8 bytes once and keep nothing of the text.

All but `compiled` in one file, because the cache of compiled code knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from .compiled import decode, kernel, mix

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_EDGE = np.uint64(0x2545F4914F6CDD1D)  # stands for the beginning and the end of a word
_WORD = np.uint64(0x5851F42D4C957F2D)  # word n-grams and character n-grams never agree by chance
_CHARACTER = np.uint64(0x14057B7EF767814F)


@kernel
def _push(recent: np.ndarray, filled: int, unit: Any) -> int:
    """Put a unit in front of the recent ones; how many there are now."""
    for at in range(len(recent) - 1, 0, -1):
        recent[at] = recent[at - 1]
    recent[0] = unit
    return min(filled + 1, len(recent))


@kernel
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
            bucket = np.int64(mix(value) & mask)
            if counts[bucket] == 0:
                touched[used] = bucket
                used += 1
            counts[bucket] += 1
    return used


@kernel
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
                number, size = decode(content, at)
                code = np.uint64(number)
                if number < len(table):
                    kind = np.int64(table[number])
            if inside != 0 and kind != inside:
                if inside == 1 and longest > 0:
                    letter_count = _push(letters, letter_count, _EDGE)
                    lowest = max(shortest, 2)  # an edge alone says nothing
                    used = _emit(letters, letter_count, lowest, longest, _CHARACTER, mask, counts, touched, used)
                if words > 0 and (inside == 1 or marks):
                    token_count = _push(tokens, token_count, mix(token))
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
