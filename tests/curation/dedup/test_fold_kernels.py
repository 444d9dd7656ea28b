"""Folded texts against plain Python: lower case, white space, and what must first be brought into NFC."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import fold_kernels
from curation.dedup.shingles import characters


def fold(texts: list[str], trusted: bool = False) -> list[str | None]:
    encoded = [text.encode() for text in texts]
    starts = np.concatenate(([0], np.cumsum([len(text) for text in encoded]))).astype(np.int64)
    content = np.frombuffer(b"".join(encoded), np.uint8)
    folded, sizes = np.zeros(3 * len(content) // 2 + len(texts), np.uint8), np.zeros(len(texts), np.int64)
    fold_kernels.fold_texts(content, starts, characters(), trusted, 0, len(texts), folded, sizes)
    begins = [3 * int(starts[row]) // 2 + row for row in range(len(texts))]
    return [
        None if size < 0 else folded[begin : begin + size].tobytes().decode()
        for begin, size in zip(begins, sizes, strict=True)
    ]


@given(st.lists(st.text("aZ \t\u00a0\u3000İẞȺΣς가漢\U00010400\U0001f600.", max_size=12), max_size=5))
def test_texts_are_folded(texts: list[str]) -> None:
    lower = ["".join(c.lower() for c in text).replace("ς", "σ") for text in texts]
    assert fold(texts) == [" ".join(text.split()) for text in lower]


def test_what_grows_most_fits() -> None:
    assert fold(["Ⱥ" * 50, "İ" * 51, "Ⱥ"]) == ["ⱥ" * 50, "i\u0307" * 51, "ⱥ"]


def test_unsettled_texts_are_said() -> None:
    assert fold(["cafe\u0301", "caf\u00e9", "\u1100\u1161"]) == [None, "caf\u00e9", None]
    assert fold(["CAFE\u0301"], trusted=True) == ["cafe\u0301"]
