import numpy as np
import pytest

from curation import clusters


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


def test_a_usual_distance_worked_by_hand():
    """Median 3, deviations 2 1 0 1 6: their median is 1."""
    assert clusters.usual(np.array([1.0, 2.0, 3.0, 4.0, 9.0]), 2.0) == pytest.approx(3 + 2 * 1.4826)
    assert clusters.usual(np.array([3.0, 3.0, 3.0, 9.0]), 2.0) == float("inf")
