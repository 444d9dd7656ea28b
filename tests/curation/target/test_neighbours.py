import numpy as np
import polars as pl
import pytest

from curation.embedding.vectors import unit
from curation.errors import InputError
from curation.target import neighbours

GENERATOR = np.random.default_rng(0)
VECTORS = unit(GENERATOR.normal(size=(50, 8)))
TARGETS = unit(GENERATOR.normal(size=(9, 8)))
IDS = pl.Series([f"{i:03d}" for i in range(50)])


@pytest.mark.parametrize("k", [1, 4, 100])
def test_scores_against_brute_force(k: int, monkeypatch: pytest.MonkeyPatch):
    expected = np.sort(VECTORS @ TARGETS.T, axis=1)[:, ::-1][:, : min(k, 9)].mean(axis=1)
    found = neighbours.scores(IDS, VECTORS, TARGETS, k)
    np.testing.assert_allclose(found["score"].to_numpy(), expected, atol=1e-6)
    monkeypatch.setattr(neighbours, "_BLOCK", 30)
    assert neighbours.scores(IDS, VECTORS, TARGETS, k).equals(found)
    assert neighbours.scores(IDS[10:20], VECTORS[10:20], TARGETS, k).equals(found[10:20])


def test_the_nearest_of_each_target_over_partitions(monkeypatch: pytest.MonkeyPatch):
    similarities = VECTORS @ TARGETS.T
    expected = {target: set(np.argsort(-similarities[:, target])[:3].tolist()) for target in range(9)}
    whole = neighbours.neighbours(IDS, VECTORS, TARGETS, 3)
    assert whole.schema == neighbours.NEIGHBOURS and whole.height == 27
    assert {t: {int(i) for i in g["doc_id"]} for (t,), g in whole.group_by("target")} == expected
    monkeypatch.setattr(neighbours, "_BLOCK", 40)
    parts = [neighbours.neighbours(IDS[a : a + 17], VECTORS[a : a + 17], TARGETS, 3) for a in (34, 0, 17)]
    assert neighbours.nearest(pl.concat(parts), 3).equals(whole)
    best = neighbours.best(whole)
    assert set(best["doc_id"]) == set(whole["doc_id"]) and best["doc_id"].is_sorted()
    assert best["score"].max() == whole["similarity"].max()


def test_refusals():
    with pytest.raises(InputError, match="at least one row"):
        neighbours.scores(IDS, VECTORS, TARGETS[:0], 1)
    with pytest.raises(InputError, match="same dimensions"):
        neighbours.scores(IDS, VECTORS, TARGETS[:, :3], 1)
    with pytest.raises(InputError, match="k is 0"):
        neighbours.scores(IDS, VECTORS, TARGETS, 0)
    assert neighbours.scores(IDS[:0], VECTORS[:0], TARGETS, 1).height == 0
    assert neighbours.neighbours(IDS[:0], VECTORS[:0], TARGETS, 1).height == 0
