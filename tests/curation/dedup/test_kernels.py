"""Compiled kernels against their definitions in plain Python integers."""

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.compiled import mix
from curation.dedup import kernels
from curation.dedup.shingles import characters

ALL_32, ALL_64 = (1 << 32) - 1, (1 << 64) - 1


def mix64(value: int) -> int:
    """The finaliser of MurmurHash3 for 64 bits (Appleby)."""
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & ALL_64
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & ALL_64
    return value ^ (value >> 33)


def mix32(value: int) -> int:
    """The same for 32 bits."""
    value ^= value >> 16
    value = value * 0x85EBCA6B & ALL_32
    value ^= value >> 13
    value = value * 0xC2B2AE35 & ALL_32
    return value ^ (value >> 16)


@given(st.integers(0, ALL_64))
def test_mixers(value: int) -> None:
    assert int(mix(np.uint64(value))) == mix64(value)
    assert int(kernels._mix32(np.uint32(value & ALL_32))) == mix32(value & ALL_32)


def test_mixers_by_known_values() -> None:
    # MurmurHash3's own: the empty key with seed 1 is the finaliser of 1
    assert int(kernels._mix32(np.uint32(1))) == 0x514E28B7
    assert int(mix(np.uint64(0))) == 0


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_utf8_is_decoded(text: str) -> None:
    content = np.frombuffer(text.encode(), np.uint8)
    at, found = np.uint64(0), []
    while at < len(content):
        code, size = kernels.decode(content, at)
        found.append(chr(code))
        at = np.uint64(at + size)
    assert "".join(found) == text and at == len(content)


SETS = st.lists(st.lists(st.integers(0, ALL_32), max_size=12), min_size=1, max_size=5)


def packed(sets: list[list[int]], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in sets]))).astype(np.int64)
    return np.array([value for row in sets for value in row], dtype), offsets


@given(SETS, st.integers(0, 2**16), st.integers(1, 12))
def test_signatures(sets: list[list[int]], seed: int, count: int) -> None:
    values, offsets = packed(sets, np.uint32)
    generator = np.random.default_rng(seed)
    a, b = (generator.integers(0, 2**32, count + 3, np.uint32) for _ in range(2))  # three that are not asked for
    signatures = np.zeros((len(sets), count), np.uint32)
    kernels.sign_rows(values, offsets, a, b, 0, len(sets), signatures)
    used = list(zip(a, b, strict=True))[:count]
    assert signatures.tolist() == [
        [min((int(x) * mix32(h) + int(y) & ALL_32 for h in row), default=ALL_32) for x, y in used] for row in sets
    ]


def sketch(texts: list[str], a: np.ndarray, b: np.ndarray, bands: int, begin: int = 0, end: int | None = None) -> list:
    """Counts, series hashes, signatures and band keys of texts by words of two and characters of three."""
    content, starts = utf8(texts)
    rows = len(texts)
    counts, same = np.zeros(rows, np.int64), np.zeros((2, rows), np.uint64)
    signatures, keys = np.zeros((rows, len(a)), np.uint32), np.zeros((bands, rows), np.uint64)
    kernels.sketch_texts(content, starts, characters(), False, 2, 3, 0.3, a, b, len(a) // bands, begin,
                         rows if end is None else end, counts, same, signatures, keys)  # fmt: skip
    return [counts, same, signatures, keys]


def utf8(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    encoded = [text.encode() for text in texts]
    starts = np.concatenate(([0], np.cumsum([len(text) for text in encoded]))).astype(np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), starts


TEXTS = st.lists(st.text("abB 1가나漢é", max_size=12), min_size=1, max_size=5)


@given(TEXTS, st.integers(0, 2**16), st.integers(1, 3), st.integers(1, 4))
def test_band_keys_are_hashes_of_runs_of_the_signature(texts: list[str], seed: int, bands: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = (generator.integers(0, 2**32, bands * rows, np.uint32) for _ in range(2))
    _, _, signatures, keys = sketch(texts, a, b, bands)
    for row, signature in enumerate(signatures.tolist()):
        for band in range(bands):
            key = 0x5851F42D4C957F2D
            for value in signature[band * rows : (band + 1) * rows]:
                key = (key + value) * 0x9E3779B97F4A7C15 & ALL_64
            assert int(keys[band, row]) == mix64(key)


def test_only_the_rows_asked_for_are_written() -> None:
    ones = np.ones(2, np.uint32)
    found = sketch(["a b c", "d e f", "g h i"], ones, ones, 1, 1, 2)
    for each in (found[0], found[1][0], found[2][:, 0], found[3][0]):
        assert not each[[0, 2]].any() and each[1]


def test_an_unsettled_character_is_said_and_not_hashed() -> None:
    ones = np.ones(2, np.uint32)
    texts = ["one two three cafe\u0301", "one two caf\u00e9", "\u1100\u1161가나다", "가나다"]
    assert sketch(texts, ones, ones, 1)[0].tolist() == [-1, 2, -1, 1]


@given(st.text("abzAZ019.~ \n가힣ꥠ漢仮ぁไé\U0001f600\U000e0101", max_size=30), st.sampled_from([0, 0.2, 0.3, 0.5, 1]))
def test_share_of_unspaced_letters(text: str, share: float) -> None:
    content, starts = utf8([text])
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    unspaced = [c for c in letters if unicodedata.name(c).startswith(("HANGUL", "CJK", "HIRAGANA", "THAI"))]
    expected = bool(letters) and len(unspaced) >= share * len(letters)
    assert kernels._by_characters(content, starts[0], starts[1], characters(), share) == expected
