"""Compiled kernels of substring dedup: units of a text, prints of its n-grams, and which n-grams repeat.

They hold no lock, write to their own rows only and start no threads. All that they call is here or
in `compiled`, because the cache of compiled code knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import decode, kernel, mix
from .unit_kernels import CHARACTER, JAMO, SEPARATOR, WORD

_START, _STEP, _BASE = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
_ONE, _ZERO = np.uint64(1), np.uint64(0)
_SPACE = np.uint8(32)


@kernel
def _begins(kind: int, before: int) -> bool:
    """Whether a character of one class begins a unit, after one of another; see `units.classes`."""
    if kind == CHARACTER:
        return True
    if kind == WORD:
        return before != WORD
    return kind == JAMO and before != CHARACTER


@kernel
def count_units(
    content: np.ndarray, starts: np.ndarray, classes: np.ndarray, begin: int, end: int, counts: np.ndarray
) -> None:
    """Number of words and characters of rows begin..end."""
    for row in range(begin, end):
        at, before, found = starts[row], SEPARATOR, 0
        while at < starts[row + 1]:
            code, size = decode(content, at)
            kind: Any = np.int64(classes[code]) if code < len(classes) else SEPARATOR
            if _begins(kind, before):
                found += 1
                before = kind if kind != JAMO else kind - (JAMO - CHARACTER)
            elif kind == SEPARATOR:
                before = SEPARATOR
            at += size
        counts[row] = found


@kernel
def cut_units(
    content: np.ndarray,
    starts: np.ndarray,
    classes: np.ndarray,
    spaces: np.ndarray,
    begin: int,
    end: int,
    slots: np.ndarray,
    hashes: np.ndarray,
    first: np.ndarray,
    cuts: np.ndarray,
    bytes_first: np.ndarray,
    bytes_last: np.ndarray,
) -> None:
    """Units of rows begin..end, from slots[row] on.

    `first` is where a unit begins, in characters, `bytes_first` and `bytes_last` where it begins and ends in bytes of
    the content. `cuts` is where a text goes on after a unit is taken out: behind the last white space before the next,
    at the end of the unit where there is none, and at the end of the text where no unit follows.
    """
    for row in range(begin, end):
        at, before, slot, character, value, open_unit = starts[row], SEPARATOR, slots[row], 0, _START, False
        while at < starts[row + 1]:
            code, size = decode(content, at)
            kind: Any = np.int64(classes[code]) if code < len(classes) else SEPARATOR
            starting = _begins(kind, before)
            inside = starting or (kind != SEPARATOR and before != SEPARATOR)
            if open_unit and (starting or not inside):
                hashes[slot] = mix(value)
                slot += 1
                open_unit = False
            if starting:
                first[slot], bytes_first[slot], value, open_unit = character, at, _START, True
                before = kind if kind != JAMO else kind - (JAMO - CHARACTER)
            elif not inside:
                before = SEPARATOR
                if slot > slots[row] and code < len(spaces) and spaces[code]:
                    cuts[slot - 1] = character + 1
            if inside:
                value = (value ^ np.uint64(code)) * _STEP
                cuts[slot], bytes_last[slot] = character + 1, at + size
            at += size
            character += 1
        if open_unit:
            hashes[slot] = mix(value)
            slot += 1
        if slot > slots[row]:
            cuts[slot - 1] = character


@kernel
def least_grams(hashes: np.ndarray, begin: int, end: int, length: int, short: int, out: np.ndarray) -> int:
    """The print of each run of `length` units of a text, units begin..end: the least hash of its runs of `short` units.

    Equal runs have equal prints. Returns how many there are, in out[0:].
    """
    width = length - short + 1  # short runs in a run
    if end - begin < length:
        return 0
    leaving = _ONE
    for _ in range(short - 1):
        leaving *= _BASE
    window = np.empty(width, np.uint64)
    rolling, least, least_at, found = _ZERO, _ZERO, -1, 0
    for unit in range(begin, end):
        if unit - begin >= short:
            rolling -= hashes[unit - short] * leaving
        rolling = rolling * _BASE + hashes[unit]
        gram = unit - begin - short + 1
        if gram < 0:
            continue
        value = mix(rolling)
        window[gram % width] = value
        if gram == 0 or value <= least:
            least, least_at = value, gram
        elif least_at <= gram - width:  # the least one has left: look for the next, the newest of equal ones
            least, least_at = value, gram
            for other in range(gram - 1, gram - width, -1):
                if window[other % width] < least:
                    least, least_at = window[other % width], other
        if gram >= width - 1:
            out[found] = least
            found += 1
    return found


@kernel
def print_rows(
    hashes: np.ndarray,
    slots: np.ndarray,
    begin: int,
    end: int,
    length: int,
    short: int,
    out: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Prints of rows begin..end without repeats, from out[slots[row]] on, counts[row] of them.

    Of a run of equal prints one is written, two if no single short run can have made it: then it comes twice.
    """
    width = length - short + 1
    longest = 0
    for row in range(begin, end):
        longest = max(longest, slots[row + 1] - slots[row])
    prints = np.empty(longest, np.uint64)
    for row in range(begin, end):
        found = least_grams(hashes, slots[row], slots[row + 1], length, short, prints)
        to, run = slots[row], 0
        for i in range(found):
            run = run + 1 if i > 0 and prints[i] == prints[i - 1] else 1
            if run == 1 or run == width + 1:
                out[to] = prints[i]
                to += 1
        counts[row] = to - slots[row]


