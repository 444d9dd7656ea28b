"""Compiled kernels of C4's line rules: lines and phrases at their edges; the edit itself is tested with the rules."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.rules import kernels_c4
from curation.rules.c4 import _classes

CLASSES = _classes(".?!”", kernels_c4.WHITE, kernels_c4.END_MARK)


def content(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@given(st.text("ab가😀 \n\u3000\u2028.”", max_size=40))
def test_lines_with_their_words_and_last_character(text: str) -> None:
    data, at, lines = content(text), 0, []
    while at < len(data):
        begin, over, words, longest, last, at = kernels_c4._next_line(data, at, len(data), CLASSES)
        line = bytes(data[begin:over]).decode()
        assert words == len(line.split())
        assert longest == max(map(len, line.split()), default=0)
        assert bool(last & kernels_c4.END_MARK) == line.endswith((".", "”"))
        lines.append(line)
    assert lines == [line.strip() for line in text.removesuffix("\n").split("\n")][: len(lines)]


@given(st.text("aAbB가Kk", max_size=12), st.lists(st.text("ab가k", min_size=1, max_size=3), max_size=4))
def test_the_first_of_the_phrases_that_a_line_holds(text: str, phrases: list[str]) -> None:
    spelled = [phrase.encode() for phrase in phrases]
    offsets = np.cumsum([0, *map(len, spelled)]).astype(np.int64)
    data = content(text)
    found = kernels_c4._phrase(data, 0, len(data), np.frombuffer(b"".join(spelled), np.uint8), offsets)
    folded = data.tobytes().lower()  # of bytes: ASCII letters only
    assert found == next((i for i, phrase in enumerate(spelled) if phrase in folded), -1)
