"""Compiled kernels against their definitions in plain Python integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import kernels

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
    assert int(kernels._mix(np.uint64(value))) == mix64(value)
    assert int(kernels._mix32(np.uint32(value & ALL_32))) == mix32(value & ALL_32)


def test_mixers_by_known_values() -> None:
    # MurmurHash3's own: the empty key with seed 1 is the finaliser of 1
    assert int(kernels._mix32(np.uint32(1))) == 0x514E28B7
    assert int(kernels._mix(np.uint64(0))) == 0


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_utf8_is_decoded(text: str) -> None:
    content = np.frombuffer(text.encode(), np.uint8)
    at, found = 0, []
    while at < len(content):
        code, size = kernels._decode(content, at)
        found.append(chr(code))
        at += size
    assert "".join(found) == text and at == len(content)


SETS = st.lists(st.lists(st.integers(0, ALL_32), max_size=12), min_size=1, max_size=5)


def packed(sets: list[list[int]], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in sets]))).astype(np.int64)
    return np.array([value for row in sets for value in row], dtype), offsets


@given(SETS, st.integers(0, 2**16), st.integers(1, 3), st.integers(1, 4))
def test_signatures_and_band_keys(sets: list[list[int]], seed: int, bands: int, rows: int) -> None:
    values, offsets = packed(sets, np.uint32)
    generator = np.random.default_rng(seed)
    a, b = (generator.integers(0, 2**32, bands * rows, np.uint32) for _ in range(2))
    signatures = np.zeros((len(sets), bands * rows), np.uint32)
    kernels.sign_rows(values, offsets, a, b, 0, len(sets), signatures)
    expected = [
        [min((int(x) * mix32(h) + int(y) & ALL_32 for h in row), default=ALL_32) for x, y in zip(a, b, strict=True)]
        for row in sets
    ]
    assert signatures.tolist() == expected
    keys = np.zeros((bands, len(sets)), np.uint64)
    kernels.band_rows(values, offsets, a, b, rows, 0, len(sets), keys)
    for row, signature in enumerate(expected):
        for band in range(bands):
            key = 0x5851F42D4C957F2D
            for value in signature[band * rows : (band + 1) * rows]:
                key = mix64((key * 0x9E3779B97F4A7C15 + value) & ALL_64)
            assert int(keys[band, row]) == key


def test_only_the_rows_asked_for_are_written() -> None:
    values, offsets = packed([[1, 2], [3], [4, 5]], np.uint32)
    ones = np.ones(2, np.uint32)
    signatures = np.zeros((3, 2), np.uint32)
    kernels.sign_rows(values, offsets, ones, ones, 1, 2, signatures)
    assert signatures[[0, 2]].sum() == 0 and signatures[1].all()
    keys = np.zeros((1, 3), np.uint64)
    kernels.band_rows(values, offsets, ones, ones, 2, 2, 3, keys)
    assert keys[0, :2].sum() == 0 and keys[0, 2]


@given(st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12)))
def test_jaccard(one: set[int], two: set[int]) -> None:
    if not one | two:
        return
    values = np.array(sorted(one) + sorted(two), np.uint32)
    found = kernels._jaccard(values, 0, len(one), len(one), len(values))
    assert found == len(one & two) / len(one | two)


def greedily(sets: list[set[int]], keys: np.ndarray, threshold: float) -> tuple[list[int], list[float]]:
    """Rows in keep order: each that resembles a kept one it shares a band with goes, the most similar is named."""
    kept: list[int] = []
    gone, similarity = [], []
    for row, values in enumerate(sets):
        best, best_row = -1.0, -1
        for other in kept:
            if any(keys[band, row] == keys[band, other] for band in range(len(keys))):
                jaccard = len(values & sets[other]) / len(values | sets[other])
                if jaccard >= threshold and jaccard > best:
                    best, best_row = jaccard, other
        gone.append(best_row)
        similarity.append(best)
        if best_row < 0:
            kept.append(row)
    return gone, similarity


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 9), min_size=1), st.integers(0, 1), st.integers(0, 1)), max_size=14),
    st.sampled_from([0.1, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]),
)
def test_the_greedy_choice_is_the_plain_one(rows: list[tuple[set[int], int, int]], threshold: float) -> None:
    sets = [values for values, _, _ in rows]
    values, offsets = packed([sorted(each) for each in sets], np.uint32)
    keys = np.array([[one for _, one, _ in rows], [two for _, _, two in rows]], np.uint64).reshape(2, len(rows))
    gone, similarity = np.empty(len(rows), np.int64), np.empty(len(rows))
    kernels.keep_greedily(values, offsets, keys, threshold, 10, gone, similarity)
    assert (gone.tolist(), similarity.tolist()) == greedily(sets, keys, threshold)


@pytest.mark.parametrize(("threshold", "gone"), [(0.5, 0), (0.50001, -1)])
def test_the_threshold_is_inclusive(threshold: float, gone: int) -> None:
    values, offsets = packed([[0, 1, 2], [1, 2, 3]], np.uint32)  # two of four in common
    found, similarity = np.empty(2, np.int64), np.empty(2)
    kernels.keep_greedily(values, offsets, np.zeros((1, 2), np.uint64), threshold, 4, found, similarity)
    assert found.tolist() == [-1, gone]
