import numpy as np
import polars as pl

from pipelines.jobs.curate import arrays, centres, vectors
from pipelines.settings.embedding import EmbeddingSettings

EMBEDDING = EmbeddingSettings(dimensions=8, sample=100)
TEXTS = ["a cat sat on a warm mat", "stock prices fell in Seoul", "the cat sat on a mat", "stock prices rose in Seoul"]


def assigned(job, part: str, documents) -> tuple[np.ndarray, pl.DataFrame]:
    points = vectors.embedded(job.shelf, documents, EMBEDDING, "text", part)
    return points, centres.assigned(job.shelf, "some", documents["doc_id"], points)


def test_centres_come_from_the_sample_of_all_partitions(step):
    job, pending = step(TEXTS)
    vectors.ready(job, pending, EMBEDDING)
    digest = centres.learn(job, "some", 2, 0)
    assert digest == arrays.digest(job, "some-centres")
    rows = [(part, job.shelf.load("work", f"text-{part}")) for part in pending.parts]
    points, found = zip(*(assigned(job, part, documents) for part, documents in rows), strict=True)
    labels = [label for part in found for label in part["cluster_id"]]
    assert labels[0] == labels[2] != labels[1] == labels[3]
    assert [part["doc_id"].to_list() for part in found] == [["00", "01"], ["02", "03"]]
    held = arrays.load(job.shelf, "some-centres")["centres"]
    apart = np.linalg.norm(np.concatenate(points)[:, None].astype(np.float64) - held, axis=2)
    np.testing.assert_array_equal(apart.argmin(axis=1), labels)
    distances = [distance for part in found for distance in part["distance"]]
    np.testing.assert_allclose(apart.min(axis=1), distances, atol=1e-6)


def test_nothing_to_learn_from_is_one_cluster(step):
    job, pending = step(["", ""])
    vectors.ready(job, pending, EMBEDDING)
    centres.learn(job, "some", 5, 0)
    part = pending.parts[0]
    _, found = assigned(job, part, job.shelf.load("work", f"text-{part}"))
    assert found["cluster_id"].to_list() == [0]
