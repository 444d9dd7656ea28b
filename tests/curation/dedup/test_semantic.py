import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import clusters, stage
from curation.dedup import semantic
from curation.dedup.semantic import SemanticOptions
from curation.embedding import tfidf
from curation.embedding.vectors import unit
from curation.errors import InputError


def _near_copies(count: int, seed: int, spread: float = 0.15) -> tuple[pl.DataFrame, np.ndarray]:
    """Documents whose vectors lie around few directions, so that many are alike and chains are common."""
    generator = np.random.default_rng(seed)
    middles = generator.normal(size=(max(1, count // 6), 6))
    vectors = unit(middles[generator.integers(0, len(middles), count)] + generator.normal(0, spread, (count, 6)))
    texts = ["x" * int(size) for size in generator.integers(1, 9, count)]
    return pl.DataFrame(
        {"doc_id": [f"{i:03d}" for i in range(count)], "text": texts}, schema={"doc_id": pl.String, "text": pl.String}
    ), vectors


def _reference(side: pl.DataFrame, threshold: float) -> dict[str, tuple[str, float]]:
    """Greedy in keep order (longest, then id), plainly."""
    kept: list[dict] = []
    dropped = {}
    for row in sorted(side.to_dicts(), key=lambda row: (-row["length"], row["doc_id"])):
        vector = np.array(row["vector"], np.float64)
        alike = [(float(vector @ np.array(other["vector"], np.float64)), -place) for place, other in enumerate(kept)
                 if other["cluster_id"] == row["cluster_id"]]  # fmt: skip
        best = max(alike, default=(0.0, 0))
        if best[0] >= threshold:
            dropped[row["doc_id"]] = (kept[-best[1]]["doc_id"], best[0])
        else:
            kept.append(row)
    return dropped


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(0, 1000), st.sampled_from([0.9, 0.97, 0.99]), st.integers(1, 4))
def test_decisions_are_those_of_brute_force(count: int, seed: int, threshold: float, k: int):
    documents, vectors = _near_copies(count, seed)
    options = SemanticOptions(threshold=threshold)
    centres = clusters.cluster(vectors, k).centres if count else np.zeros((1, 6), np.float32)
    side = semantic.sketch(documents, vectors, centres, options)
    drops = semantic.decide(side, options)
    assert drops.schema == stage.DROPS and drops["doc_id"].is_sorted()
    expected = _reference(side, threshold)
    found = {row["doc_id"]: (row["duplicate_of"], row["similarity"]) for row in drops.to_dicts()}
    assert {name: other for name, (other, _) in found.items()} == {name: other for name, (other, _) in expected.items()}
    np.testing.assert_allclose([found[n][1] for n in expected], [expected[n][1] for n in expected], atol=1e-6)
    # Nothing is dropped for a row that is itself dropped, nor under the threshold.
    assert not set(drops["duplicate_of"]) & set(drops["doc_id"])
    assert (drops["similarity"] >= threshold).all()


def test_order_partitions_blocks_and_single_clusters_change_nothing(monkeypatch: pytest.MonkeyPatch):
    documents, vectors = _near_copies(200, seed=1)
    options = SemanticOptions(threshold=0.95)
    centres = clusters.cluster(vectors, 5).centres
    whole = semantic.sketch(documents, vectors, centres, options)
    drops = semantic.decide(whole, options)
    assert 50 < drops.height < 190
    parts = [semantic.sketch(documents[a : a + 33], vectors[a : a + 33], centres, options) for a in range(0, 200, 33)]
    assert pl.concat(parts).equals(whole)
    assert semantic.decide(pl.concat(parts[::-1]), options).equals(drops)
    one_by_one = [semantic.decide(group, options) for group in whole.partition_by("cluster_id")]
    assert pl.concat(one_by_one).sort("doc_id").equals(drops)
    monkeypatch.setattr(semantic, "_BLOCK", 100)
    assert semantic.decide(whole, options).equals(drops)


def test_the_keep_order_decides_who_stays():
    documents = pl.DataFrame({"doc_id": ["a", "b"], "text": ["long text", "short"], "quality": [0.1, 0.9]})
    vectors = unit(np.array([[1, 0.01], [1, 0]]))
    centres = vectors[:1]
    for keep_order, gone in ((("-length",), "b"), (("-quality",), "a"), (("length",), "a")):
        options = SemanticOptions(keep_order=keep_order)
        drops = semantic.decide(semantic.sketch(documents, vectors, centres, options), options)
        assert drops["doc_id"].to_list() == [gone]
    with pytest.raises(InputError, match="keep order has the column 'qualty'"):
        semantic.sketch(documents, vectors, centres, SemanticOptions(keep_order=("qualty",)))


def test_texts_with_nothing_to_embed_are_no_duplicates():
    documents = pl.DataFrame({"doc_id": ["a", "b", "c"], "text": ["", "", "x"]})
    vectors = np.array([[0, 0], [0, 0], [1, 0]], np.float32)
    options = SemanticOptions(threshold=0.01)
    assert semantic.decide(semantic.sketch(documents, vectors, vectors[2:], options), options).height == 0


def test_rewordings_in_both_languages():
    texts = [
        "The committee will meet on Monday to discuss the budget for the coming year in detail.",
        "The committee will meet on Monday to discuss the budget for the coming year, in detail!",
        "Fry the onions in hot butter until they are golden, then add the stock and the rice.",
        "위원회는 월요일에 모여 내년 예산을 자세히 논의할 예정이라고 밝혔다.",
        "위원회가 월요일에 모여 내년 예산을 자세히 논의할 예정이라고 밝혔다",
        "양파를 버터에 노릇하게 볶은 다음 육수와 쌀을 넣고 끓인다.",
    ]
    documents = pl.DataFrame({"doc_id": list("abcdef"), "text": texts})
    vectors = tfidf.embed(documents["text"], tfidf.fit(documents["text"], tfidf.TfidfOptions(dimensions=6)))
    options = SemanticOptions(threshold=0.8)
    print(vectors @ vectors.T)
    side = semantic.sketch(documents, vectors, clusters.cluster(vectors, 1).centres, options)
    assert semantic.decide(side, options).select("doc_id", "duplicate_of").rows() == [("a", "b"), ("e", "d")]


def test_cluster_count_and_refusals():
    assert semantic.cluster_count(0, SemanticOptions()) == semantic.cluster_count(2999, SemanticOptions()) == 1
    assert semantic.cluster_count(10_000, SemanticOptions(cluster_size=100)) == 100
    for wrong in ({"threshold": 0}, {"threshold": 1.1}, {"cluster_size": 0}):
        with pytest.raises(InputError, match="expected"):
            SemanticOptions(**wrong)


@pytest.mark.shared_data
def test_korean_sentence_pairs_rated_equal_are_more_alike_than_those_rated_unlike(shared_data: Path):
    with gzip.open(shared_data / "near-duplicates" / "kor-sts.jsonl.gz", "rt", encoding="utf-8") as lines:
        pairs = [row for row in map(json.loads, lines) if row["split"] != "train"]
    texts = pl.Series([row[side] for row in pairs for side in ("a", "b")])
    vectors = tfidf.embed(texts, tfidf.fit(texts, tfidf.TfidfOptions()))
    cosines = (vectors[::2].astype(np.float64) * vectors[1::2]).sum(axis=1)
    scores = np.array([float(row["score"]) for row in pairs])
    assert cosines[scores >= 4.5].mean() > cosines[scores <= 1].mean() + 0.3
