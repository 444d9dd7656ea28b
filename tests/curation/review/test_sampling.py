"""Sampling for review: exact quotas, known probabilities, no dependence on order."""

from math import sqrt

import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.review import sampling
from curation.review.sampling import SampleOptions, draw


def rows(kept: int, dropped: dict[str, int], sensitive: int = 0) -> pl.DataFrame:
    """Rows of each fate; closeness rises by number, the first `sensitive` kept ones are on a sensitive topic."""
    made = [(None, number, kept) for number in range(kept)]
    made += [(rule, number, count) for rule, count in dropped.items() for number in range(count)]
    return pl.DataFrame(
        [
            (xxhash.xxh3_128_hexdigest(f"{rule} {number}".encode()), rule is None, rule, number / count,
             float(rule is None and number < sensitive))
            for rule, number, count in made
        ],
        schema=sampling.ROWS,
        orient="row",
    )  # fmt: skip


def plan(sample: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Population and number drawn of each stratum."""
    counted = sample.group_by("stratum", "population", "drawn").len().sort("stratum")
    assert (counted["len"] == counted["drawn"]).all()
    return {stratum: (population, drawn) for stratum, population, drawn, _ in counted.iter_rows()}


def test_quotas_by_hand() -> None:
    # Minima of 5 in 4 strata leave 80: kept near 100 * 3, kept 900, a near 10 * 3 and a 90, of a weight of 1320:
    # 18.18, 54.55, 1.82, 5.45; the largest remainders are those of a near (.82) and kept (.55).
    found = plan(draw(rows(1000, {"a": 100}), SampleOptions(size=100)))
    assert found == {
        "a": (90, 10),
        "a, near a threshold": (10, 7),
        "kept": (900, 60),
        "kept, near a threshold": (100, 23),
    }


def test_a_rule_with_few_rows_is_one_stratum_and_drawn_whole() -> None:
    found = plan(draw(rows(200, {"a": 4, "b": 19}), SampleOptions(size=60)))
    assert found["a"] == (4, 4)
    assert "b, near a threshold" not in found


def test_near_rows_are_the_nearest() -> None:
    everything = rows(100, {})
    sample = draw(everything, SampleOptions(size=100)).join(everything.select("row_id", "closeness"), on="row_id")
    near = sample.filter(pl.col("stratum") == "kept, near a threshold")
    assert near["closeness"].sort().to_list() == [number / 100 for number in range(10)]


def test_rows_of_one_closeness_have_no_near_ones() -> None:
    same = rows(100, {}).with_columns(closeness=pl.lit(0.0))
    assert list(plan(draw(same, SampleOptions(size=20)))) == ["kept"]
    nothing = rows(100, {}).with_columns(closeness=pl.lit(None, pl.Float64))
    assert list(plan(draw(nothing, SampleOptions(size=20)))) == ["kept"]


def test_sensitive_rows_are_a_stratum_and_come_first() -> None:
    sample = draw(rows(300, {"a": 50}, sensitive=40), SampleOptions())
    assert plan(sample)["kept, sensitive"][0] == 40
    first = sample.filter("sensitive").height
    assert first >= 5
    shown = sampling.order(sample, "someone", 17)
    assert set(shown[:first]) == set(sample.filter("sensitive")["row_id"])


def test_two_people_see_the_same_rows_in_different_orders() -> None:
    sample = draw(rows(300, {"a": 50}), SampleOptions(size=80))
    one, other = (sampling.order(sample, name, 17) for name in ("one", "other"))
    assert sorted(one) == sorted(other) == sample["row_id"].to_list()
    assert one != other
    assert one == sampling.order(sample.reverse(), "one", 17)


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 120), max_size=6)


@given(st.integers(0, 300), counts, st.integers(0, 30), st.integers(2, 6), st.integers(0, 200), st.integers(0, 9))
def test_quotas_sum_and_probabilities_give_back_the_population(
    kept: int, dropped: dict[str, int], sensitive: int, minimum: int, extra: int, seed: int
) -> None:
    everything = rows(kept + 1, dropped, sensitive)
    size = min(minimum * 3 * (len(dropped) + 1), everything.height) + extra
    options = SampleOptions(size=size, minimum=minimum, seed=seed)
    sample = draw(everything, options)
    assert sample.height == min(size, everything.height)
    assert (1 / sample["probability"]).sum() == pytest.approx(everything.height)
    for population, drawn in plan(sample).values():
        assert min(population, minimum) <= drawn <= population
    assert draw(everything.sample(fraction=1, shuffle=True, seed=seed), options).equals(sample)


@given(st.integers(1, 1500), counts)
def test_the_default_size_reaches_the_half_width(kept: int, dropped: dict[str, int]) -> None:
    sample = draw(rows(kept, dropped), SampleOptions(minimum=2))
    for side in (True, False):
        part = sample.filter(pl.col("kept") == side).unique("stratum")
        if part.height:
            width = sampling.worst_half_width(part["population"].to_numpy(), part["drawn"].to_numpy())
            assert width <= 0.1


def test_the_default_size_of_a_large_corpus() -> None:
    # One stratum: n with 1.96 / (2 sqrt(n)) <= .1 is 97, less a little for 100 000 being finite.
    everything = rows(100_000, {}).with_columns(closeness=pl.lit(None, pl.Float64))
    assert draw(everything, SampleOptions()).height == 96


def test_half_width_by_hand() -> None:
    width = sampling.worst_half_width(np.array([100, 300]), np.array([10, 20]))
    variance = (1 / 4) ** 2 * 0.9 / 40 + (3 / 4) ** 2 * (1 - 20 / 300) / 80
    assert width == pytest.approx(1.959964 * sqrt(variance), rel=1e-6)
    assert sampling.worst_half_width(np.array([7]), np.array([7])) == 0


def test_a_larger_sample_holds_the_smaller_one() -> None:
    everything = rows(500, {})
    small, large = (draw(everything, SampleOptions(size=size)) for size in (50, 120))
    assert set(small["row_id"]) < set(large["row_id"])


def test_another_seed_draws_other_rows() -> None:
    everything = rows(500, {})
    one, other = (set(draw(everything, SampleOptions(size=50, seed=seed))["row_id"]) for seed in (1, 2))
    assert len(one & other) < 25


def test_every_row_of_a_stratum_is_drawn_equally_often() -> None:
    everything = rows(40, {}).with_columns(closeness=pl.lit(None, pl.Float64))
    drawn = pl.concat([draw(everything, SampleOptions(size=10, seed=seed)) for seed in range(400)])
    often = drawn.group_by("row_id").len()["len"].to_numpy().astype(int)
    assert len(often) == 40
    # 400 draws at 1/4: 100 each, standard deviation 8.66; five of them for forty rows
    assert np.abs(often - 100).max() < 5 * 8.66


def test_closeness_is_the_share_of_rows_between() -> None:
    scores = pl.DataFrame({"row_id": list("abcd"), "words": [10.0, 20.0, 30.0, 40.0], "ratio": [None, None, 0.5, 0.9]})
    one = sampling.to_thresholds(scores, {"words": [25.0]})
    assert one["closeness"].to_list() == [0.375, 0.125, 0.125, 0.375]  # ranks .125 .375 .625 .875, threshold .5
    both = sampling.to_thresholds(scores, {"words": [25.0], "ratio": [0.95], "unknown": [1.0]})
    assert both["closeness"].to_list() == [0.375, 0.125, 0.125, 0.25]  # ranks of ratio .25 .75, threshold 1
    several = sampling.to_thresholds(scores, {"words": [5.0, 25.0]})
    assert several["closeness"].to_list() == [0.125, 0.125, 0.125, 0.375]
    assert sampling.to_thresholds(scores, {})["closeness"].to_list() == [None] * 4


def test_closeness_of_nothing_measured() -> None:
    scores = pl.DataFrame({"row_id": ["a"], "words": [None]}, schema_overrides={"words": pl.Float64})
    assert sampling.to_thresholds(scores, {"words": [1.0]})["closeness"].to_list() == [None]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "size: found 0"),
        ({"half_width": 0.5}, "half_width: found 0.5"),
        ({"minimum": 1}, "minimum: found 1"),
        ({"near_share": 1.0}, "near_share"),
        ({"weight": float("nan")}, "weight"),
    ],
)
def test_options_are_checked(options: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        SampleOptions(**options)


def test_too_small_a_sample_is_refused_with_the_least_that_is_possible() -> None:
    with pytest.raises(InputError, match="found 9, expected at least 10: 5 for each of the 2 strata"):
        draw(rows(19, {"a": 19}), SampleOptions(size=9))
    with pytest.raises(InputError, match="no rows to review"):
        draw(rows(0, {}), SampleOptions())
