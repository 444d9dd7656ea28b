"""Compiled kernels of rules. They hold no lock, write to their own rows only, and start no threads.

Words are runs of anything but white space; lines end at a line feed and are taken without white space at both ends.
Words, lines and paragraphs are told apart by 64-bit hashes. Time grows as the text does, whatever it holds; memory too,
with at most 8 bytes a word and about 24 a different word, line or n-gram.

All but `compiled` in one file, because the cache of compiled code knows of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import decode, kernel
from .characters import BULLET, CLOSING, ENDED, HANGUL, LETTER, LONGEST_STOP_WORD, LOWER, STOP, WHITE, WORD

Array = np.ndarray
_START, _STEP = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a
_MIX_SHIFT, _MIX = np.uint64(32), np.uint64(0xD6E8FEB86659FD93)
_BYTE, _FOLD, _HALF = np.uint64(8), np.uint64(0x20), np.uint64(32)
_LINE_FEED, _HASH, _DOT, _ELLIPSIS = 0x0A, 0x23, 0x2E, 0x2026
_ALL = (1 << 16) - 1
_FIRST_TABLE = 1 << 8


@kernel
def _bits(classes: Array, code: int) -> Any:
    """What is known of a character; nothing of those above the table."""
    return np.int64(classes[code]) if code < len(classes) else 0


@kernel
def _next_word(content: Array, at: int, stop: int, classes: Array) -> Any:
    """The next word: where it begins and ends, its characters, those of Hangul, bits any and all have, and its hash.

    It has no character when there is none.
    """
    begin, characters, hangul, some, every, key = stop, 0, 0, 0, _ALL, _START
    while at < stop:
        code, size = decode(content, at)
        kind = _bits(classes, code)
        if kind & WHITE:
            if characters > 0:
                break
        else:
            if characters == 0:
                begin = at
            characters += 1
            some |= kind
            every &= kind
            hangul += (kind & HANGUL) // HANGUL
            key = (key ^ np.uint64(code)) * _STEP
        at += size
    return begin, at, characters, hangul, some, every, key


@kernel
def _signs(content: Array, begin: int, end: int, stop_words: Array) -> Any:
    """Number signs, ellipses and a bit for each stop word, in one word's bytes."""
    hashes, ellipses, present, dots, length, token = 0, 0, 0, 0, 0, np.uint64(0)
    for at in range(begin, end + 1):
        byte = np.int64(content[at]) if at < end else 0
        folded = byte | 0x20
        if 0x61 <= folded <= 0x7A or 0x30 <= byte <= 0x39 or byte == 0x5F:
            token = token << _BYTE | np.uint64(folded)
            length += 1
        else:
            present |= _stop_word(token, length, stop_words)
            length, token = 0, np.uint64(0)
        hashes += byte == _HASH
        dots = dots + 1 if byte == _DOT else 0
        if dots == 3 or (byte == 0xA6 and at >= begin + 2 and content[at - 1] == 0x80 and content[at - 2] == 0xE2):
            ellipses += 1
            dots = 0
    return hashes, ellipses, present


@kernel
def _stop_word(token: Any, length: int, stop_words: Array) -> int:
    if 0 < length <= LONGEST_STOP_WORD:
        for i in range(len(stop_words)):
            if stop_words[i] == token:
                return 1 << i
    return 0


@kernel
def count_words(
    content: Array, starts: Array, classes: Array, stop_words: Array, begin: int, end: int, out: Array
) -> None:
    """Counts of words and characters of rows begin..end: out[measure, row], as in `measures.WORD_MEASURES`.

    Stop words are packed, see `characters.packed`.
    """
    for row in range(begin, end):
        at, stop = starts[row], starts[row + 1]
        words, letterless, characters, hangul, hashes, ellipses, present = 0, 0, 0, 0, 0, 0, 0
        while at < stop:
            first, at, size, syllables, some, every, _ = _next_word(content, at, stop, classes)
            if size == 0:
                break
            words += 1
            characters += size
            hangul += syllables
            letterless += some & LETTER == 0
            # A longer run of ASCII letters and digits holds no sign and is no stop word.
            if every & WORD == 0 or at - first <= LONGEST_STOP_WORD:
                more_hashes, more_ellipses, more_present = _signs(content, first, at, stop_words)
                hashes += more_hashes
                ellipses += more_ellipses
                present |= more_present
        out[0, row], out[1, row], out[2, row], out[3, row] = words, letterless, characters, hangul
        out[4, row], out[5, row], out[6, row] = hashes, ellipses, 0
        while present:
            out[6, row] += present & 1
            present >>= 1


