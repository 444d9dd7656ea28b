"""Compiled kernels that cut texts into lines, paragraphs, words and characters, and take spans out of texts.

They hold no lock, write to their own rows only and start no threads. All that they call is here or
in `compiled`, because the cache of compiled code knows of changes to this file alone.
"""

import numpy as np

from ..compiled import decode, kernel, mix

_START_1, _START_2 = np.uint64(0xCBF29CE484222325), np.uint64(0x6C62272E07BB0142)
_STEP_1, _STEP_2 = np.uint64(0x100000001B3), np.uint64(0x9FB21C651E98DF25)
_FOLD = np.uint64(29)
_SPACE = np.uint64(32)
_NEW_LINE = np.int64(10)
SEPARATOR, WORD, CHARACTER, JOINER, JAMO = 0, 1, 2, 3, 4  # classes of a character, see `units.classes`


@kernel
def _size(first: int) -> int:
    """Length in bytes of the character that begins with this byte of valid UTF-8."""
    if first < 0x80:
        return 1
    if first < 0xE0:
        return 2
    return 3 if first < 0xF0 else 4


@kernel
def mark_rows(
    content: np.ndarray, starts: np.ndarray, table: np.ndarray, begin: int, end: int, out: np.ndarray
) -> None:
    """Set out[row] for rows of begin..end that hold a character marked in the table."""
    for row in range(begin, end):
        at = starts[row]
        while at < starts[row + 1]:
            if content[at] < 0x80:  # no character of ASCII is marked
                at += 1
                continue
            code, size = decode(content, at)
            if code < len(table) and table[code]:
                out[row] = True
                break
            at += size


@kernel
def count_lines(content: np.ndarray, starts: np.ndarray, begin: int, end: int, counts: np.ndarray) -> None:
    """Number of lines of rows begin..end: one more than there are line ends."""
    for row in range(begin, end):
        lines = 1
        for at in range(starts[row], starts[row + 1]):
            lines += content[at] == 10
        counts[row] = lines


@kernel
def cut_lines(
    content: np.ndarray,
    starts: np.ndarray,
    spaces: np.ndarray,
    classes: np.ndarray,
    paragraphs: bool,
    begin: int,
    end: int,
    slots: np.ndarray,
    key_1: np.ndarray,
    key_2: np.ndarray,
    widths: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    found: np.ndarray,
) -> None:
    """Lines or paragraphs of rows begin..end, from slots[row] on; found[row] is their number.

    The key is two hashes of the characters, with each run of white space as one space and none at the ends. A unit goes
    from `first` to `last`, in characters, where the next one or the end of the text is. Lines of white space alone end
    a paragraph and begin none.
    """
    for row in range(begin, end):
        at, stop, character, slot = starts[row], starts[row + 1], 0, slots[row]
        hash_1, hash_2, width, gap = _START_1, _START_2, 0, False
        line_begins, unit_begins, blank = 0, -1, True
        while True:
            over = at >= stop
            code, size = np.int64(10), 1
            if not over:
                code, size = decode(content, at)
            if code == _NEW_LINE:
                done = (blank or over) if paragraphs else True
                if unit_begins < 0 and not (paragraphs and blank):
                    unit_begins = line_begins
                    if slot > slots[row]:
                        last[slot - 1] = unit_begins
                if done and unit_begins >= 0:
                    key_1[slot], key_2[slot] = mix(hash_1 ^ hash_2), mix(hash_2)
                    widths[slot], first[slot] = width, unit_begins
                    slot += 1
                    hash_1, hash_2, width, unit_begins = _START_1, _START_2, 0, -1
                gap = unit_begins >= 0
                line_begins, blank = character + 1, True
                if over:
                    break
            elif code < len(spaces) and spaces[code]:
                gap = True
            else:
                blank = False
                if gap and width > 0:
                    hash_1 = (hash_1 ^ _SPACE) * _STEP_1
                    hash_2 = (hash_2 + _SPACE) * _STEP_2
                    hash_2 ^= hash_2 >> _FOLD
                    width += 1
                gap = False
                hash_1 = (hash_1 ^ np.uint64(code)) * _STEP_1
                hash_2 = (hash_2 + np.uint64(code)) * _STEP_2
                hash_2 ^= hash_2 >> _FOLD
                width += 2 if code < len(classes) and classes[code] == CHARACTER else 1
            at += size
            character += 1
        found[row] = slot - slots[row]
        if slot > slots[row]:
            last[slot - 1] = character


@kernel
def without_spans(
    content: np.ndarray,
    starts: np.ndarray,
    spaces: np.ndarray,
    offsets: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    out: np.ndarray,
    out_starts: np.ndarray,
    removed: np.ndarray,
    counts: np.ndarray,
) -> int:
    """Texts without the spans begins..ends (characters, ascending in each row); -1, or the row that a span exceeds.

    Spans that touch are joined in place: those of a row are then the first counts[row] from offsets[row] on. White
    space that is left at the end of a text whose end was taken out goes too.
    """
    to = 0
    for row in range(len(starts) - 1):
        kept = offsets[row]
        for span in range(offsets[row] + 1, offsets[row + 1]):
            if begins[span] <= ends[kept]:
                ends[kept] = max(ends[kept], ends[span])
            else:
                kept += 1
                begins[kept], ends[kept] = begins[span], ends[span]
        last = kept + 1 if offsets[row + 1] > offsets[row] else offsets[row]
        counts[row] = last - offsets[row]
        out_starts[row] = to
        at, character, span = starts[row], 0, offsets[row]
        bare, bare_character = to, 0  # after the last character that is not white space: bytes out, characters in
        while at < starts[row + 1]:
            code, size = decode(content, at)
            while span < last and ends[span] <= character:
                span += 1
            if span < last and begins[span] <= character:
                removed[row] += 1
            else:
                out[to : to + size] = content[at : at + size]
                to += size
                if not (code < len(spaces) and spaces[code]):
                    bare, bare_character = to, character + 1
            at += size
            character += 1
        if last > offsets[row] and ends[last - 1] > character:
            return row
        if last > offsets[row] and ends[last - 1] == character and bare < to:
            # What is white space between there and here is as good as taken out.
            while last - 1 > offsets[row] and ends[last - 2] >= bare_character:
                last -= 1
            begins[last - 1], ends[last - 1] = min(begins[last - 1], bare_character), character
            counts[row] = last - offsets[row]
            taken = 0
            for each in range(offsets[row], last):
                taken += ends[each] - begins[each]
            removed[row], to = taken, bare
    out_starts[len(starts) - 1] = to
    return -1
