import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import selection, stage
from curation.embedding import vectors
from curation.errors import InputError
from curation.selection.decide import METHODS, SelectionOptions, decide


def _side(count: int, seed: int) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    ids = pl.Series([f"{i:03d}" for i in range(count)], dtype=pl.String)
    points = vectors.unit(generator.normal(size=(count, 4)))
    return vectors.table(ids, points).with_columns(
        cluster_id=pl.Series(generator.integers(0, 3, count)),
        distance=pl.Series(generator.integers(0, 5, count) / 4),
        score=pl.Series(generator.integers(0, 5, count) / 4),
    )


@given(st.sampled_from(list(METHODS)), st.integers(0, 30), st.integers(0, 40), st.integers(0, 99))
def test_every_method_selects_exactly_the_number_whatever_the_order(method: str, count: int, number: int, seed: int):
    side, options = _side(count, seed), SelectionOptions(method=method, number=number)
    drops = decide(side, options)
    assert drops.schema == stage.DROPS and drops["doc_id"].is_sorted()
    assert side.height - drops.height == min(number, count)
    assert decide(side.sample(fraction=1, shuffle=True, seed=seed), options).equals(drops)
    assert set(drops["rule"]) <= {f"selection.{method}"}


def test_decisions_are_those_of_the_functions():
    side = _side(40, seed=2)
    labels, distances = side["cluster_id"].to_numpy(), side["distance"].to_numpy()
    points = vectors.matrix(side)
    for method, expected in (
        ("nearest", selection.nearest_to_centroid(labels, distances, 10)),
        ("boundary", selection.medoid_and_boundary(labels, distances, 10, 0.5)),
        ("k_center", selection.k_center(points, 10)),
        ("top", selection.top(side["score"].to_numpy(), 10)),
    ):
        kept = side.join(decide(side, SelectionOptions(method=method, share=0.25)), on="doc_id", how="anti")
        assert kept["doc_id"].to_list() == side["doc_id"].gather(expected).to_list()
    drops = decide(side, SelectionOptions(method="nearest", number=10))
    joined = drops.join(side, on="doc_id")
    assert joined["value"].equals(joined["distance"], null_equal=True)
    assert joined["cluster_id"].equals(joined["cluster_id_right"])


def test_facility_location_keeps_the_quotas_of_clusters():
    side = _side(50, seed=4)
    kept = side.join(decide(side, SelectionOptions(method="facility", number=17)), on="doc_id", how="anti")
    sizes = side.group_by("cluster_id").len().sort("cluster_id")["len"].to_list()
    quotas = selection.largest_remainder(sizes, 17, sizes).tolist()
    assert kept.group_by("cluster_id").len().sort("cluster_id")["len"].to_list() == quotas


def test_random_is_seeded():
    side = _side(50, seed=0)
    chosen = [decide(side, SelectionOptions(method="random", number=20, seed=seed)) for seed in (1, 1, 2)]
    assert chosen[0].equals(chosen[1]) and not chosen[0].equals(chosen[2])


def test_refusals():
    for wrong, said in (
        ({"method": "best", "number": 1}, "expected one of"),
        ({}, "exactly one"),
        ({"number": 1, "share": 0.5}, "exactly one"),
        ({"number": -1}, "0 or more"),
        ({"share": 0}, "more than 0"),
        ({"number": 1, "boundary_share": 2}, "0 to 1"),
    ):
        with pytest.raises(InputError, match=said):
            SelectionOptions(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"reads \['score'\]"):
        decide(_side(3, 0).drop("score"), SelectionOptions(method="top", number=1))
