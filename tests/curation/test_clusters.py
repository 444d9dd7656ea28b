import numpy as np
import pytest

from curation import clusters

TOPICS = {
    "cooking": ["boil the pasta in salted water", "fry the onions in hot butter", "bake bread in a hot oven"],
    "한국": ["서울은 한국의 수도이다", "부산은 한국의 항구이다", "한국에서 서울까지 간다"],
}
TEXTS = [text for texts in TOPICS.values() for text in texts]


def test_vectors_have_length_one_and_repeat_exactly():
    first, second = (clusters.embed_tfidf(TEXTS, dimensions=4, seed=3) for _ in range(2))
    assert first.shape == (6, 4) and first.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-6)


def test_vectors_of_one_topic_are_nearer():
    vectors = clusters.embed_tfidf(TEXTS, dimensions=6)
    similarity = vectors @ vectors.T
    assert similarity[:3, :3].mean() > similarity[:3, 3:].mean() + 0.2
    assert similarity[3:, 3:].mean() > similarity[3:, :3].mean() + 0.2


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"]])
def test_nothing_to_embed(texts: list[str]):
    vectors = clusters.embed_tfidf(texts, dimensions=5)
    assert vectors.shape == (len(texts), 5) and not vectors.any()


def test_fewer_dimensions_than_wanted_are_filled_with_zeros():
    vectors = clusters.embed_tfidf(["one two", "two three"], dimensions=10)
    assert vectors.shape == (2, 10) and not vectors[:, 2:].any()
    assert clusters.embed_tfidf(["only"], dimensions=10).shape == (1, 10)
    assert np.isfinite(clusters.embed_tfidf(["!!", "??", "!!"], dimensions=3)).all()
    empty_among_others = clusters.embed_tfidf(["one two", "", "two three"], dimensions=2)
    assert not empty_among_others[1].any() and empty_among_others[0].any()


def test_dimensions_below_one_are_refused():
    with pytest.raises(ValueError, match="0 dimensions"):
        clusters.embed_tfidf(["a"], dimensions=0)


def _blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), 50)
    middles = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])
    return middles[truth] + generator.normal(0, 0.5, (200, 2)), truth


def test_clusters_find_the_blobs_and_repeat_exactly():
    points, truth = _blobs()
    first, second = clusters.cluster(points, 4, seed=1), clusters.cluster(points, 4, seed=1)
    for field in ("labels", "centres", "distances"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    assert len({(int(a), int(b)) for a, b in zip(first.labels, truth, strict=True)}) == 4
    expected = np.linalg.norm(points - first.centres[first.labels], axis=1)
    np.testing.assert_allclose(first.distances, expected, atol=1e-5)
    # each vector belongs to its nearest centre
    every = np.linalg.norm(points[:, None] - first.centres[None], axis=2)
    np.testing.assert_array_equal(every.argmin(axis=1), first.labels)


def test_more_clusters_than_vectors():
    result = clusters.cluster(np.eye(3), 10)
    assert sorted(result.labels.tolist()) == [0, 1, 2]
    np.testing.assert_array_equal(result.distances, 0)
    np.testing.assert_array_equal(result.centres[result.labels], np.eye(3))


def test_identical_vectors_are_one_cluster():
    result = clusters.cluster(np.ones((5, 2)), 3)
    assert result.labels.tolist() == [0] * 5 and result.centres.shape == (1, 2)


def test_no_vectors():
    result = clusters.cluster(np.empty((0, 2)), 3)
    assert len(result.labels) == len(result.centres) == len(result.distances) == 0


@pytest.mark.parametrize(("vectors", "k"), [(np.ones(3), 1), (np.array([[np.nan]]), 1), (np.ones((2, 2)), 0)])
def test_refusals(vectors: np.ndarray, k: int):
    with pytest.raises(ValueError, match="expected"):
        clusters.cluster(vectors, k)


def test_partitions_are_assigned_to_the_nearest_centre():
    points, _ = _blobs()
    found = clusters.cluster(points, 4, seed=1)
    labels, distances = clusters.assign(points, found.centres)
    np.testing.assert_array_equal(labels, found.labels)
    np.testing.assert_allclose(distances, found.distances, atol=1e-5)
    for begin in range(0, 200, 63):
        some, apart = clusters.assign(points[begin : begin + 63], found.centres)
        np.testing.assert_array_equal(some, labels[begin : begin + 63])
        np.testing.assert_array_equal(apart, distances[begin : begin + 63])
    assert clusters.assign(np.empty((0, 2)), found.centres)[0].shape == (0,)
    with pytest.raises(ValueError, match="expected to fit"):
        clusters.assign(points, np.empty((0, 2)))
