"""Compiled kernels that read texts: shingles, signatures and folded texts, in one walk over the bytes of a column.

They hold no lock, write to their own rows only, and start no threads. Indices are unsigned, since a signed one costs a
test for negative values at each access. All in one file, because compiled code is cached beside it and the cache knows
of changes to this file alone.
"""

from typing import Any

import numpy as np

from ..compiled import kernel, mix

# An entry of the table of characters, uint32: the lower-cased character, its class, and what is to be known of it.
CODE, CLASS, WHITE = np.uint32(0x1FFFFF), np.uint32(0x600000), np.uint32(1 << 25)
UNSETTLED = np.uint32(1 << 23)  # a character that text in NFC may not hold, or only in some places
DOTTED = np.uint32(1 << 24)  # the capital I with a dot, of which two characters are made
_UNSPACED = np.uint32(0x400000)
_DOT = np.uint32(0x307)

_WORD_START = np.uint64(0xCBF29CE484222325)
_WORD_STEP = np.uint64(0x100000001B3)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SALT = (np.uint64(0x5851F42D4C957F2D), np.uint64(0x14057B7EF767814F))  # words and characters never agree by chance
_ZERO, _ONE, _HALF = np.uint64(0), np.uint64(1), np.uint64(32)
_MIX_SHIFT, _MIX_1, _MIX_2 = np.uint64(33), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_LARGEST = np.uint32(0xFFFFFFFF)
_SHIFT_16, _SHIFT_13 = np.uint32(16), np.uint32(13)
_MIX32_1, _MIX32_2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_BLOCK = 512  # shingles that are signed in one go: they stay in the first cache
_AT, _READY, _SLOT, _ROLLING, _WORD, _LAST, _SAME = range(7)  # places in the state of a walk; two of _SAME


@kernel
def decode(content: np.ndarray, at: Any) -> Any:
    """Character number, uint32, and its length in bytes, uint64, at a place in valid UTF-8."""
    first = np.uint32(content[at])
    if first < 0x80:
        return first, _ONE
    second = np.uint32(content[at + _ONE]) & np.uint32(0x3F)
    if first < 0xE0:
        return np.uint32((first & np.uint32(0x1F)) << np.uint32(6) | second), np.uint64(2)
    third = np.uint32(second << np.uint32(6) | np.uint32(content[at + np.uint64(2)]) & np.uint32(0x3F))
    if first < 0xF0:
        return np.uint32((first & np.uint32(0x0F)) << np.uint32(12) | third), np.uint64(3)
    fourth = np.uint32(third << np.uint32(6) | np.uint32(content[at + np.uint64(3)]) & np.uint32(0x3F))
    return np.uint32((first & np.uint32(0x07)) << np.uint32(18) | fourth), np.uint64(4)


@kernel
def _by_characters(content: np.ndarray, begin: Any, end: Any, table: np.ndarray, share: float) -> bool:
    """Whether unspaced letters are the given share of all: from counts of bytes where they settle it."""
    latin, leading, wide, sure = 0, 0, 0, 0
    for at in range(begin, end):
        byte = content[np.uint64(at)]
        latin += ((byte | np.uint8(0x20)) - np.uint8(0x61)) & np.uint8(0xFF) < 26
        leading += byte >= 0xC2
        wide += byte >= 0xE0  # unspaced letters take three bytes or more
        sure += (byte == 0xEB) | (byte == 0xEC)  # nothing but Hangul begins so
    if wide < share * latin or (wide == 0 and share > 0):
        return False
    if sure > 0 and sure >= share * (latin + leading):
        return True
    letters, unspaced = 0, 0
    place = np.uint64(begin)
    while place < np.uint64(end):
        code, size = decode(content, place)
        place += size
        kind = table[code] & CLASS if code < len(table) else np.uint32(0)
        letters += (kind != 0) & (kind != CLASS)
        unspaced += kind == _UNSPACED
    return letters > 0 and unspaced >= share * letters


@kernel
def _note(state: np.ndarray, shingle: Any) -> None:
    """Take a shingle of 64 bits into the two hashes that stand for all of a document's, of repeats the first only."""
    if shingle != state[_LAST]:
        state[_LAST] = shingle
        one = (state[_SAME] ^ shingle) * _MIX_1
        two = (state[_SAME + 1] ^ shingle) * _BASE
        state[_SAME] = one ^ (one >> _HALF)
        state[_SAME + 1] = two ^ (two >> _MIX_SHIFT)


