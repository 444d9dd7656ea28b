"""Compiled kernels of C4's line rules. They hold no lock, write to their own rows only, and start no threads.

A file of its own and whole: compiled code is cached beside it, and the cache knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import decode, kernel

WHITE, END_MARK = 1, 2  # bits of a character
LONG_WORD, NO_END_MARK, FEW_WORDS, PHRASE = range(4)  # why a line goes: from PHRASE on, one for each set of phrases
_LINE_FEED, _DOT = 0x0A, 0x2E


@kernel
def _next_line(content: np.ndarray, at: int, stop: int, classes: np.ndarray) -> Any:
    """The line at `at`: where it begins and ends without white space around, its words, the longest, its last bits."""
    begin, over, words, word, longest, last = at, at, 0, 0, 0, np.int64(0)
    while at < stop:
        code, size = decode(content, at)
        at += size
        if code == _LINE_FEED:
            break
        kind = np.int64(classes[code]) if code < len(classes) else np.int64(0)
        if kind & WHITE:
            word = 0
            continue
        if words == 0:
            begin = at - size
        words += word == 0
        word += 1
        longest = max(longest, word)
        over, last = at, kind
    return begin, over, words, longest, last, at


@kernel
def _phrase(content: np.ndarray, begin: int, end: int, phrases: np.ndarray, offsets: np.ndarray) -> int:
    """The first of the phrases, in their order, that bytes hold with ASCII letters in any case; -1 for none."""
    for phrase in range(len(offsets) - 1):
        length = offsets[phrase + 1] - offsets[phrase]
        for at in range(begin, end - length + 1):
            same = 0
            while same < length:
                byte = content[at + same]
                folded = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
                if folded != phrases[offsets[phrase] + same]:
                    break
                same += 1
            if same == length:
                return phrase
    return -1


@kernel
def _copy(source: np.ndarray, begin: int, end: int, target: np.ndarray, at: int) -> int:
    """Copy bytes and say where they end; a loop, since slices take a second each to compile."""
    for i in range(end - begin):
        target[at + i] = source[begin + i]
    return at + end - begin


@kernel
def edit_lines(
    content: np.ndarray,
    starts: np.ndarray,
    classes: np.ndarray,
    limits: tuple[int, int, int],
    phrases: np.ndarray,
    offsets: np.ndarray,
    reasons: np.ndarray,
    suspected: np.ndarray,
    begin: int,
    end: int,
    removed: np.ndarray,
    edited: np.ndarray,
    lengths: np.ndarray,
) -> None:
    """Remove lines from rows begin..end.

    Args:
        content: bytes of all texts.
        starts: (rows + 1,).
        classes: bits of characters by number, others have none.
        limits: least number of words of a line, most characters of a word, and 1 where lines need an end mark.
        phrases: bytes of all phrases, lower-case in ASCII.
        offsets: (phrases + 1,).
        reasons: (phrases,), of each phrase.
        suspected: (rows,), whether a text may hold a phrase.
        begin: first row.
        end: the row after the last.
        removed: (reasons, rows), out: lines removed.
        edited: like `content`, out: each text from where it begins in `content` on.
        lengths: (rows,), out: its bytes.
    """
    least_words, longest_word, check_ends = limits
    for row in range(begin, end):
        at, stop, target, blank, gone = starts[row], starts[row + 1], starts[row], False, 0
        while at < stop:
            first, over, words, longest, last, at = _next_line(content, at, stop, classes)
            if words == 0:
                blank = True
                continue
            reason = -1
            dots = over - first >= 3 and content[over - 1] == _DOT == content[over - 2] == content[over - 3]
            if longest > longest_word:
                reason = LONG_WORD
            elif check_ends and (last & END_MARK == 0 or dots):
                reason = NO_END_MARK
            elif words < least_words:
                reason = FEW_WORDS
            elif suspected[row]:
                phrase = _phrase(content, first, over, phrases, offsets)
                reason = reasons[phrase] if phrase >= 0 else -1
            if reason >= 0:
                removed[reason, row] += 1
                gone += 1
                continue
            if target > starts[row]:
                edited[target] = _LINE_FEED
                edited[target + blank] = _LINE_FEED
                target += 1 + blank
            target = _copy(content, first, over, edited, target)
            blank = False
        if gone == 0:
            target = _copy(content, starts[row], stop, edited, starts[row])
        lengths[row] = target - starts[row]


@kernel
def pack(edited: np.ndarray, starts: np.ndarray, places: np.ndarray, begin: int, end: int, packed: np.ndarray) -> None:
    """Texts of rows begin..end one behind the other: packed[places[row]:places[row + 1]]."""
    for row in range(begin, end):
        _copy(edited, starts[row], starts[row] + places[row + 1] - places[row], packed, places[row])
