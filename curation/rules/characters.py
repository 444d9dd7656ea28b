"""What the kernels of rules need to know of a character, as bits by its number."""

import unicodedata
from functools import lru_cache

import numpy as np

WHITE, LETTER, LOWER, HANGUL, WORD, ENDED, BULLET, STOP, CLOSING = (1 << bit for bit in range(9))

# The property White_Space of Unicode: other than Python's `isspace`, without the four separators from U+001C on.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000"
BULLETS = "•‣◦▪●○∙*-"
STOPS = ".!?…‼⁇⁈⁉‽。！？．｡"  # what ends a sentence
CLOSINGS = "\"'”’»)]」』"  # what may follow before the sentence is over
LINE_ENDS = STOPS + "\"'”’"  # punctuation that ends a line
LONGEST_STOP_WORD = 4

_KNOWN = 0x34000  # the last letters of Unicode 16 lie below
# The script Hangul (Unicode, Scripts.txt): jamo, tone marks, compatibility jamo, signs in brackets and circles,
# syllables, halfwidth jamo.
_HANGUL = (
    (0x1100, 0x11FF), (0x302E, 0x302F), (0x3131, 0x318E), (0x3200, 0x321E), (0x3260, 0x327E), (0xA960, 0xA97C),
    (0xAC00, 0xD7A3), (0xD7B0, 0xD7C6), (0xD7CB, 0xD7FB), (0xFFA0, 0xFFBE), (0xFFC2, 0xFFC7), (0xFFCA, 0xFFCF),
    (0xFFD2, 0xFFD7), (0xFFDA, 0xFFDC),
)  # fmt: skip


@lru_cache(1)
def classes() -> np.ndarray:
    """Bits of each character below U+34000, uint16; those above have none. Read-only."""
    table = np.zeros(_KNOWN, np.uint16)
    for code in range(_KNOWN):
        category = unicodedata.category(chr(code))
        if category[0] == "L":
            table[code] = LETTER | LOWER if category == "Ll" else LETTER
    for first, last in _HANGUL:
        table[first : last + 1] |= HANGUL
    ascii_words = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    marked = ((WHITE_SPACE, WHITE), (ascii_words, WORD), (LINE_ENDS, ENDED), (BULLETS, BULLET), (STOPS, STOP),
              (CLOSINGS, CLOSING))  # fmt: skip
    for characters, bit in marked:
        table[[ord(character) for character in characters]] |= bit
    table.setflags(write=False)
    return table


def packed(words: tuple[str, ...]) -> np.ndarray:
    """Lower-case ASCII words, each as one number, uint64.

    Raises:
        ValueError: when a word has more than LONGEST_STOP_WORD letters: kernels look at no longer ones.
    """
    for word in words:
        if len(word) > LONGEST_STOP_WORD:
            raise ValueError(f"{word!r} has more than {LONGEST_STOP_WORD} letters")
    return np.array([int.from_bytes(word.encode("ascii"), "big") for word in words], np.uint64)
