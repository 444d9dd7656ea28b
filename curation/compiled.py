"""What compiled kernels share: how they are compiled, a hash of numbers, likeness of sets, and reading UTF-8.

Machine code is cached beside the file of the kernel that was compiled, and that cache does not notice a change of this
file: whoever changes `mix`, `jaccard` or `decode` removes the `__pycache__` folders.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_SHIFT, _MIX_1, _MIX_2 = np.uint64(33), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; keep the machine code beside the source, or nowhere if that cannot be written."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises when it finds no folder to write to
        return numba.njit(nogil=True)(function)


@kernel
def mix(value: Any) -> Any:
    """The finaliser of MurmurHash3 for 64 bits: uint64 to uint64, one to one."""
    value ^= value >> _SHIFT
    value *= _MIX_1
    value ^= value >> _SHIFT
    value *= _MIX_2
    return value ^ (value >> _SHIFT)


@kernel
def jaccard(one: np.ndarray, i: int, i_end: int, other: np.ndarray, j: int, j_end: int) -> float:
    """Jaccard similarity of two ascending runs of distinct values, one[i:i_end] and other[j:j_end]; not both empty."""
    common, total = 0, (i_end - i) + (j_end - j)
    while i < i_end and j < j_end:
        if one[i] == other[j]:
            common += 1
            i += 1
            j += 1
        elif one[i] < other[j]:
            i += 1
        else:
            j += 1
    return common / (total - common)


@kernel
def decode(content: np.ndarray, at: int) -> Any:
    """Character number and its length in bytes at a place in valid UTF-8, uint8 (bytes,)."""
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
