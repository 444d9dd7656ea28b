"""Estimates from stratified samples: by hand, unbiased, and with intervals that cover."""

from math import inf

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.metrics import intervals
from curation.review import estimates
from curation.review.estimates import Share, Stratum, recall_of, share_of
from curation.review.sampling import SAMPLE, SampleOptions, draw


def test_a_single_stratum_of_a_large_population_is_wilson() -> None:
    found = share_of([Stratum(10**9, 50, 40)])
    low, high = intervals.wilson(40, 50)
    assert found.share == pytest.approx(0.8)
    # the sample variance divides by n - 1, so the effective size is 49
    assert (found.low, found.high) == (pytest.approx(low, abs=2e-3), pytest.approx(high, abs=2e-3))


def test_rows_weigh_the_inverse_of_their_probability() -> None:
    # 10 of 900 rows drawn, 4 of them hits, and 10 of 100, 9 of them: .9 * .4 + .1 * .9
    found = share_of([Stratum(900, 10, 4), Stratum(100, 10, 9)])
    assert found.share == pytest.approx(0.45)
    variance = 0.9**2 * (1 - 10 / 900) * 0.24 / 9 + 0.1**2 * (1 - 10 / 100) * 0.09 / 9
    assert found.effective == pytest.approx(min(0.45 * 0.55 / variance, 1 / (0.81 * 0.0988889 + 0.01 * 0.09)), rel=1e-4)
    assert found.low < 0.45 < found.high


def test_a_census_has_no_interval() -> None:
    found = share_of([Stratum(10, 10, 3), Stratum(2, 2, 2)])
    assert (found.share, found.low, found.high, found.effective) == (5 / 12, 5 / 12, 5 / 12, inf)


def test_nothing_answered_says_nothing() -> None:
    assert share_of([Stratum(10, 0, 0)]) == Share(None, 0.0, 1.0, 0.0, 0, 10, 0)
    assert share_of([]).share is None


def test_strata_without_answers_are_not_covered() -> None:
    found = share_of([Stratum(90, 9, 9), Stratum(10, 0, 0)])
    assert (found.share, found.population, found.covered, found.answered) == (1.0, 100, 90, 9)
    assert found.low < 0.75 and found.high == 1.0


def test_one_answer_leaves_a_wide_interval() -> None:
    found = share_of([Stratum(100, 1, 0), Stratum(100, 1, 1)])
    assert found.share == 0.5
    assert found.high - found.low > 0.6


strata_of_answers = st.lists(
    st.integers(1, 40).flatmap(
        lambda answered: st.builds(Stratum, st.integers(answered, 500), st.just(answered), st.integers(0, answered))
    ),
    min_size=1,
    max_size=5,
)


@given(strata_of_answers)
def test_an_interval_holds_its_share_and_turns_with_it(strata: list[Stratum]) -> None:
    found = share_of(strata)
    assert found.share is not None
    assert -1e-12 <= found.low <= found.share + 1e-12 and found.share - 1e-12 <= found.high <= 1 + 1e-12
    turned = share_of([Stratum(s.population, s.answered, s.answered - s.hits) for s in strata])
    assert turned.share == pytest.approx(1 - found.share)
    assert (turned.low, turned.high) == (pytest.approx(1 - found.high), pytest.approx(1 - found.low))


def test_recall_by_hand() -> None:
    # 90 % of 1000 kept rows and 20 % of 500 dropped ones are worth keeping: 900 of 1000 were kept
    kept, dropped = share_of([Stratum(1000, 100, 90)]), share_of([Stratum(500, 100, 20)])
    found = recall_of(kept, dropped)
    assert found.share == pytest.approx(0.9)
    assert 0.84 < found.low < 0.88 and 0.92 < found.high < 0.95
    assert found == recall_of(kept, dropped)


def test_recall_at_the_ends() -> None:
    kept, none_lost = share_of([Stratum(1000, 100, 90)]), share_of([Stratum(500, 50, 0)])
    found = recall_of(kept, none_lost)
    assert found.share == 1.0 and found.high == 1.0 and 0.95 < found.low < 0.9999
    nothing_dropped = recall_of(kept, share_of([]))
    assert (nothing_dropped.share, nothing_dropped.low, nothing_dropped.high) == (1.0, 1.0, 1.0)
    assert recall_of(share_of([Stratum(5, 5, 0)]), share_of([Stratum(5, 5, 0)])).share is None
    assert recall_of(share_of([Stratum(5, 0, 0)]), none_lost).share is None
    assert recall_of(kept, share_of([Stratum(5, 0, 0)])).share is None


