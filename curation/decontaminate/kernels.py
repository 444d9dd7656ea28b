"""Compiled kernels of decontamination: letters of texts, windows of evaluation items, and where these occur.

They hold no lock, write to their own rows only and start no threads. All that they call is here or
in `compiled`, because the cache of compiled code knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import decode, kernel, mix
from ..dedup.unit_kernels import CHARACTER, JAMO, JOINER, SEPARATOR, WORD

_BASE, _OTHER_BASE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)
_ONE, _ZERO, _BIT, _BYTE = np.uint64(1), np.uint64(0), np.uint64(7), np.uint64(3)
NEW_WORD, EDGE = 1, 2  # before a letter: a word begins; a match may begin or end


@kernel
def read_letters(
    content: np.ndarray, start: int, stop: int, classes: np.ndarray, codes: np.ndarray, marks: np.ndarray
) -> int:
    """Letters, digits and marks of a text without all between them; their number.

    marks[i] says what is before letter i: NEW_WORD after a separator and where words and characters meet, EDGE there
    and on both sides of each CHARACTER. The place after the last letter has both.
    """
    at, found, before, apart = start, 0, SEPARATOR, True
    while at < stop:
        code, size = decode(content, at)
        at += size
        kind: Any = np.int64(classes[code]) if code < len(classes) else SEPARATOR
        if kind == SEPARATOR or (kind == JOINER and apart):
            apart = True
            continue
        mark = 0
        if apart:
            mark = NEW_WORD | EDGE
        elif kind != JOINER:
            own = CHARACTER if kind == JAMO else kind
            if own != before:
                mark = NEW_WORD | EDGE
            elif kind == CHARACTER:
                mark = EDGE
        if kind != JOINER:
            before = WORD if kind == WORD else CHARACTER
        codes[found], marks[found] = code, mark
        apart = False
        found += 1
    marks[found] = NEW_WORD | EDGE
    return found


@kernel
def letters_of_rows(
    content: np.ndarray, starts: np.ndarray, classes: np.ndarray, codes: np.ndarray, marks: np.ndarray, ends: np.ndarray
) -> None:
    """Letters of all rows after each other, with one unused place after each row; ends[row] is where they end."""
    to = 0
    for row in range(len(starts) - 1):
        to += read_letters(content, starts[row], starts[row + 1], classes, codes[to:], marks[to:])
        ends[row] = to
        to += 1


@kernel
def measure_items(
    codes: np.ndarray,
    marks: np.ndarray,
    ends: np.ndarray,
    classes: np.ndarray,
    words: np.ndarray,
    characters: np.ndarray,
) -> None:
    """Number of words of each item, and of letters that are characters."""
    begin = 0
    for item in range(len(ends)):
        for at in range(begin, ends[item]):
            words[item] += marks[at] & NEW_WORD
            code = codes[at]
            characters[item] += code < len(classes) and (classes[code] == CHARACTER or classes[code] == JAMO)
        begin = ends[item] + 1


@kernel
def cut_windows(
    codes: np.ndarray,
    marks: np.ndarray,
    ends: np.ndarray,
    words: np.ndarray,
    lengths: np.ndarray,
    fill: bool,
    begins: np.ndarray,
    sizes: np.ndarray,
    owners: np.ndarray,
    key_1: np.ndarray,
    key_2: np.ndarray,
) -> int:
    """Windows of items, words[item] words long or, where that is 0, lengths[item] letters; their number."""
    begin, found = 0, 0
    for item in range(len(ends)):
        end = ends[item]
        ahead, inside = begin, 0  # the window is begin..ahead; words that begin in it
        for at in range(begin, end):
            if words[item] > 0:
                if not marks[at] & NEW_WORD:
                    continue
                while ahead < end and (inside < words[item] or not marks[ahead] & NEW_WORD):
                    inside += marks[ahead] & NEW_WORD
                    ahead += 1
                if inside < words[item]:
                    break
                inside -= 1
            else:
                ahead = at + lengths[item]
                if lengths[item] == 0 or ahead > end:
                    break
            if fill:
                one, two = _ZERO, _ZERO
                for each in range(at, ahead):
                    one = (one + np.uint64(codes[each]) + _ONE) * _BASE
                    two = (two ^ np.uint64(codes[each])) * _OTHER_BASE + _ONE
                begins[found], sizes[found], owners[found] = at, ahead - at, item
                key_1[found], key_2[found] = mix(one), mix(two)
            found += 1
        begin = end + 1
    return found


@kernel
def anchor(codes: np.ndarray, begin: int, size: int) -> Any:
    """Hash of letters begin..begin + size."""
    value = _ZERO
    for at in range(begin, begin + size):
        value = value * _BASE + np.uint64(codes[at]) + _ONE
    return mix(value)


@kernel
def fill_table(
    codes: np.ndarray, begins: np.ndarray, chosen: np.ndarray, size: int, table: np.ndarray, heads: np.ndarray,
    following: np.ndarray, sizes: np.ndarray, filter_bits: np.ndarray,
) -> None:  # fmt: skip
    """Enter the chosen windows under the hash of their first `size` letters, of all of them where that is 0."""
    mask = np.uint64(len(heads) - 1)
    filter_mask = np.uint64(8 * len(filter_bits) - 1)
    for window in chosen:
        value = anchor(codes, begins[window], size if size else sizes[window])
        slot = np.int64(value & mask)
        while heads[slot] >= 0 and table[slot] != value:
            slot = (slot + 1) & np.int64(mask)
        following[window] = heads[slot]
        table[slot], heads[slot] = value, window
        bit = (value >> np.uint64(20)) & filter_mask
        filter_bits[bit >> _BYTE] |= np.uint8(1) << np.uint8(bit & _BIT)


@kernel
def _look_up(value: Any, table: np.ndarray, heads: np.ndarray, filter_bits: np.ndarray) -> int:
    """The first window entered under a hash, or -1."""
    bit = (value >> np.uint64(20)) & np.uint64(8 * len(filter_bits) - 1)
    if not filter_bits[bit >> _BYTE] >> np.uint8(bit & _BIT) & np.uint8(1):
        return -1
    mask = np.uint64(len(heads) - 1)
    slot = np.int64(value & mask)
    while heads[slot] >= 0 and table[slot] != value:
        slot = (slot + 1) & np.int64(mask)
    return heads[slot]


@kernel
def _occurs(
    codes: np.ndarray,
    marks: np.ndarray,
    at: int,
    found: int,
    item_codes: np.ndarray,
    begin: int,
    size: int,
    edged: bool,
) -> bool:
    """Whether a window is at a place in a text of `found` letters, between edges where it must be."""
    if at + size > found or (edged and not (marks[at] & EDGE and marks[at + size] & EDGE)):
        return False
    for i in range(size):  # noqa: SIM110 - a generator cannot be compiled
        if codes[at + i] != item_codes[begin + i]:
            return False
    return True


@kernel
def find_items(
    content: np.ndarray,
    starts: np.ndarray,
    classes: np.ndarray,
    begin: int,
    end: int,
    item_codes: np.ndarray,
    begins: np.ndarray,
    sizes: np.ndarray,
    edged: np.ndarray,
    following: np.ndarray,
    anchors: np.ndarray,
    tables: np.ndarray,
    heads: np.ndarray,
    table_offsets: np.ndarray,
    filter_bits: np.ndarray,
    filter_offsets: np.ndarray,
    window_items: np.ndarray,
    window_offsets: np.ndarray,
    totals: np.ndarray,
    least_share: float,
    best: np.ndarray,
    counts: np.ndarray,
    items: np.ndarray,
) -> None:
    """For rows begin..end the item of which most windows occur, how many do, and how many items reach the share.

    Of items with equally many windows the one with the larger share of them is best, then the first.
    """
    longest = 0
    for row in range(begin, end):
        longest = max(longest, starts[row + 1] - starts[row])
    codes, marks = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint8)
    seen = np.full(len(begins), -1, np.int64)
    touched, tally, last = np.empty(len(totals), np.int64), np.zeros(len(totals), np.int32), np.full(len(totals), -1)
    for row in range(begin, end):
        found, hit = read_letters(content, starts[row], starts[row + 1], classes, codes, marks), 0
        for number in range(len(anchors)):
            size = anchors[number] if anchors[number] > 0 else found  # negative: documents of at most so many letters
            low, high = table_offsets[number], table_offsets[number + 1]
            if low == high or found < size or found == 0 or (anchors[number] < 0 and found > -anchors[number]):
                continue
            table, head = tables[low:high], heads[low:high]
            bits = filter_bits[filter_offsets[number] : filter_offsets[number + 1]]
            leaving = _ONE
            for _ in range(size):
                leaving *= _BASE
            rolling = _ZERO
            for at in range(found):
                rolling = rolling * _BASE + np.uint64(codes[at]) + _ONE
                if at >= size:
                    rolling -= (np.uint64(codes[at - size]) + _ONE) * leaving
                if at < size - 1:
                    continue
                window = _look_up(mix(rolling), table, head, bits)
                while window >= 0:
                    place = at - size + 1
                    if (
                        seen[window] != row
                        and (anchors[number] > 0 or sizes[window] == found)
                        and _occurs(
                            codes, marks, place, found, item_codes, begins[window], sizes[window], edged[window]
                        )
                    ):
                        seen[window] = row
                        for entry in range(window_offsets[window], window_offsets[window + 1]):
                            item = window_items[entry]
                            if last[item] != row:
                                last[item], tally[item], touched[hit] = row, 0, item
                                hit += 1
                            tally[item] += 1
                    window = following[window]
        best[row] = -1
        for i in range(hit):
            item, leader = touched[i], best[row]
            if tally[item] < least_share * totals[item]:
                continue
            items[row] += 1
            if leader >= 0:
                ours, theirs = tally[item] * np.int64(totals[leader]), tally[leader] * np.int64(totals[item])
                if tally[item] < tally[leader] or (
                    tally[item] == tally[leader] and (ours < theirs or (ours == theirs and item > leader))
                ):
                    continue
            best[row], counts[row] = item, tally[item]
