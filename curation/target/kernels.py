"""Compiled kernels of the character model: they read UTF-8 bytes once and keep nothing of the text.

All but `compiled` in one file, because the cache of compiled code knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import decode, kernel, mix

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)


@kernel
def _bucket(value: Any, mask: Any) -> Any:
    """Place of a hash in the table: the low bits of what it is mixed to."""
    return np.int64(mix(value) & mask)


@kernel
def _strings(content: np.ndarray, at: int, recent: np.ndarray, filled: int, mask: Any, places: np.ndarray) -> Any:
    """Take in the character at a place: places of the strings of 1, 2, ... characters that end in it.

    Returns the number of characters now in `recent`, which is also that of the places, and the size in bytes.
    """
    number, size = decode(content, at)
    for back in range(len(recent) - 1, 0, -1):
        recent[back] = recent[back - 1]
    recent[0] = np.uint64(number) + _ONE
    filled = min(filled + 1, len(recent))
    value = np.uint64(0)
    for length in range(filled):
        value = (value + recent[length]) * _BASE
        places[length] = _bucket(value, mask)
    return filled, size


@kernel
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


@kernel
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