def corpus(generator: np.random.Generator) -> pl.DataFrame:
    """2 000 rows: near a threshold people keep half of the kept ones, elsewhere nine of ten; two rules err unlike."""
    kept = np.arange(2000) < 1400
    rule = np.where(kept, None, np.where(np.arange(2000) < 1900, "a", "b"))
    closeness = generator.random(2000)
    share = np.where(kept, np.where(closeness < 0.1, 0.5, 0.9), np.where(rule == "a", 0.1, 0.6))
    return pl.DataFrame(
        {
            "row_id": [f"{number:032x}" for number in range(2000)],
            "kept": kept,
            "rule": pl.Series(rule.tolist(), dtype=pl.String),
            "closeness": closeness,
            "sensitive": np.zeros(2000),
            "answer": np.where(generator.random(2000) < share, "keep", "drop"),
        }
    )


def test_estimates_from_samples_are_unbiased_and_their_intervals_cover() -> None:
    rows = corpus(np.random.default_rng(5))
    good = rows.filter(pl.col("answer") == "keep")
    truth = {
        ("precision", None): good.filter("kept").height / rows.filter("kept").height,
        ("recall", None): good.filter("kept").height / good.height,
        ("wrong_drops", None): good.filter(~pl.col("kept")).height / rows.filter(~pl.col("kept")).height,
        **{("wrong_drops", rule): (good["rule"] == rule).sum() / (rows["rule"] == rule).sum() for rule in ("a", "b")},
    }
    found: dict[tuple[str, str | None], list[tuple[float, bool]]] = {key: [] for key in truth}
    rounds = 200
    for seed in range(rounds):
        sample = draw(rows.drop("answer"), SampleOptions(size=200, seed=seed))
        judged = sample.join(rows.select("row_id", "answer"), on="row_id")
        for measure, rule, share, low, high, *_ in estimates.measures(judged).iter_rows():
            found[measure, rule].append((share, low <= truth[measure, rule] <= high))
    for key, values in found.items():
        shares = np.array([share for share, _ in values])
        # five standard errors of the mean of the rounds; recall, a ratio, has a bias of a smaller order
        assert abs(shares.mean() - truth[key]) < 5 * shares.std() / np.sqrt(rounds) + 0.002, key
        assert np.mean([covered for _, covered in values]) >= 0.92, key


def judged(*rows: tuple[bool, str | None, str, int, str | None]) -> pl.DataFrame:
    made = [
        (str(number), kept, rule, False, stratum, population, 1, 0.5, answer)
        for number, (kept, rule, stratum, population, answer) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema={**SAMPLE, "answer": pl.String}, orient="row")


def test_measures_count_what_people_said_of_each_rule() -> None:
    found = estimates.measures(
        judged(
            (True, None, "kept", 50, "keep"),
            (True, None, "kept", 50, None),
            (False, "b", "b", 8, "keep"),
            (False, "b", "b", 8, "drop"),
            (False, "a", "a", 2, "drop"),
        )
    )
    assert found.schema == estimates.MEASURES
    rows = {(row["measure"], row["rule"]): row for row in found.to_dicts()}
    assert list(rows) == [
        ("precision", None), ("recall", None), ("wrong_drops", None), ("wrong_drops", "a"), ("wrong_drops", "b")
    ]  # fmt: skip
    assert rows["precision", None]["share"] == 1.0
    assert (rows["precision", None]["drawn"], rows["precision", None]["people_keep"]) == (2, 1)
    assert rows["wrong_drops", None]["share"] == pytest.approx(0.4)  # 8/10 * 1/2 + 2/10 * 0
    assert (rows["wrong_drops", "b"]["people_keep"], rows["wrong_drops", "b"]["people_drop"]) == (1, 1)
    assert rows["wrong_drops", "a"]["share"] == 0.0
    assert rows["recall", None]["share"] == pytest.approx(50 / 54)
