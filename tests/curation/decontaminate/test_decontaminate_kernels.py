"""Letters of texts and windows of items."""

import numpy as np
import polars as pl

from curation.decontaminate import kernels
from curation.decontaminate.kernels import EDGE, NEW_WORD
from curation.dedup import buffers, units

BOTH = NEW_WORD | EDGE


def letters(text: str) -> tuple[str, list[int]]:
    content, starts = buffers.utf8(pl.Series([text]))
    codes, marks = np.zeros(len(content) + 1, np.uint32), np.zeros(len(content) + 1, np.uint8)
    found = kernels.read_letters(content, starts[0], starts[1], units.classes(), codes, marks)
    return "".join(map(chr, codes[:found])), marks[: found + 1].tolist()


def test_letters_and_what_is_before_them() -> None:
    assert letters("ab, c1") == ("abc1", [BOTH, 0, BOTH, 0, BOTH])
    assert letters("a가나 b") == ("a가나b", [BOTH, BOTH, EDGE, BOTH, BOTH])
    assert letters("가나a") == ("가나a", [BOTH, EDGE, BOTH, BOTH])
    assert letters("e\u0301 \u0301x") == ("e\u0301x", [BOTH, 0, BOTH, BOTH])
    assert letters("") == ("", [BOTH]) == letters(" - ")


def test_windows_of_words_and_of_letters() -> None:
    texts = pl.Series(["ab c def g", "xyz", ""])
    content, starts = buffers.utf8(texts)
    codes, marks, ends = np.zeros(16, np.uint32), np.zeros(16, np.uint8), np.zeros(3, np.int64)
    kernels.letters_of_rows(content, starts, units.classes(), codes, marks, ends)
    assert ends.tolist() == [7, 11, 12]
    out = [np.zeros(9, kind) for kind in (np.int64, np.int32, np.int32, np.uint64, np.uint64)]
    sizes = (np.array([3, 0, 0]), np.array([0, 2, 0]))
    assert kernels.cut_windows(codes, marks, ends, *sizes, True, *out) == 4
    begins, lengths, owners, key_1, _ = (array[:4].tolist() for array in out)
    windows = ["".join(chr(c) for c in codes[b : b + n]) for b, n in zip(begins, lengths, strict=True)]
    assert (windows, owners, len(set(key_1))) == (["abcdef", "cdefg", "xy", "yz"], [0, 0, 1, 1], 4)
    assert kernels.cut_windows(codes, marks, ends, *sizes, False, *out) == 4
