"""Compiled kernels of the character model: they read UTF-8 bytes once and keep nothing of the text.

All in one file, because compiled code is cached beside it and the cache knows of changes to this file alone.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE, _SHIFT = np.uint64(1), np.uint64(33)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


def _kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; keep the machine code beside the source, or nowhere if that cannot be written."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises when it finds no folder to write to
        return numba.njit(nogil=True)(function)


@_kernel
def _bucket(value: Any, mask: Any) -> Any:
    """Place of a hash in the table: the finaliser of MurmurHash3 for 64 bits, its low bits."""
    value ^= value >> _SHIFT
    value *= _MIX_1
    value ^= value >> _SHIFT
    value *= _MIX_2
    value ^= value >> _SHIFT
    return np.int64(value & mask)


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
def _strings(content: np.ndarray, at: int, recent: np.ndarray, filled: int, mask: Any, places: np.ndarray) -> Any:
    """Take in the character at a place: places of the strings of 1, 2, ... characters that end in it.

    Returns the number of characters now in `recent`, which is also that of the places, and the size in bytes.
    """
    number, size = _decode(content, at)
    for back in range(len(recent) - 1, 0, -1):
        recent[back] = recent[back - 1]
    recent[0] = np.uint64(number) + _ONE
    filled = min(filled + 1, len(recent))
    value = np.uint64(0)
    for length in range(filled):
        value = (value + recent[length]) * _BASE
        places[length] = _bucket(value, mask)
    return filled, size


@_kernel
def count_strings(content: np.ndarray, starts: np.ndarray, order: int, counts: np.ndarray) -> int:
    """Add the strings of 1 to `order` characters of all texts to the table; number of characters."""
    mask = np.uint64(len(counts)) - _ONE
    recent, places = np.zeros(order, np.uint64), np.zeros(order, np.int64)
    total = 0
    for row in range(len(starts) - 1):
        at, filled = starts[row], 0
        while at < starts[row + 1]:
            filled, size = _strings(content, at, recent, filled, mask, places)
            for length in range(filled):
                counts[places[length]] += 1
            total += 1
            at += size
    return total


@_kernel
def predict(
    content: np.ndarray,
    starts: np.ndarray,
    order: int,
    counts: np.ndarray,
    characters: int,
    concentration: float,
    alphabet: int,
    result: np.ndarray,
) -> None:
    """Minus the log-likelihood of each text in nats."""
    mask = np.uint64(len(counts)) - _ONE
    recent, places = np.zeros(order, np.uint64), np.zeros(order, np.int64)
    before = np.zeros(order, np.int64)
    for row in range(len(starts) - 1):
        at, filled, total = starts[row], 0, 0.0
        while at < starts[row + 1]:
            contexts = filled
            for length in range(filled):
                before[length] = places[length]
            filled, size = _strings(content, at, recent, filled, mask, places)
            chance = 1.0 / alphabet
            for length in range(filled):
                seen = counts[places[length]]
                of = characters if length == 0 else counts[before[length - 1]]
                if length > contexts or of == 0:
                    break
                of = max(of, seen)  # strings that share a place could make it smaller
                chance = (seen + concentration * chance) / (of + concentration)
            total -= np.log(chance)
            at += size
        result[row] = total
