import gzip
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import stage
from curation.dedup import lsh, minhash, verify
from curation.dedup.minhash import MinHashOptions
from curation.dedup.shingles import ShingleOptions, shingles

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


def series(text: str, options: MinHashOptions) -> tuple[int, ...]:
    """Shingles of a text in order, repeats in a row once."""
    values = shingles(pl.Series([text]), options.shingles).values.tolist()
    return tuple(value for value, before in zip(values, [None, *values], strict=False) if value != before)


def in_plain_words(frame: pl.DataFrame, options: MinHashOptions) -> dict[str, tuple[str, float]]:
    """The rule of `verify.decide` by comparing every pair, and nothing clever.

    Documents with the same series of shingles are one, of which the first in keep order stands for all.
    """
    bands = lsh.band_columns(options.bands)
    keys = {row[0]: row[1:] for row in minhash.sketch(frame, options).select("doc_id", *bands).iter_rows()}
    kept: list[str] = []
    dropped: dict[str, tuple[str, float]] = {}
    standing: dict[tuple[int, ...], str] = {}
    sets: dict[str, set[int]] = {}
    for name, text in sorted(frame.iter_rows(), key=lambda row: (-len(row[1]), row[0])):
        values = series(text, options)
        sets[name] = set(values)
        if not values:
            continue
        first = standing.setdefault(values, name)
        if first != name:
            dropped[name] = dropped.get(first, (first, 1.0))
            continue
        best = ("", -1.0)
        for other in kept:
            if any(a is not None and a == b for a, b in zip(keys[name], keys[other], strict=True)):
                similarity = len(sets[name] & sets[other]) / len(sets[name] | sets[other])
                if similarity >= options.threshold and similarity > best[1]:
                    best = (other, similarity)
        if best[0]:
            dropped[name] = best
        else:
            kept.append(name)
    return dropped


@settings(max_examples=60)
@given(DOCUMENTS, st.integers(0, 1000), st.sampled_from([0.3, 0.5, 0.7, 1.0]))
def test_decisions_are_those_of_the_plain_rule(texts: list[str], seed: int, threshold: float):
    options = MinHashOptions(threshold, DENSE.bands, DENSE.rows, seed, shingles=DENSE.shingles)
    frame = documents(texts)
    found = minhash.decide(frame, options)
    assert {
        row[0]: row[1:] for row in found.select("doc_id", "duplicate_of", "similarity").iter_rows()
    } == in_plain_words(frame, options)
    assert found["doc_id"].is_sorted()


@settings(max_examples=40)
@given(DOCUMENTS, st.integers(0, 1000))
def test_decisions_do_not_depend_on_order_or_threads(texts: list[str], seed: int):
    frame = documents(texts)
    numbers = list(range(frame.height))
    random.Random(seed).shuffle(numbers)
    assert_frame_equal(minhash.decide(frame, DENSE, threads=1), minhash.decide(frame[numbers], DENSE, threads=3))


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


def in_passes(frame: pl.DataFrame, options: MinHashOptions) -> pl.DataFrame:
    """The decisions by the functions that take all candidates at once."""
    side = minhash.sketch(frame, options)
    candidates = minhash.components(side, options)
    sets = minhash.shingle_sets(frame.join(candidates, on="doc_id", how="semi"), options)
    return minhash.verify(side, candidates, sets, options)


def test_all_candidates_at_once_in_batches(monkeypatch: pytest.MonkeyPatch):
    rng = random.Random(4)
    texts = [" ".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(200)]
    whole = in_passes(documents(texts), DENSE)
    assert whole.height > 20
    monkeypatch.setattr(verify, "_BATCH", 1)
    assert_frame_equal(whole, in_passes(documents(texts), DENSE))
    columns = ["doc_id", "duplicate_of", "similarity"]
    assert_frame_equal(whole.select(columns), minhash.decide(documents(texts), DENSE).select(columns))


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
    assert found.height == 0 and found.schema == stage.DROPS


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "pairs"), [("articles-100", 5), ("articles-1000", 10)])
def test_planted_plagiarism_is_found_and_nothing_else(shared_data: Path, name: str, pairs: int):
    folder = shared_data / "near-duplicates"
    frame = pl.read_ndjson(gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())).rename({"id": "doc_id"})
    truth = {frozenset(line.split()) for line in (folder / f"{name}.truth").read_text().splitlines()}
    for options in (MinHashOptions(), MinHashOptions(bands=14, rows=8)):
        found = {frozenset(row) for row in minhash.decide(frame, options).select("doc_id", "duplicate_of").iter_rows()}
        assert len(truth) == pairs and found == truth