@kernel
def _cut_words(
    content: np.ndarray, end: Any, table: np.ndarray, trusted: bool, words: int, leaving: Any,
    window: np.ndarray, state: np.ndarray, block: np.ndarray,
) -> int:  # fmt: skip
    """Next shingles of words, as many as the block takes: a polynomial over hashes of words, rolled on by one.

    Returns:
        Number of shingles; less than the block has room for at the end of the text; -1 for a character that may have
        to be normalised.
    """
    at, ready, slot, rolling, word = state[_AT], state[_READY], state[_SLOT], state[_ROLLING], state[_WORD]
    least, last, count, room = np.uint64(words), np.uint64(words - 1), _ZERO, np.uint64(len(block))
    while count < room:
        if at < end:
            byte = content[at]
            if byte < 0x80:
                entry = table[np.uint64(byte)]
                at += _ONE
            else:
                code, size = decode(content, at)
                at += size
                entry = table[code] if code < len(table) else np.uint32(0)
                if entry & (UNSETTLED | DOTTED):
                    if entry & UNSETTLED and not trusted:
                        return -1
                    if entry & DOTTED:
                        word = (word ^ np.uint64(entry & CODE)) * _WORD_STEP
                        entry = _DOT | CLASS
            if entry & CLASS:
                word = (word ^ np.uint64(entry & CODE)) * _WORD_STEP
                continue
        elif word == _WORD_START:
            break
        if word != _WORD_START:
            unit = mix(word)
            word = _WORD_START
            rolling = (rolling - window[slot] * leaving) * _BASE + unit
            window[slot] = unit
            slot = _ZERO if slot == last else slot + _ONE
            ready += _ONE
            if ready >= least:
                shingle = mix(rolling ^ _SALT[0])
                _note(state, shingle)
                block[count] = np.uint32(shingle >> _HALF)
                count += _ONE
    state[_AT], state[_READY], state[_SLOT], state[_ROLLING], state[_WORD] = at, ready, slot, rolling, word
    return int(count)


@kernel
def _cut_characters(
    content: np.ndarray, end: Any, table: np.ndarray, trusted: bool, characters: int, leaving: Any,
    window: np.ndarray, state: np.ndarray, block: np.ndarray,
) -> int:  # fmt: skip
    """The same with shingles of characters."""
    at, ready, slot, rolling = state[_AT], state[_READY], state[_SLOT], state[_ROLLING]
    dotted = state[_WORD] == _ONE  # a dot is still to come
    least, last, count, room = np.uint64(characters), np.uint64(characters - 1), _ZERO, np.uint64(len(block))
    while count < room and (at < end or dotted):
        if dotted:
            code, dotted = _DOT, False
        else:
            code, size = decode(content, at)
            at += size
            if code < np.uint32(0xAC00) or code > np.uint32(0xD7A3):  # Hangul syllables are what they are
                entry = table[code] if code < len(table) else np.uint32(0)
                if entry & UNSETTLED and not trusted:
                    return -1
                if not entry & CLASS:
                    continue
                dotted = entry & DOTTED != 0
                code = entry & CODE
        unit = np.uint64(code)
        rolling = (rolling - window[slot] * leaving) * _BASE + unit
        window[slot] = unit
        slot = _ZERO if slot == last else slot + _ONE
        ready += _ONE
        if ready >= least:
            shingle = mix(rolling ^ _SALT[1])
            _note(state, shingle)
            block[count] = np.uint32(shingle >> _HALF)
            count += _ONE
    state[_AT], state[_READY], state[_SLOT], state[_ROLLING] = at, ready, slot, rolling
    state[_WORD] = _ONE if dotted else _ZERO
    return int(count)


@kernel
def _power(exponent: int) -> Any:
    """Power of the base that the oldest unit of a window has."""
    value = _ONE
    for _ in range(exponent):
        value *= _BASE
    return value


@kernel
def _sign(block: np.ndarray, count: int, a: np.ndarray, b: np.ndarray, signature: np.ndarray) -> None:
    """Lower a signature to the least values of the permutations a * mix(h) + b modulo 2^32 over a block's hashes.

    The permutations lie in the lanes of vector registers; four hashes are taken at a time, so that each is loaded and
    stored once for four. The block has room to be filled up to a multiple of four; it is used up.
    """
    filled = (count + 3) // 4 * 4
    for i in range(count, filled):
        block[np.uint64(i)] = block[np.uint64(count - 1)]
    for i in range(filled):
        block[np.uint64(i)] = _mix32(block[np.uint64(i)])
    for i in range(0, filled, 4):
        at = np.uint64(i)
        one, two = block[at], block[at + _ONE]
        three, four = block[at + np.uint64(2)], block[at + np.uint64(3)]
        for k in range(len(signature)):
            factor, summand = a[k], b[k]
            first = min(np.uint32(factor * one + summand), np.uint32(factor * two + summand))
            second = min(np.uint32(factor * three + summand), np.uint32(factor * four + summand))
            signature[k] = min(signature[k], min(first, second))


@kernel
def _mix32(value: Any) -> Any:
    """The finaliser of MurmurHash3 for 32 bits."""
    value = np.uint32(value ^ (value >> _SHIFT_16))
    value = np.uint32(value * _MIX32_1)
    value = np.uint32(value ^ (value >> _SHIFT_13))
    value = np.uint32(value * _MIX32_2)
    return np.uint32(value ^ (value >> _SHIFT_16))


