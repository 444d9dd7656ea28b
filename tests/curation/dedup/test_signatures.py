"""Signatures are datasketch's; sketches say which documents may be alike, and which have the same shingles."""

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup import lsh, signatures
from curation.dedup.shingles import Shingles, shingles
from curation.dedup.shingles import sketch as sketch_texts
from curation.dedup.signatures import SAME, MinHashOptions
from curation.errors import InputError

SETS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=20), min_size=1, max_size=5)


def documents(texts: list[str]) -> pl.DataFrame:
    ids = [f"d{i:02d}" for i in range(len(texts))]
    return pl.DataFrame({"doc_id": ids, "text": texts}, schema={"doc_id": pl.String, "text": pl.String})


def packed(sets: list[list[int]]) -> Shingles:
    offsets = np.concatenate(([0], np.cumsum([len(values) for values in sets]))).astype(np.int64)
    return Shingles(np.array([value for values in sets for value in values], dtype=np.uint32), offsets)


def datasketch_signature(values: list[int], count: int, seed: int) -> np.ndarray:
    sketch = MinHash(num_perm=count, seed=seed, scheme="affine32", hashfunc=int)
    sketch.update_batch(values)
    return sketch.hashvalues


@given(SETS, st.integers(1, 130), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_signatures_are_datasketchs_bit_for_bit(sets: list[list[int]], count: int, seed: int, threads: int):
    found = signatures.signatures(packed(sets), count, seed, threads)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, [datasketch_signature(values, count, seed) for values in sets])


def test_the_default_of_datasketch_is_ours():
    values = [int(value) for value in np.random.default_rng(1).integers(0, 2**32, 500)]
    sketch = MinHash(num_perm=128, hashfunc=int)
    sketch.update_batch(values)
    np.testing.assert_array_equal(signatures.signatures(packed([values]), 128)[0], sketch.hashvalues)


def test_band_keys_agree_where_signatures_do():
    options = MinHashOptions(bands=14, rows=8)
    frame = documents([f"{' '.join('abcdefghijklmnop')} {tail}" for tail in ("q r s", "q r t", "x y z", "q r s")])
    side = signatures.sketch(frame, options)
    signed = signatures.signatures(shingles(frame["text"], options.shingles), 14 * 8)
    blocks = signed.reshape(4, 14, 8)
    keys = side.select(lsh.band_columns(14)).to_numpy()
    for i in range(4):
        for j in range(4):
            np.testing.assert_array_equal(keys[i] == keys[j], (blocks[i] == blocks[j]).all(axis=1))
    assert (keys[0] == keys[3]).all() and not (keys[0] == keys[2]).all()


@given(st.lists(st.text("abAB  .é\u0301가나다\u1100\u1161", max_size=60), max_size=6), st.integers(1, 70))
def test_signatures_of_texts_are_datasketchs_of_their_shingles(texts: list[str], count: int):
    options = MinHashOptions().shingles
    column = pl.Series(texts, dtype=pl.String)
    cut = shingles(column, options)
    a, b = signatures.permutations(count, 1)
    found = sketch_texts(column, options, a, b, signed=True)
    assert found.counts.tolist() == np.diff(cut.offsets).tolist()
    rows = [cut.values[begin:end].tolist() for begin, end in zip(cut.offsets[:-1], cut.offsets[1:], strict=True)]
    for row, values in enumerate(rows):
        np.testing.assert_array_equal(found.signatures[row], datasketch_signature(values, count, 1))


def test_a_text_of_many_blocks_is_signed_whole():
    text = " ".join(f"w{i * i % 7919}" for i in range(5000))
    cut = shingles(pl.Series([text]), MinHashOptions().shingles)
    a, b = signatures.permutations(120, 1)
    found = sketch_texts(pl.Series([text, "가나다라" * 900]), MinHashOptions().shingles, a, b, signed=True)
    assert found.counts.tolist() == [4996, 3593]
    np.testing.assert_array_equal(found.signatures[0], datasketch_signature(cut.values.tolist(), 120, 1))


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), max_size=12), st.integers(1, 2))
def test_same_is_the_same_series_of_shingles(texts: list[str], words: int):
    options = MinHashOptions(bands=2, rows=1, shingles=signatures.ShingleOptions(words=words))
    side = signatures.sketch(documents(texts), options)
    keys = side.select(SAME).rows()
    cut = [tuple(shingles(pl.Series([text]), options.shingles).values.tolist()) for text in texts]
    once = [tuple(v for v, before in zip(row, (None, *row), strict=False) if v != before) for row in cut]
    assert side["shingles"].to_list() == [len(row) for row in cut]
    for one, key in zip(once, keys, strict=True):
        assert (key == (None, None)) == (not one)
        assert [one == other for other in once] == [key == other for other in keys]


def test_short_documents_are_left_to_exact_dedup():
    side = signatures.sketch(documents(["one two three", "one two three", "", "짧은 글"]), MinHashOptions())
    assert side.select(pl.all_horizontal(pl.col(lsh.band_columns(20)).is_null()))["band_00"].all()


def test_sketch_takes_the_columns_of_the_keep_order():
    frame = documents(["a b", "c"]).with_columns(quality=pl.Series([0.1, 0.2]))
    side = signatures.sketch(frame, MinHashOptions(bands=2, rows=1, keep_order=("-quality", "-length")))
    assert side.columns == ["doc_id", "quality", "length", "shingles", *SAME, "band_00", "band_01"]
    assert side["length"].to_list() == [3, 1]
    with pytest.raises(InputError, match="'qualty'.*'quality'"):
        signatures.sketch(frame, MinHashOptions(keep_order=("-qualty",)))


@pytest.mark.parametrize("settings", [{"threshold": 0}, {"threshold": 1.1}, {"bands": 0}, {"rows": 0}])
def test_options_are_checked(settings: dict):
    with pytest.raises(InputError, match="expected"):
        MinHashOptions(**settings)