@kernel
def mark_candidates(
    hashes: np.ndarray,
    slots: np.ndarray,
    begin: int,
    end: int,
    length: int,
    short: int,
    repeated: np.ndarray,
    out: np.ndarray,
) -> None:
    """Mark with 1 the units of rows begin..end in a run whose print is repeated, and the first of such a region with 2.

    `repeated` is ascending.
    """
    longest = 0
    for row in range(begin, end):
        longest = max(longest, slots[row + 1] - slots[row])
    prints = np.empty(longest, np.uint64)
    for row in range(begin, end):
        found = least_grams(hashes, slots[row], slots[row + 1], length, short, prints)
        marked, known = slots[row], False
        for i in range(found):
            if i == 0 or prints[i] != prints[i - 1]:
                place = np.searchsorted(repeated, prints[i])
                known = place < len(repeated) and repeated[place] == prints[i]
            if known:
                unit = slots[row] + i
                if unit > marked or i == 0:
                    out[unit] = 2
                for each in range(max(unit + 1 if out[unit] == 2 else unit, marked), unit + length):
                    out[each] = 1
                marked = unit + length


@kernel
def copy_units(
    content: np.ndarray,
    bytes_first: np.ndarray,
    bytes_last: np.ndarray,
    marks: np.ndarray,
    out: np.ndarray,
    starts: np.ndarray,
) -> None:
    """Bytes of marked units, a space after each; region i is starts[i]:starts[i + 1] of them."""
    to, region = 0, 0
    for unit in range(len(marks)):
        if marks[unit] == 0:
            continue
        if marks[unit] == 2:
            starts[region] = to
            region += 1
        size = bytes_last[unit] - bytes_first[unit]
        out[to : to + size] = content[bytes_first[unit] : bytes_last[unit]]
        out[to + size] = _SPACE
        to += size + 1
    starts[region] = to


@kernel
def hash_regions(content: np.ndarray, hashes: np.ndarray, at: np.ndarray) -> None:
    """Hash of each unit of a text in which a space follows each, where it begins, and in the last entry the end."""
    unit, value = 0, _START
    at[0] = 0
    for place in range(len(content)):
        if content[place] == _SPACE:
            hashes[unit] = mix(value)
            unit, value = unit + 1, _START
            at[unit] = place + 1
        else:
            value = (value ^ np.uint64(content[place])) * _STEP


@kernel
def _same(content: np.ndarray, left: int, left_end: int, right: int, right_end: int) -> bool:
    if left_end - left != right_end - right:
        return False
    for i in range(left_end - left):  # noqa: SIM110 - a generator cannot be compiled
        if content[left + i] != content[right + i]:
            return False
    return True


@kernel
def mark_repeats(
    content: np.ndarray,
    at: np.ndarray,
    hashes: np.ndarray,
    offsets: np.ndarray,
    documents: np.ndarray,
    ordinals: np.ndarray,
    length: int,
    within: bool,
    bits: int,
    part: int,
    parts: int,
    slots: int,
    source: np.ndarray,
) -> bool:
    """Find for each run of `length` units the first equal one, among runs whose hashes fall in one part of all.

    Args:
        content: text of the regions in keep order, a space after each unit.
        at: where each unit begins in it, and its end.
        hashes: of each unit.
        offsets: units of region i are offsets[i]:offsets[i + 1].
        documents: rank of the document of each region.
        ordinals: number of a region's first unit in its document.
        within: whether a repeat inside one document counts, where it does not overlap the first.
        bits: of the hash of a run that are used; fewer than 64 is for tests of collisions.
        part: which part of the hashes to look at.
        parts: number of parts.
        slots: size of the table, a power of two.
        source: (units,), out: first unit of the first equal run, for runs that repeat one; else -1.

    Returns:
        Whether the runs fit into the table.
    """
    table, first = np.empty(slots, np.uint64), np.full(slots, -1, np.int64)
    region_of = np.empty(slots, np.int32)
    mask, kept_bits, taken = np.uint64(slots - 1), np.uint64(64 - bits), 0
    leaving = _ONE
    for _ in range(length - 1):
        leaving *= _BASE
    for region in range(len(offsets) - 1):
        rolling = _ZERO
        for unit in range(offsets[region], offsets[region + 1]):
            if unit - offsets[region] >= length:
                rolling -= hashes[unit - length] * leaving
            rolling = rolling * _BASE + hashes[unit]
            run = unit - length + 1
            if run < offsets[region]:
                continue
            value = mix(rolling) >> kept_bits
            if np.int64(value % np.uint64(parts)) != part:
                continue
            slot = np.int64(mix(value + _ONE) & mask)
            while first[slot] >= 0:
                if table[slot] == value:
                    other = first[slot]
                    shifted = run > offsets[region] and source[run - 1] >= 0 and source[run - 1] == other - 1
                    step = length - 1 if shifted and other > offsets[region_of[slot]] else 0
                    if _same(content, at[run + step], at[unit + 1] - 1, at[other + step], at[other + length] - 1):
                        break
                slot = (slot + 1) & np.int64(mask)
            if first[slot] < 0:
                taken += 1
                if 10 * taken > 9 * slots:
                    return False
                table[slot], first[slot], region_of[slot] = value, run, region
                continue
            other, origin = first[slot], np.int64(region_of[slot])
            if documents[origin] == documents[region]:
                there = ordinals[origin] + other - offsets[origin]
                if not within or ordinals[region] + run - offsets[region] < there + length:
                    continue
            source[run] = other
    return True