@kernel
def sketch_texts(
    content: np.ndarray, starts: np.ndarray, table: np.ndarray, trusted: bool, words: int, characters: int,
    share: float, a: np.ndarray, b: np.ndarray, rows_a_band: int, begin: int, end: int,
    counts: np.ndarray, same: np.ndarray, signatures: np.ndarray, keys: np.ndarray,
) -> None:  # fmt: skip
    """Sketches of texts begin..end, without their shingles being stored anywhere.

    Args:
        content: UTF-8 of all texts; text i is content[starts[i]:starts[i + 1]].
        starts: int64 (rows + 1,).
        table: see `shingles.characters`.
        trusted: the texts are in NFC.
        words: words of a shingle.
        characters: characters of a shingle, where characters are used.
        share: of unspaced letters, from which characters are used.
        a: factors of the permutations; more than there are columns of signatures, where a fuller vector is faster.
        b: summands of the permutations.
        rows_a_band: signature values of a band.
        begin: first row.
        end: row after the last.
        counts: int64 (rows,), out: number of shingles; -1 where the text must first be brought into NFC.
        same: uint64 (2, rows), out: hashes of the whole series of shingles, repeats in a row counted once.
        signatures: uint32 (rows, permutations) or (0, ...), out.
        keys: uint64 (bands, rows) or (0, ...), out: a hash of each run of `rows_a_band` signature values.
    """
    block, signature = np.empty(_BLOCK, np.uint32), np.empty(len(a), np.uint32)
    window, state = np.empty(max(words, characters), np.uint64), np.empty(8, np.uint64)
    leaving_word, leaving_character = _power(words - 1), _power(characters - 1)
    for row in range(begin, end):
        stop = np.uint64(starts[row + 1])
        by_characters = _by_characters(content, starts[row], starts[row + 1], table, share)
        window[:] = _ZERO
        state[:] = _ZERO
        state[_AT], state[_WORD] = np.uint64(starts[row]), _ZERO if by_characters else _WORD_START
        signature[:] = _LARGEST
        total = 0
        while True:
            if by_characters:
                count = _cut_characters(
                    content, stop, table, trusted, characters, leaving_character, window, state, block)  # fmt: skip
            else:
                count = _cut_words(content, stop, table, trusted, words, leaving_word, window, state, block)
            total = total + count if count >= 0 else -1
            if count > 0:
                _sign(block, count, a, b, signature)
            if count < _BLOCK:
                break
        counts[row] = total
        same[0, row], same[1, row] = state[_SAME], state[_SAME + 1]
        if len(signatures) > 0:
            for k in range(signatures.shape[1]):
                signatures[row, k] = signature[k]
        for band in range(len(keys)):
            key = _SALT[0]
            for k in range(band * rows_a_band, (band + 1) * rows_a_band):
                key = (key + np.uint64(signature[k])) * _BASE
            keys[band, row] = mix(key)


@kernel
def cut_texts(
    content: np.ndarray, starts: np.ndarray, table: np.ndarray, words: int, characters: int, share: float,
    begin: int, end: int, offsets: np.ndarray, values: np.ndarray,
) -> None:  # fmt: skip
    """Shingles of texts begin..end in NFC, those of row i to values[offsets[i]:offsets[i + 1]]; see `sketch_texts`."""
    window, state = np.empty(max(words, characters), np.uint64), np.empty(8, np.uint64)
    leaving_word, leaving_character = _power(words - 1), _power(characters - 1)
    for row in range(begin, end):
        if offsets[row + 1] == offsets[row]:
            continue
        stop = np.uint64(starts[row + 1])
        by_characters = _by_characters(content, starts[row], starts[row + 1], table, share)
        window[:] = _ZERO
        state[:] = _ZERO
        state[_AT], state[_WORD] = np.uint64(starts[row]), _ZERO if by_characters else _WORD_START
        target = values[offsets[row] : offsets[row + 1]]
        if by_characters:
            _cut_characters(content, stop, table, True, characters, leaving_character, window, state, target)
        else:
            _cut_words(content, stop, table, True, words, leaving_word, window, state, target)


@kernel
def sign_rows(
    values: np.ndarray, offsets: np.ndarray, a: np.ndarray, b: np.ndarray, begin: int, end: int, signatures: np.ndarray
) -> None:
    """Signatures of rows begin..end of given hashes."""
    block, signature = np.empty(_BLOCK, np.uint32), np.empty(len(a), np.uint32)
    for row in range(begin, end):
        signature[:] = _LARGEST
        for first in range(offsets[row], offsets[row + 1], _BLOCK):
            count = min(_BLOCK, offsets[row + 1] - first)
            for i in range(count):
                block[i] = values[first + i]
            _sign(block, count, a, b, signature)
        for k in range(signatures.shape[1]):
            signatures[row, k] = signature[k]
