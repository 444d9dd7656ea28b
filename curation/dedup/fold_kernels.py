"""The compiled kernel of exact dedup: texts in lower case with white space folded, still in NFC.

What it imports is compiled into it: after a change of `kernels.decode`, this file's compiled code must be deleted.
"""

from typing import Any

import numpy as np

from ..compiled import kernel
from .kernels import CODE, DOTTED, UNSETTLED, WHITE, decode

_DOT, _ONE = np.uint32(0x307), np.uint64(1)


@kernel
def fold_texts(
    content: np.ndarray, starts: np.ndarray, table: np.ndarray, trusted: bool, begin: int, end: int,
    folded: np.ndarray, sizes: np.ndarray,
) -> None:  # fmt: skip
    """Texts begin..end in lower case, white space folded, to where they began, each with half as much room again.

    Args:
        content: UTF-8 of all texts.
        starts: int64 (rows + 1,).
        table: see `shingles.characters`.
        trusted: the texts are in NFC.
        begin: first row.
        end: row after the last.
        folded: uint8, out: row i begins at 3 * starts[i] // 2 + i.
        sizes: int64 (rows,), out: bytes of each; -1 where the text must first be brought into NFC.
    """
    for row in range(begin, end):
        at, stop = np.uint64(starts[row]), np.uint64(starts[row + 1])
        first = np.uint64(3 * starts[row] // 2 + row)
        target, blank, unsettled = first, False, False
        while at < stop and not unsettled:
            code, size = decode(content, at)
            at += size
            entry = table[code] if code < len(table) else code
            if entry & WHITE:
                blank = bool(target > first)
                continue
            unsettled = bool(entry & UNSETTLED) and not trusted
            if blank:
                folded[target] = np.uint8(0x20)
                target, blank = target + _ONE, False
            target = _encode(entry & CODE, folded, target)
            if entry & DOTTED:
                target = _encode(_DOT, folded, target)
        sizes[row] = -1 if unsettled else int(target - first)


@kernel
def _encode(code: Any, folded: np.ndarray, target: Any) -> Any:
    """Write a character as UTF-8; the place after it."""
    if code < 0x80:
        folded[target] = np.uint8(code)
        return target + _ONE
    more, lead = 1, 0xC0
    if code >= 0x800:
        more, lead = 2, 0xE0
    if code >= 0x10000:
        more, lead = 3, 0xF0
    folded[target] = np.uint8(np.uint32(lead) | code >> np.uint32(6 * more))
    for step in range(1, more + 1):
        folded[target + np.uint64(step)] = np.uint8(
            np.uint32(0x80) | code >> np.uint32(6 * (more - step)) & np.uint32(0x3F)
        )
    return target + np.uint64(more + 1)
