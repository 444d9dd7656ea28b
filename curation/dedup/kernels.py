"""Compiled kernels of deduplication. They hold no lock, write to their own rows only, and start no threads.

All in one file, because compiled code is cached beside it and the cache knows of changes to this file alone.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_WORD_START = np.uint64(0xCBF29CE484222325)
_WORD_STEP = np.uint64(0x100000001B3)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SALT = (np.uint64(0x5851F42D4C957F2D), np.uint64(0x14057B7EF767814F))  # words and characters never agree by chance
_ONE, _ZERO = np.uint64(1), np.uint64(0)
_MIX_SHIFT, _MIX_1, _MIX_2 = np.uint64(33), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(32)
_LARGEST = np.uint32(0xFFFFFFFF)
_SHIFT_16, _SHIFT_13 = np.uint32(16), np.uint32(13)
_MIX32_1, _MIX32_2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; keep the machine code beside the source, or nowhere if that cannot be written."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises when it finds no folder to write to
        return numba.njit(nogil=True)(function)


@_kernel
def _mix(value: Any) -> Any:
    """The finaliser of MurmurHash3 for 64 bits."""
    value ^= value >> _MIX_SHIFT
    value *= _MIX_1
    value ^= value >> _MIX_SHIFT
    value *= _MIX_2
    return value ^ (value >> _MIX_SHIFT)


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
def measure_shingles(
    content: np.ndarray,
    starts: np.ndarray,
    table: np.ndarray,
    begin: int,
    end: int,
    words: int,
    characters: int,
    share: float,
    counts: np.ndarray,
    by_characters: np.ndarray,
) -> None:
    """Kind and number of shingles of documents begin..end."""
    seen = np.zeros(4, np.int64)
    for row in range(begin, end):
        seen[:] = 0
        word_count, inside = 0, False
        at = starts[row]
        while at < starts[row + 1]:
            code, size = _decode(content, at)
            kind = table[code] if code < len(table) else np.uint8(0)
            seen[kind] += 1
            if kind != 0 and not inside:
                word_count += 1
            inside = kind != 0
            at += size
        letters = seen[1] + seen[2]
        if letters > 0 and seen[2] >= share * letters:
            by_characters[row] = 1
            counts[row] = max(0, letters + seen[3] - characters + 1)
        else:
            counts[row] = max(0, word_count - words + 1)


@_kernel
def fill_shingles(
    content: np.ndarray,
    starts: np.ndarray,
    table: np.ndarray,
    begin: int,
    end: int,
    words: int,
    characters: int,
    by_characters: np.ndarray,
    offsets: np.ndarray,
    values: np.ndarray,
) -> None:
    """Shingles of documents begin..end: a polynomial over the last words or characters, rolled on by one at a time."""
    window = np.zeros(max(words, characters), np.uint64)
    for row in range(begin, end):
        at, target = starts[row], offsets[row]
        if offsets[row + 1] == target:
            continue
        length = characters if by_characters[row] else words
        salt = _SALT[1] if by_characters[row] else _SALT[0]
        leaving = _ONE  # power of the base that the oldest unit has
        for _ in range(length - 1):
            leaving *= _BASE
        units, rolling, word, inside = 0, _ZERO, _WORD_START, False
        while True:
            kind, code, size = np.uint8(0), np.int64(0), 1
            if at < starts[row + 1]:
                code, size = _decode(content, at)
                if code < len(table):
                    kind = table[code]
            complete = False
            unit = _ZERO
            if by_characters[row]:
                complete, unit = kind != 0, np.uint64(code)
            elif kind != 0:
                word = (word ^ np.uint64(code)) * _WORD_STEP
                inside = True
            elif inside:
                complete, unit = True, _mix(word)
                word, inside = _WORD_START, False
            if complete:
                slot = units % length
                if units >= length:
                    rolling -= window[slot] * leaving
                rolling = rolling * _BASE + unit
                window[slot] = unit
                units += 1
                if units >= length:
                    values[target] = np.uint32(_mix(rolling ^ salt) >> _HALF)
                    target += 1
            if at >= starts[row + 1]:
                break
            at += size


@_kernel
def _mix32(value: Any) -> Any:
    """The finaliser of MurmurHash3 for 32 bits."""
    value = np.uint32(value ^ (value >> _SHIFT_16))
    value = np.uint32(value * _MIX32_1)
    value = np.uint32(value ^ (value >> _SHIFT_13))
    value = np.uint32(value * _MIX32_2)
    return np.uint32(value ^ (value >> _SHIFT_16))


@_kernel
def _sign(values: np.ndarray, begin: int, end: int, a: np.ndarray, b: np.ndarray, signature: np.ndarray) -> None:
    """Least value of each permutation a * mix(h) + b modulo 2^32 over values[begin:end]."""
    signature[:] = _LARGEST
    for i in range(begin, end):
        mixed = _mix32(values[i])
        for k in range(len(a)):
            permuted = np.uint32(a[k] * mixed + b[k])
            signature[k] = min(signature[k], permuted)


@_kernel
def sign_rows(
    values: np.ndarray, offsets: np.ndarray, a: np.ndarray, b: np.ndarray, begin: int, end: int, signatures: np.ndarray
) -> None:
    """Signatures of rows begin..end."""
    for row in range(begin, end):
        _sign(values, offsets[row], offsets[row + 1], a, b, signatures[row])


@_kernel
def band_rows(
    values: np.ndarray,
    offsets: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    rows_a_band: int,
    begin: int,
    end: int,
    keys: np.ndarray,
) -> None:
    """Band keys of rows begin..end, keys[band, row]: a hash of each run of `rows_a_band` signature values."""
    signature = np.empty(len(a), np.uint32)
    for row in range(begin, end):
        _sign(values, offsets[row], offsets[row + 1], a, b, signature)
        for band in range(len(keys)):
            key = _SALT[0]
            for i in range(band * rows_a_band, (band + 1) * rows_a_band):
                key = _mix(key * _BASE + np.uint64(signature[i]))
            keys[band, row] = key


@_kernel
def keep_greedily(
    values: np.ndarray,
    offsets: np.ndarray,
    keys: np.ndarray,
    threshold: float,
    different: int,
    duplicate_of: np.ndarray,
    similarity: np.ndarray,
) -> None:
    """Rows in keep order: mark each that resembles a kept one; see `verify.decide`.

    Args:
        values: each row's shingles as ranks, the rarest shingle first, ascending within a row.
        offsets: (rows + 1,).
        keys: (bands, rows).
        threshold: least Jaccard similarity of a duplicate.
        different: number of ranks.
        duplicate_of: (rows,), out: the kept row, or -1.
        similarity: (rows,), out.
    """
    rows = len(offsets) - 1
    newest = np.full(different, -1, np.int64)  # last entry of the list of kept rows that have a shingle in their prefix
    older = np.empty(len(values), np.int64)
    owner = np.empty(len(values), np.int64)
    entries = 0
    compared = np.full(rows, -1, np.int64)
    for row in range(rows):
        begin, end = offsets[row], offsets[row + 1]
        size = end - begin
        # Two sets of Jaccard t or more share at least ceil(t * size) shingles, so also one of the first
        # size - ceil(t * size) + 1 of each (Chaudhuri et al. 2006): only these are looked up.
        prefix = min(size, size - int(np.ceil(threshold * size - 1e-9)) + 1)
        best, best_row = -1.0, np.int64(-1)
        for i in range(begin, begin + prefix):
            entry = newest[values[i]]
            while entry >= 0:
                other = owner[entry]
                entry = older[entry]
                if compared[other] == row:
                    continue
                compared[other] = row
                other_size = offsets[other + 1] - offsets[other]
                if min(size, other_size) < threshold * max(size, other_size) - 1e-9:
                    continue
                if not _share_a_band(keys, row, other):
                    continue
                jaccard = _jaccard(values, begin, end, offsets[other], offsets[other + 1])
                if jaccard >= threshold and (jaccard > best or (jaccard == best and other < best_row)):
                    best, best_row = jaccard, other
        duplicate_of[row], similarity[row] = best_row, best
        if best_row < 0:
            for i in range(begin, begin + prefix):
                older[entries], owner[entries] = newest[values[i]], row
                newest[values[i]] = entries
                entries += 1


@_kernel
def _share_a_band(keys: np.ndarray, row: int, other: int) -> bool:
    for band in range(len(keys)):  # noqa: SIM110 - a generator cannot be compiled
        if keys[band, row] == keys[band, other]:
            return True
    return False


@_kernel
def _jaccard(values: np.ndarray, i: int, i_end: int, j: int, j_end: int) -> float:
    """Jaccard similarity of two ascending runs of distinct values."""
    common, total = 0, (i_end - i) + (j_end - j)
    while i < i_end and j < j_end:
        if values[i] == values[j]:
            common += 1
            i += 1
            j += 1
        elif values[i] < values[j]:
            i += 1
        else:
            j += 1
    return common / (total - common)