@kernel
def _slot(table: Array, keys: Array, key: Any) -> Any:
    """Where a key stands in an open table of numbers of keys (-1 for empty), or the empty place where it belongs."""
    mask = len(table) - 1
    mixed = (key ^ key >> _MIX_SHIFT) * _MIX
    at = np.int64(mixed >> _MIX_SHIFT) & mask
    while table[at] >= 0 and keys[table[at]] != key:
        at = (at + 1) & mask
    return at


@kernel
def _table(entries: int) -> Any:
    """An empty table with its keys and a count for each, with room for `entries`, or for 2^15 when these are more."""
    size = _FIRST_TABLE
    while size < 2 * entries and size < _FIRST_TABLE << 8:
        size *= 2
    return np.full(size, -1, np.int32), np.empty(size // 2, np.uint64), np.empty(size // 2, np.int32)


@kernel
def _seen(table: Array, keys: Array, known: int, key: Any) -> bool:
    """Whether a key is among those known; it is put there if not, which takes room for one more."""
    slot = _slot(table, keys, key)
    if table[slot] >= 0:
        return True
    table[slot], keys[known] = known, key
    return False


@kernel
def _grown(table: Array, keys: Array, counts: Array, known: int) -> Any:
    """The same table with twice the room."""
    larger, room = np.full(2 * len(table), -1, np.int32), 2 * len(keys)
    more_keys, more_counts = np.empty(room, np.uint64), np.empty(room, np.int32)
    for i in range(known):  # not by slices, which take seconds to compile
        more_keys[i], more_counts[i] = keys[i], counts[i]
        larger[_slot(larger, more_keys, keys[i])] = i
    return larger, more_keys, more_counts


@kernel
def _next_line(content: Array, at: int, stop: int, classes: Array) -> Any:
    """The line at `at`: first and last character, where they begin and end, characters, sentences, hash, what follows.

    White space at both ends is none of it; a blank line has no character. A sentence is over after stops, and closing
    marks, where white space and then anything but a lower-case letter follow, and at the end of the line.
    """
    first, last, begin, over, position, size = 0, 0, at, at, 0, 0
    sentences, stopped, waiting = 0, False, False
    key, key_here = _START, _START
    while at < stop:
        code, length = decode(content, at)
        at += length
        if code == _LINE_FEED:
            break
        kind = _bits(classes, code)
        if kind & WHITE:
            waiting = stopped
            if size == 0:
                continue
            position += 1
            key = (key ^ np.uint64(code)) * _STEP
            continue
        if size == 0:
            first, begin, sentences = code, at - length, 1
        elif waiting and kind & LOWER == 0:
            sentences += 1
        waiting = False
        stopped = kind & STOP != 0 or (stopped and kind & CLOSING != 0)
        position += 1
        key = (key ^ np.uint64(code)) * _STEP
        last, over, size, key_here = code, at, position, key
    return first, last, begin, over, size, sentences, key_here, at


@kernel
def count_lines(content: Array, starts: Array, classes: Array, short: int, begin: int, end: int, out: Array) -> None:
    """Counts of lines and paragraphs of rows begin..end: out[measure, row], as in `measures.LINE_MEASURES`."""
    for row in range(begin, end):
        at, stop = starts[row], starts[row + 1]
        # Lines and paragraphs stand in one table: a paragraph's hash is made of its lines' in another way than theirs.
        table, keys, counts = _table(1)
        known, paragraph, lines_key = 0, 0, _START  # keys; characters of a paragraph; hash of its lines
        for measure in range(len(out)):
            out[measure, row] = 0
        while at < stop:
            first, last, opened, over, size, sentences, key, at = _next_line(content, at, stop, classes)
            out[0, row] += content[at - 1] == _LINE_FEED
            if size > 0:
                begins, finishes = _bits(classes, first), _bits(classes, last)
                out[1, row] += 1
                out[2, row] += size
                out[3, row] += sentences
                out[4, row] += begins & BULLET != 0
                dots = last == _DOT and over - opened >= 3 and content[over - 2] == _DOT and content[over - 3] == _DOT
                out[5, row] += dots or last == _ELLIPSIS
                out[6, row] += finishes & ENDED != 0
                out[7, row] += size <= short
                if known + 2 > len(keys):
                    table, keys, counts = _grown(table, keys, counts, known)
                again = _seen(table, keys, known, key)
                known += not again
                out[8, row] += again
                out[9, row] += again * size
                paragraph += size
                lines_key = (lines_key ^ key) * _MIX
                lines_key ^= lines_key >> _MIX_SHIFT
            if paragraph > 0 and (size == 0 or at >= stop):
                again = _seen(table, keys, known, lines_key)
                known += not again
                out[10, row] += 1
                out[11, row] += again
                out[12, row] += again * paragraph
                paragraph, lines_key = 0, _START


@kernel
def _number_words(content: Array, at: int, stop: int, classes: Array, grams: Array, sizes: Array) -> Any:
    """Number each word by its first occurrence, -1 where it is the only one, and its characters; words and repeats."""
    table, keys, counts = _table((stop - at) // 12)
    words, known = 0, 0
    while True:
        _, at, size, _, _, _, key = _next_word(content, at, stop, classes)
        if size == 0:
            break
        slot = _slot(table, keys, key)
        if table[slot] < 0:
            if known == len(keys):
                table, keys, counts = _grown(table, keys, counts, known)
                slot = _slot(table, keys, key)
            table[slot], keys[known], counts[known] = known, key, 0
            known += 1
        counts[table[slot]] += 1
        grams[words], sizes[words] = table[slot], size
        words += 1
    return words, _drop_single(grams, words, counts)[1]


@kernel
def _drop_single(grams: Array, words: int, counts: Array) -> Any:
    """Put -1 for what occurs once; the first place of what occurs most (-1 for none), and how many repeat."""
    most, top, repeated = 1, -1, 0
    for i in range(words):
        gram = grams[i]
        count = counts[gram] if gram >= 0 else 0
        grams[i] = gram if count > 1 else -1
        repeated += count > 1
        if count > most:
            most, top = count, i
    return top, repeated


@kernel
def repeat_words(
    content: Array, starts: Array, classes: Array, longest_top: int, begin: int, end: int, out: Array
) -> None:
    """Characters in the top n-gram and in duplicate ones of rows begin..end, n from 2 on: out[n - 2, row].

    An n-gram can only repeat where both (n - 1)-grams in it do, so it is told apart by their numbers, and most are
    never looked up. Up to n = `longest_top` the characters are those of the top n-gram, above of the duplicate ones.
    """
    for row in range(begin, end):
        at, stop = starts[row], starts[row + 1]
        grams, sizes = np.empty((stop - at + 1) // 2, np.int32), np.empty((stop - at + 1) // 2, np.int32)
        words, repeated = _number_words(content, at, stop, classes, grams, sizes)
        for n in range(2, len(out) + 2):
            out[n - 2, row] = 0
            if repeated == 0:
                continue
            covered, duplicate, known = 0, 0, 0  # words up to here are counted; characters in them; n-grams
            table, keys, counts = _table(repeated)
            for i in range(words):
                if grams[i] < 0:
                    continue
                if i + 1 == words or grams[i + 1] < 0:
                    grams[i] = -1
                    continue
                key = np.uint64(grams[i]) << _HALF | np.uint64(grams[i + 1])
                slot = _slot(table, keys, key)
                if table[slot] >= 0:
                    for word in range(max(i, covered), i + n):
                        duplicate += sizes[word]
                    covered = i + n
                else:
                    if known == len(keys):
                        table, keys, counts = _grown(table, keys, counts, known)
                        slot = _slot(table, keys, key)
                    table[slot], keys[known], counts[known] = known, key, 0
                    known += 1
                grams[i] = table[slot]
                counts[grams[i]] += 1
            top, repeated = _drop_single(grams, words, counts)
            out[n - 2, row] = _top_characters(grams, sizes, top, words, n) if n <= longest_top else duplicate


@kernel
def _top_characters(grams: Array, sizes: Array, top: int, words: int, n: int) -> int:
    """Characters of the words that lie in an occurrence of the n-gram at `top`, each counted once."""
    covered, characters = 0, 0
    for i in range(max(top, 0), words if top >= 0 else 0):
        if grams[i] == grams[top]:
            for word in range(max(i, covered), i + n):
                characters += sizes[word]
            covered = i + n
    return characters
