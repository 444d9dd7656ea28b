"""Compiled kernels that join rows: equal keys, components, and which rows of a component are kept."""

import numpy as np

from ..compiled import jaccard, kernel

_ONE, _HALF, _LOW = np.uint64(1), np.uint64(32), np.uint64(0xFFFFFFFF)


@kernel
def first_with_key(keys: np.ndarray, more: np.ndarray, taking_part: np.ndarray, first: np.ndarray) -> None:
    """For each row the first row with the same key, which may be itself; -1 for a row that takes no part.

    A hash table in place of sorting: one slot holds half of a key and the row, so that most rows touch one slot alone.

    Args:
        keys: uint64 (rows,), well mixed; fewer than 2^32 rows.
        more: uint64 (rows,), the other half of each key, or the same keys again.
        taking_part: bool (rows,).
        first: int64 (rows,), out.
    """
    room = _ONE
    while room < np.uint64(2 * len(keys)):
        room <<= _ONE
    slots, mask = np.zeros(room, np.uint64), room - _ONE
    for row in range(len(keys)):
        if not taking_part[row]:
            first[row] = -1
            continue
        key = keys[row]
        tag = key & ~_LOW
        at = (key ^ (key >> _HALF)) & mask
        found = np.int64(row)
        while True:
            slot = slots[at]
            if slot == 0:
                slots[at] = tag | np.uint64(row + 1)
                break
            if slot & ~_LOW == tag:
                other = np.int64(slot & _LOW) - 1
                if keys[other] == key and more[other] == more[row]:
                    found = other
                    break
            at = (at + _ONE) & mask
        first[row] = found


@kernel
def unite(first: np.ndarray, parent: np.ndarray) -> None:
    """Join the component of each row with that of `first[row]`, if that is no negative number.

    Args:
        first: int64 (rows,).
        parent: int64 (rows,), changed: a forest whose roots are the smallest rows of their components.
    """
    for row in range(len(first)):
        if first[row] < 0:
            continue
        one, other = _root(parent, row), _root(parent, first[row])
        if one < other:
            parent[other] = one
        else:
            parent[one] = other


@kernel
def flatten(parent: np.ndarray) -> None:
    """Make every row point to its root."""
    for row in range(len(parent)):  # a parent is no larger than its row, so it is flat already
        parent[row] = parent[parent[row]]


@kernel
def _root(parent: np.ndarray, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@kernel
def keep_by_pairs(
    values: np.ndarray,
    offsets: np.ndarray,
    keys: np.ndarray,
    starts: np.ndarray,
    threshold: float,
    duplicate_of: np.ndarray,
    similarity: np.ndarray,
) -> None:
    """Small components, one after another: each row with all kept rows of its component; see `verify.decide`.

    Args:
        values: each row's distinct shingles, ascending.
        offsets: (rows + 1,).
        keys: (bands, rows).
        starts: (components + 1,): rows starts[c]..starts[c + 1] are component c in keep order.
        threshold: least Jaccard similarity of a duplicate.
        duplicate_of: (rows,), out: the kept row, or -1.
        similarity: (rows,), out.
    """
    for component in range(len(starts) - 1):
        for row in range(starts[component], starts[component + 1]):
            duplicate_of[row], similarity[row] = -1, -1.0
            for other in range(starts[component], row):
                if duplicate_of[other] >= 0 or not _share_a_band(keys, row, other):
                    continue
                size, other_size = offsets[row + 1] - offsets[row], offsets[other + 1] - offsets[other]
                if min(size, other_size) < threshold * max(size, other_size) - 1e-9:
                    continue
                share = jaccard(values, offsets[row], offsets[row + 1], values, offsets[other], offsets[other + 1])
                if share >= threshold and share > similarity[row]:
                    duplicate_of[row], similarity[row] = other, share


@kernel
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
                share = jaccard(values, begin, end, values, offsets[other], offsets[other + 1])
                if share >= threshold and (share > best or (share == best and other < best_row)):
                    best, best_row = share, other
        duplicate_of[row], similarity[row] = best_row, best
        if best_row < 0:
            for i in range(begin, begin + prefix):
                older[entries], owner[entries] = newest[values[i]], row
                newest[values[i]] = entries
                entries += 1


@kernel
def _share_a_band(keys: np.ndarray, row: int, other: int) -> bool:
    for band in range(len(keys)):  # noqa: SIM110 - a generator cannot be compiled
        if keys[band, row] == keys[band, other]:
            return True
    return False
