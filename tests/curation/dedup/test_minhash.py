import gzip
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation.dedup import lsh, minhash, verify
from curation.dedup.minhash import MinHashOptions
from curation.dedup.shingles import ShingleOptions, Shingles
from curation.errors import InputError

SETS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=20), min_size=1, max_size=5)
# few words and short shingles: many pairs near the threshold, many chains
DENSE = MinHashOptions(threshold=0.5, bands=6, rows=1, shingles=ShingleOptions(words=1, characters=2))
DOCUMENTS = st.lists(
    st.one_of(
        st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join),
        st.text(alphabet="가나다라 ", max_size=7),
    ),
    max_size=14,
)


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
    found = minhash.signatures(packed(sets), count, seed, threads)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, [datasketch_signature(values, count, seed) for values in sets])


def test_the_default_of_datasketch_is_ours():
    values = [int(value) for value in np.random.default_rng(1).integers(0, 2**32, 500)]
    sketch = MinHash(num_perm=128, hashfunc=int)
    sketch.update_batch(values)
    np.testing.assert_array_equal(minhash.signatures(packed([values]), 128)[0], sketch.hashvalues)


def test_band_keys_agree_where_signatures_do():
    options = MinHashOptions(bands=14, rows=8)
    frame = documents([f"{' '.join('abcdefghijklmnop')} {tail}" for tail in ("q r s", "q r t", "x y z", "q r s")])
    side = minhash.sketch(frame, options)
    signatures = minhash.signatures(minhash.shingles(frame["text"], options.shingles), 14 * 8)
    blocks = signatures.reshape(4, 14, 8)
    keys = side.select(lsh.band_columns(14)).to_numpy()
    for i in range(4):
        for j in range(4):
            np.testing.assert_array_equal(keys[i] == keys[j], (blocks[i] == blocks[j]).all(axis=1))
    assert (keys[0] == keys[3]).all() and not (keys[0] == keys[2]).all()


def test_short_documents_are_left_to_exact_dedup():
    side = minhash.sketch(documents(["one two three", "one two three", "", "짧은 글"]), MinHashOptions())
    assert side.select(pl.all_horizontal(pl.col(lsh.band_columns(20)).is_null()))["band_00"].all()
    assert minhash.decide(documents(["one two three", "one two three"]), MinHashOptions()).height == 0


def test_sketch_takes_the_columns_of_the_keep_order():
    frame = documents(["a b", "c"]).with_columns(quality=pl.Series([0.1, 0.2]))
    side = minhash.sketch(frame, MinHashOptions(bands=2, rows=1, keep_order=("-quality", "-length")))
    assert side.columns == ["doc_id", "quality", "length", "band_00", "band_01"]
    assert side["length"].to_list() == [3, 1]
    with pytest.raises(InputError, match="'qualty'.*'quality'"):
        minhash.sketch(frame, MinHashOptions(keep_order=("-qualty",)))


@pytest.mark.parametrize("settings", [{"threshold": 0}, {"threshold": 1.1}, {"bands": 0}, {"rows": 0}])
def test_options_are_checked(settings: dict):
    with pytest.raises(InputError, match="expected"):
        MinHashOptions(**settings)


def in_plain_words(frame: pl.DataFrame, options: MinHashOptions) -> dict[str, tuple[str, float]]:
    """The rule of `verify.decide` by comparing every pair, and nothing clever."""
    bands = lsh.band_columns(options.bands)
    keys = {row[0]: row[1:] for row in minhash.sketch(frame, options).select("doc_id", *bands).iter_rows()}
    sets = {name: set(values) for name, values in minhash.shingle_sets(frame, options).iter_rows()}
    kept: list[str] = []
    dropped: dict[str, tuple[str, float]] = {}
    for name, _ in sorted(frame.iter_rows(), key=lambda row: (-len(row[1]), row[0])):
        best = ("", -1.0)
        for other in kept if sets[name] else []:
            if any(a is not None and a == b for a, b in zip(keys[name], keys[other], strict=True)):
                similarity = len(sets[name] & sets[other]) / len(sets[name] | sets[other])
                if similarity >= options.threshold and similarity > best[1]:
                    best = (other, similarity)
        if best[0]:
            dropped[name] = best
        else:
            kept.append(name)
    return dropped


