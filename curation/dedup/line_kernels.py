"""The compiled kernel that finds repeated lines: one table of keys, walked in keep order."""

from typing import Any

import numpy as np

from ..compiled import kernel

_GROUP = np.uint64(40)


@kernel
def _slot(key_1: Any, key_2: Any, table_1: np.ndarray, table_2: np.ndarray, owner: np.ndarray) -> Any:
    """Where a key is in the table, or the empty place where it belongs."""
    mask = np.uint64(len(owner) - 1)
    at = np.int64(key_1 & mask)
    while owner[at] >= 0 and (table_1[at] != key_1 or table_2[at] != key_2):
        at = (at + 1) & np.int64(mask)
    return at


@kernel
def mark_repeated(
    key_1: np.ndarray,
    key_2: np.ndarray,
    offsets: np.ndarray,
    ranked: np.ndarray,
    part: int,
    parts: int,
    slots: int,
    min_documents: int,
    keep_first: bool,
    within_documents: bool,
    of: np.ndarray,
) -> bool:
    """Mark the units to take out among those whose keys fall in one part of all; whether they fit into the table.

    Args:
        key_1: keys of units; those of document i are in offsets[i]:offsets[i + 1].
        key_2: second halves of the keys.
        offsets: (documents + 1,).
        ranked: documents in keep order.
        part: which part of the keys to look at.
        parts: number of parts.
        slots: size of the table, a power of two.
        min_documents: documents that must hold a unit.
        keep_first: whether the first document keeps it.
        within_documents: whether repeats in one document go.
        of: (units,), out: rank of the first document with the unit, or its own, for units to take out.
    """
    table_1, table_2 = np.empty(slots, np.uint64), np.empty(slots, np.uint64)
    owner, newest = np.full(slots, -1, np.int32), np.empty(slots, np.int32)  # first and last document, by rank
    documents = np.zeros(slots, np.int32)
    taken = 0
    for rank in range(len(ranked)):
        row = ranked[rank]
        for unit in range(offsets[row], offsets[row + 1]):
            if np.int64(key_1[unit] >> _GROUP) % parts != part:
                continue
            at = _slot(key_1[unit], key_2[unit], table_1, table_2, owner)
            if owner[at] < 0:
                taken += 1
                if 10 * taken > 9 * slots:
                    return False
                table_1[at], table_2[at], owner[at] = key_1[unit], key_2[unit], rank
                newest[at], documents[at] = rank, 1
            elif newest[at] != rank:
                newest[at] = rank
                documents[at] += 1
    newest[:] = -1
    for rank in range(len(ranked)):
        row = ranked[rank]
        for unit in range(offsets[row], offsets[row + 1]):
            if np.int64(key_1[unit] >> _GROUP) % parts != part:
                continue
            at = _slot(key_1[unit], key_2[unit], table_1, table_2, owner)
            if documents[at] >= min_documents and not (keep_first and owner[at] == rank):
                of[unit] = owner[at]
            elif within_documents and newest[at] == rank:
                of[unit] = rank
            newest[at] = rank
    return True
