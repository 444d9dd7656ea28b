from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation.embedding import tfidf
from curation.embedding.tfidf import TfidfOptions
from curation.errors import InputError

TOPICS = {
    "cooking": ["boil the pasta in salted water", "fry the onions in hot butter", "bake the bread in a hot oven"],
    "한국": ["서울은 한국의 수도이다", "부산은 한국의 항구이다", "한국에서 서울까지 간다"],
}
TEXTS = pl.Series([text for texts in TOPICS.values() for text in texts])


def test_texts_of_one_topic_are_nearer_and_vectors_have_length_one():
    vectors = tfidf.embed(TEXTS, tfidf.fit(TEXTS, TfidfOptions(dimensions=4)))
    assert vectors.shape == (6, 4) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[:3, :3].mean() > similarity[:3, 3:].mean() + 0.5
    assert similarity[3:, 3:].mean() > similarity[3:, :3].mean() + 0.5


def test_repeats_and_partitions_give_the_same_bits():
    texts = pl.Series([f"{text} {i}" for i in range(8) for text in TEXTS])
    first, second = (tfidf.fit(texts, TfidfOptions(dimensions=8, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first.directions, second.directions)
    np.testing.assert_array_equal(first.middle, second.middle)
    whole = tfidf.embed(texts, first)
    np.testing.assert_array_equal(
        np.concatenate([tfidf.embed(texts[a : a + 7], first) for a in range(0, 48, 7)]), whole
    )


def test_nothing_to_embed():
    model = tfidf.fit(pl.Series(["one two", "", "two three"]), TfidfOptions(dimensions=10))
    vectors = tfidf.embed(pl.Series(["", "한글 뿐", "two", " \n"]), model)
    assert vectors.shape == (4, 10) and not vectors[[0, 1, 3]].any() and vectors[2].any()
    for texts in ([], [""], ["!!"]):
        model = tfidf.fit(pl.Series(texts, dtype=pl.String), TfidfOptions(dimensions=3))
        assert not tfidf.embed(pl.Series(["a", "!!"]), model).any()
    assert tfidf.embed(pl.Series([], dtype=pl.String), model).shape == (0, 3)


def test_equal_texts_are_one_direction():
    model = tfidf.fit(pl.Series(["same words"] * 4 + ["other things"]), TfidfOptions(dimensions=4))
    vectors = tfidf.embed(pl.Series(["same words", "same words", "other things"]), model)
    assert np.isfinite(vectors).all() and vectors[0] @ vectors[1] > 0.999 > vectors[0] @ vectors[2]


def test_refusals():
    with pytest.raises(InputError, match="expected at least 1"):
        TfidfOptions(dimensions=0)


def test_a_saved_model_is_the_model(tmp_path: Path):
    model = tfidf.fit(TEXTS, TfidfOptions(dimensions=4))
    for name in ("one", "two"):
        tfidf.save(model, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    loaded = tfidf.load(tmp_path / "one")
    assert loaded.ngrams == model.ngrams
    np.testing.assert_array_equal(tfidf.embed(TEXTS, loaded), tfidf.embed(TEXTS, model))
    (tmp_path / "one").write_bytes((tmp_path / "one").read_bytes()[:50])
    for name in ("one", "nowhere"):
        with pytest.raises(InputError, match="expected a TF-IDF model"):
            tfidf.load(tmp_path / name)