@given(DOCUMENTS, st.integers(0, 1000), st.sampled_from([0.3, 0.5, 0.7, 1.0]))
def test_decisions_are_those_of_the_plain_rule(texts: list[str], seed: int, threshold: float):
    options = MinHashOptions(threshold, DENSE.bands, DENSE.rows, seed, shingles=DENSE.shingles)
    frame = documents(texts)
    found = minhash.decide(frame, options)
    assert {row[0]: (row[1], row[2]) for row in found.iter_rows()} == in_plain_words(frame, options)
    assert found["doc_id"].is_sorted()


@given(DOCUMENTS, st.integers(0, 1000))
def test_decisions_do_not_depend_on_order_partitions_or_threads(texts: list[str], seed: int):
    frame = documents(texts)
    whole = minhash.decide(frame, DENSE, threads=1)
    numbers = list(range(frame.height))
    random.Random(seed).shuffle(numbers)
    shuffled = frame[numbers]
    parts = [shuffled[::2], shuffled[1::2]]
    side = pl.concat([minhash.sketch(part, DENSE, threads=3) for part in parts])
    candidates = minhash.components(side, DENSE)
    sets = pl.concat(
        [minhash.shingle_sets(part.join(candidates, on="doc_id", how="semi"), DENSE, threads=3) for part in parts]
    )
    assert_frame_equal(whole, minhash.verify(side, candidates, sets, DENSE))


def chain(length: int) -> pl.DataFrame:
    """Documents of twenty words, each with two words other than the one before: neighbours alike, ends not."""
    words = [f"w{i}" for i in range(20 + 2 * length)]
    return documents([" ".join(words[2 * i : 2 * i + 20]) for i in range(length)])


def test_a_chain_is_not_removed_as_a_whole():
    options = MinHashOptions(threshold=0.7, bands=40, rows=2, shingles=ShingleOptions(words=1))
    frame = chain(30)
    dropped = minhash.decide(frame, options)
    assert minhash.components(minhash.sketch(frame, options), options)["component"].n_unique() == 1
    assert 10 <= dropped.height <= 20  # every second one or so; a tool that keeps one of a component drops 29
    assert (dropped["similarity"] >= 0.7).all()
    assert not set(dropped["duplicate_of"]) & set(dropped["doc_id"])


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch):
    rng = random.Random(4)
    texts = [" ".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(200)]
    whole = minhash.decide(documents(texts), DENSE)
    assert whole.height > 20
    monkeypatch.setattr(verify, "_BATCH", 1)
    assert_frame_equal(whole, minhash.decide(documents(texts), DENSE))


def test_verify_misses_no_row_silently():
    frame = documents(["a b c d e f", "a b c d e f g"])
    options = MinHashOptions(shingles=ShingleOptions(words=2))
    side = minhash.sketch(frame, options)
    candidates = minhash.components(side, options)
    assert candidates.height == 2
    with pytest.raises(ValueError, match="2 candidates, of 1"):
        minhash.verify(side, candidates, minhash.shingle_sets(frame[:1], options), options)


def test_no_documents():
    found = minhash.decide(documents([]), MinHashOptions())
    assert found.height == 0 and found.schema == verify.DECISIONS


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "pairs"), [("articles-100", 5), ("articles-1000", 10)])
def test_planted_plagiarism_is_found_and_nothing_else(shared_data: Path, name: str, pairs: int):
    folder = shared_data / "near-duplicates"
    frame = pl.read_ndjson(gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())).rename({"id": "doc_id"})
    truth = {frozenset(line.split()) for line in (folder / f"{name}.truth").read_text().splitlines()}
    for options in (MinHashOptions(), MinHashOptions(bands=14, rows=8)):
        found = {frozenset(row[:2]) for row in minhash.decide(frame, options).iter_rows()}
        assert len(truth) == pairs and found == truth
