import gzip
import json
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import stage
from curation.dedup import exact, lsh, minhash, verify
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


def plain_shingles(text: str) -> set[str]:
    """Shingles as strings, by the definition in METHODS: no hash, no kernel."""
    kept = "".join(
        c if unicodedata.category(c)[0] in "LMN" else " " for c in unicodedata.normalize("NFC", text).lower()
    )
    letters = [c for c in kept if c.isalpha()]
    if sum("가" <= c <= "힣" or "ㄱ" <= c <= "ㅣ" for c in letters) >= 0.3 * max(len(letters), 1):
        joined = kept.replace(" ", "")
        return {joined[i : i + 8] for i in range(len(joined) - 7)}
    words = kept.split()
    return {" ".join(words[i : i + 5]) for i in range(len(words) - 4)}


def likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def edited(text: str, rate: float, rng: random.Random) -> str:
    """A text with a share of its words replaced, or of its characters where it is Korean."""
    korean = any("가" <= c <= "힣" for c in text)
    units = list(text) if korean else text.split()
    changed = [(rng.choice("나무새강꽃") if korean else "other") if rng.random() < rate else unit for unit in units]
    return ("" if korean else " ").join(changed)


def made_up(korean: bool, rng: random.Random) -> list[str]:
    words = ["".join(rng.choices("가나다라마바사아자차" if korean else "abcdefghij", k=4)) for _ in range(2000)]
    return [" ".join(rng.choices(words, k=rng.randrange(20, 120))) for _ in range(150)]


def gutenberg(folder: Path) -> list[str]:
    with gzip.open(folder / "corpora/gutenberg-books.jsonl.gz", "rt", encoding="utf-8") as lines:
        books = [json.loads(next(lines))["text"] for _ in range(2)]
    paragraphs = [part for book in books for part in book.replace("\r\n", "\n").split("\n\n")]
    return list(dict.fromkeys(part for part in paragraphs if len(part.split()) >= 40))[:300]


def reviews(folder: Path) -> list[str]:
    with gzip.open(folder / "corpora/korean-movie-reviews.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(next(lines))["text"] or "" for _ in range(40_000)]
    return list(dict.fromkeys(text for text in texts if len(text) >= 80))[:300]


def check_recall(texts: list[str], options: MinHashOptions, least: float, share: float, seed: int = 5) -> None:
    """Near-duplicates by controlled edit rates: pairs that are alike are not both kept, and no others are removed."""
    rng = random.Random(seed)
    rates = (0.002, 0.005, 0.01, 0.02, 0.03)
    pairs = [(text, edited(text, rate, rng)) for text in texts for rate in rates]
    # one original for all its copies, or copies would be compared with copies: each pair is judged by itself
    alike = missed = 0
    for number, rate in enumerate(rates):
        some = pairs[number :: len(rates)]
        frame = documents([text for pair in some for text in pair]).with_columns(
            doc_id=pl.int_range(2 * len(some)).cast(pl.String).str.zfill(6)
        )
        found = minhash.decide(frame, options)
        sets = {doc_id: plain_shingles(text) for doc_id, text in frame.iter_rows()}
        for doc_id, kept, similarity in found.select("doc_id", "duplicate_of", "similarity").iter_rows():
            assert similarity == likeness(sets[doc_id], sets[kept]) >= options.threshold
        dropped, ids = set(found["doc_id"]), frame["doc_id"].to_list()
        assert not dropped & set(found["duplicate_of"])
        for one, other in zip(ids[::2], ids[1::2], strict=True):
            if likeness(sets[one], sets[other]) >= least:
                alike += 1
                missed += not {one, other} & dropped
        assert rate > 0.01 or alike > 0.3 * (number + 1) * len(texts)
    assert missed <= (1 - share) * alike


@pytest.mark.parametrize("korean", [False, True])
def test_recall_on_made_up_text(korean: bool):
    texts = made_up(korean, random.Random(9))
    check_recall(texts, MinHashOptions(), 0.8, 0.99)
    check_recall(texts, MinHashOptions(bands=14, rows=8), 0.9, 0.99)


@pytest.mark.shared_data
@pytest.mark.parametrize("corpus", [gutenberg, reviews])
def test_recall_on_real_text(shared_data: Path, corpus: Callable[[Path], list[str]]):
    texts = corpus(shared_data)
    assert len(texts) == 300
    check_recall(texts, MinHashOptions(), 0.8, 0.99)
    check_recall(texts, MinHashOptions(bands=14, rows=8), 0.9, 0.99)


@pytest.mark.shared_data
def test_recall_on_articles(shared_data: Path):
    packed = (shared_data / "near-duplicates" / "articles-1000.jsonl.gz").read_bytes()
    frame = pl.read_ndjson(gzip.decompress(packed)).rename({"id": "doc_id"})
    sets = {doc_id: plain_shingles(text) for doc_id, text in frame.select("doc_id", "text").iter_rows()}
    owners: dict[str, list[str]] = {}
    for doc_id, values in sets.items():
        for value in values:
            owners.setdefault(value, []).append(doc_id)
    pairs = {frozenset((one, other)) for ids in owners.values() for one in ids for other in ids if one < other}
    alike = [pair for pair in pairs if likeness(*(sets[doc_id] for doc_id in pair)) >= 0.8]
    found = minhash.decide(frame, MinHashOptions())
    dropped = set(found["doc_id"])
    assert alike
    assert sum(not pair & dropped for pair in alike) <= 0.01 * len(alike)
    for doc_id, kept, similarity in found.select("doc_id", "duplicate_of", "similarity").iter_rows():
        assert similarity == likeness(sets[doc_id], sets[kept]) >= 0.7


@pytest.mark.shared_data
def test_left_out_spaces_change_no_cluster_in_korean(shared_data: Path):
    rng = random.Random(2)
    texts = reviews(shared_data)
    squeezed = ["".join(c for c in text if c != " " or rng.random() >= 0.1) for text in texts]
    assert sum(one != other for one, other in zip(texts, squeezed, strict=True)) > 200
    whole = documents(texts).with_columns(doc_id=pl.lit("a") + pl.int_range(300).cast(pl.String))
    beside = documents(squeezed).with_columns(doc_id=pl.lit("b") + pl.int_range(300).cast(pl.String))
    found = minhash.decide(pl.concat([whole, beside]), MinHashOptions())
    named = dict(found.select("doc_id", "similarity").iter_rows())
    # of each pair one goes, with nothing lost; the other only where reviews repeat each other anyway
    assert all(named.get(f"a{i}") == 1.0 or named.get(f"b{i}") == 1.0 or f"a{i}" in named for i in range(300))
    clusters = {**dict(found.select("doc_id", "cluster_id").iter_rows())}
    clusters |= dict(found.select("duplicate_of", "cluster_id").iter_rows())
    assert all(clusters[f"a{i}"] == clusters[f"b{i}"] for i in range(300))


def test_short_and_empty_documents_are_left_to_exact_dedup():
    frame = documents(["one two three", "one two three", "", "", "짧은 글", "짧은 글", "!!", "\ufeff"])
    assert minhash.decide(frame, MinHashOptions()).height == 0
    assert exact.decide(exact.side(frame))["doc_id"].to_list() == ["d01", "d03", "d05"]
