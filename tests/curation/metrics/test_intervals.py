import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.metrics import intervals


def test_wilson_by_hand():
    # 8 of 10 at 95 %: (0.8 + 0.19207 +- 1.95996 * sqrt(0.016 + 0.0096036)) / 1.384146
    low, high = intervals.wilson(8, 10)
    assert low == pytest.approx(0.49016, abs=1e-5)
    assert high == pytest.approx(0.94331, abs=1e-4)


@pytest.mark.parametrize("total", [0, 1, 50])
def test_wilson_at_the_ends(total: int):
    assert intervals.wilson(0, total)[0] == 0.0
    assert intervals.wilson(total, total)[1] == 1.0


def test_wilson_refuses_impossible_counts():
    with pytest.raises(ValueError, match="3 successes of 2"):
        intervals.wilson(3, 2)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(counts: tuple[int, int]):
    low, high = intervals.wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_bootstrap_is_repeatable_and_covers_the_mean():
    generator = np.random.default_rng(3)
    before = generator.integers(0, 2, 300).astype(float)
    after = np.clip(before + (generator.random(300) < 0.2), 0, 1)
    first = intervals.paired_bootstrap(before, after, seed=7)
    assert first == intervals.paired_bootstrap(before, after, seed=7)
    assert first.mean == pytest.approx((after - before).mean())
    # close to the normal interval, which is right for 300 independent items
    spread = 1.96 * (after - before).std() / np.sqrt(300)
    assert first.low == pytest.approx(first.mean - spread, abs=0.01)
    assert first.high == pytest.approx(first.mean + spread, abs=0.01)
    assert first.p < 0.001


def test_another_seed_draws_otherwise():
    after = np.random.default_rng(4).normal(size=50)
    first, second = (intervals.paired_bootstrap(np.zeros(50), after, seed=seed) for seed in (1, 2))
    assert first.low != second.low
    assert first.low == pytest.approx(second.low, abs=0.05)


def test_no_difference_has_p_one_and_an_interval_of_zero():
    result = intervals.paired_bootstrap([1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    assert (result.mean, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


def test_p_is_the_right_size_when_nothing_happened():
    generator = np.random.default_rng(11)
    rejected = sum(
        intervals.paired_bootstrap(np.zeros(80), generator.normal(size=80), resamples=400, seed=i).p <= 0.05
        for i in range(300)
    )
    assert 0.02 < rejected / 300 < 0.09


def test_clusters_widen_the_interval():
    # twenty sources of fifteen items that move together: in truth there are twenty observations, not three hundred
    generator = np.random.default_rng(5)
    effect = np.repeat(generator.normal(size=20), 15)
    sources = np.repeat([f"source-{i}" for i in range(20)], 15).tolist()
    alone = intervals.paired_bootstrap(np.zeros(300), effect)
    together = intervals.paired_bootstrap(np.zeros(300), effect, clusters=sources)
    assert together.clusters == 20 and alone.clusters == 300
    assert together.mean == pytest.approx(alone.mean)
    assert (together.high - together.low) > 3 * (alone.high - alone.low)


def test_clusters_of_unequal_size_keep_the_mean_over_items():
    result = intervals.paired_bootstrap([0, 0, 0, 0], [1, 1, 1, 0], clusters=["a", "a", "a", "b"])
    assert result.mean == 0.75
    assert result.low == 0.0 and result.high == 1.0


def test_seeds_are_a_second_level():
    generator = np.random.default_rng(2)
    runs = generator.normal(0, 1, (3, 1))
    after = np.repeat(runs, 400, axis=1) + generator.normal(0, 0.01, (3, 400))
    result = intervals.paired_bootstrap(np.zeros_like(after), after)
    assert result.seeds == 3 and result.items == 400
    assert result.mean == pytest.approx(after.mean())
    # the spread of the runs shows, which a bootstrap over 1200 items would hide
    assert result.high - result.low > 0.5 * float(runs.max() - runs.min())


def test_many_clusters_in_chunks_give_the_same_as_few():
    after = np.arange(3000, dtype=float)  # more counts than are held at a time
    result = intervals.paired_bootstrap(np.zeros(3000), after, resamples=2000, seed=1)
    assert result.mean == pytest.approx(1499.5)
    spread = 1.96 * after.std() / np.sqrt(3000)
    assert result.high - result.low == pytest.approx(2 * spread, rel=0.1)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [([1.0], [1.0, 2.0], "shapes"), ([], [], "no items"), ([1.0], [float("nan")], "finite")],
)
def test_bootstrap_refuses(before: list[float], after: list[float], message: str):
    with pytest.raises(ValueError, match=message):
        intervals.paired_bootstrap(before, after)


def test_bootstrap_refuses_clusters_of_another_length():
    with pytest.raises(ValueError, match="1 clusters for 2 items"):
        intervals.paired_bootstrap([0, 0], [1, 1], clusters=["a"])


def test_one_cluster_gives_no_false_certainty():
    with pytest.raises(ValueError, match="one cluster of 2 items"):
        intervals.paired_bootstrap([0, 0], [1, 1], clusters=["a", "a"])


def test_holm_by_hand():
    # sorted .005, .01, .03, .04 times 4, 3, 2, 1, then never decreasing
    adjusted = intervals.holm({"c": 0.03, "a": 0.01, "d": 0.04, "b": 0.005})
    assert list(adjusted) == ["c", "a", "d", "b"]
    assert adjusted == pytest.approx({"b": 0.02, "a": 0.03, "c": 0.06, "d": 0.06})
    assert intervals.holm({}) == {}
    assert intervals.holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def test_equivalence_needs_items_enough():
    many, few = np.zeros(2000), np.zeros(20)
    generator = np.random.default_rng(1)
    same = intervals.equivalence(many, generator.normal(0, 0.3, 2000), margin=0.05, resamples=1000)
    assert same.equivalent and same.no_worse
    unsure = intervals.equivalence(few, generator.normal(0, 0.3, 20), margin=0.05, resamples=1000)
    assert not unsure.equivalent
    assert same.difference.confidence == pytest.approx(0.9)


def test_a_gain_is_no_worse_but_not_equivalent():
    result = intervals.equivalence(np.zeros(50), np.full(50, 0.5), margin=0.1)
    assert result.no_worse and not result.equivalent
    lost = intervals.equivalence(np.zeros(50), np.full(50, -0.5), margin=0.1)
    assert not lost.no_worse and not lost.equivalent


def test_equivalence_refuses_no_margin():
    with pytest.raises(ValueError, match="margin"):
        intervals.equivalence([0.0], [0.0], margin=0.0)


def test_weights_give_the_ratio_of_sums():
    # 10 bits more over 10 bytes, none over 30: 10 bits of 40 bytes, not the mean of 1 and 0
    result = intervals.paired_bootstrap([2.0, 2.0], [3.0, 2.0], weights=[10, 30])
    assert result.mean == pytest.approx(0.25)
    assert (result.low, result.high) == (0.0, 1.0)
    generator = np.random.default_rng(8)
    after, weights = generator.normal(size=60), generator.integers(1, 5, 60)
    weighted = intervals.paired_bootstrap(np.zeros(60), after, list(range(60)), seed=2, weights=weights.tolist())
    repeated = intervals.paired_bootstrap(
        np.zeros(weights.sum()), np.repeat(after, weights), np.repeat(range(60), weights).tolist(), seed=2
    )
    assert (weighted.low, weighted.high) == pytest.approx((repeated.low, repeated.high))
    with pytest.raises(ValueError, match="above 0"):
        intervals.paired_bootstrap([0.0, 0.0], [1.0, 1.0], weights=[1, 0])


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Clusters of three items that move together, and five seeds: both levels are drawn, and the truth is inside."""
    generator = np.random.default_rng(19)
    rounds, clusters, effect = 150, 40, 0.2
    sources = np.repeat(range(clusters), 3).tolist()
    inside = {"clusters": 0, "items": 0, "seeds": 0}
    for at in range(rounds):
        own = np.repeat(generator.normal(0, 1, clusters), 3)
        after = effect + own + generator.normal(0, 0.3, 3 * clusters)
        for name, drawn in (("clusters", sources), ("items", None)):
            found = intervals.paired_bootstrap(np.zeros_like(after), after, drawn, resamples=200, seed=at)
            inside[name] += found.low <= effect <= found.high
        runs = effect + generator.normal(0, 0.2, (12, 1)) + own[None, :] + generator.normal(0, 0.3, (12, 120))
        found = intervals.paired_bootstrap(np.zeros_like(runs), runs, sources, resamples=200, seed=at)
        inside["seeds"] += found.low <= effect <= found.high
    assert 0.90 < inside["clusters"] / rounds < 0.98
    assert 0.90 < inside["seeds"] / rounds < 0.99
    assert inside["items"] / rounds < 0.85  # what not drawing by source would claim


def test_equivalence_decides_as_often_as_it_may():
    """At an effect of the margin it is claimed in at most about 5 %, at no effect with many items nearly always."""
    generator = np.random.default_rng(23)
    claimed = {0.0: 0, -0.05: 0, -0.08: 0}
    for effect in claimed:
        for at in range(100):
            after = effect + generator.normal(0, 0.2, 250)
            result = intervals.equivalence(np.zeros(250), after, 0.05, resamples=100, seed=at)
            claimed[effect] += result.no_worse
            assert result.no_worse == (result.p_no_worse <= 0.05) or abs(result.p_no_worse - 0.05) < 0.01
    assert claimed[0.0] > 95
    assert claimed[-0.05] < 12
    assert claimed[-0.08] <= 1


def test_p_of_equivalence_by_hand():
    # of 101 clusters that gained 0.5 but for one that lost all: never at or below -margin, always at or above it
    result = intervals.equivalence([0.0] * 100, [0.5] * 100, 0.1, resamples=99)
    assert (result.p_no_worse, result.p_equivalent) == (0.01, 1.0)
    assert intervals.equivalence([0.0] * 400, [0.0] * 400, 0.1, resamples=99).p_equivalent == 0.01
    # where nothing bounds a change: a tenth of a cluster's margin
    assert intervals.equivalence([0.0] * 10, [0.0] * 10, 0.1, resamples=99, largest=None).p_equivalent == 0.01


@pytest.mark.parametrize(("items", "margin"), [(20, 0.05), (100, 0.02)])
def test_few_items_none_of_which_changed_do_not_show_that_nothing_is_lost(items: int, margin: float):
    """Of models that lose as many items as the margin some 5 % are let through, though many sets show no loss."""
    generator = np.random.default_rng(29)
    lost = -(generator.random((100, items)) < margin).astype(float)
    found = [intervals.equivalence(np.zeros(items), one, margin, resamples=100, seed=at).no_worse
             for at, one in enumerate(lost)]  # fmt: skip
    assert sum(found) <= 10
    enough = round(3.5 / margin)
    assert intervals.equivalence(np.zeros(enough), np.zeros(enough), margin, resamples=1000).no_worse
    assert not intervals.equivalence(np.zeros(items // 2), np.zeros(items // 2), margin / 5, resamples=1000).no_worse


def test_a_source_is_one_chance_to_see_a_loss_however_many_items_it_has():
    sources = np.repeat(range(20), 50).tolist()
    nothing = np.zeros(1000)
    assert intervals.equivalence(nothing, nothing, 0.05, resamples=500).no_worse
    assert not intervals.equivalence(nothing, nothing, 0.05, sources, resamples=500).no_worse


def test_the_interval_of_a_mean_is_that_of_its_difference_to_nothing():
    scores = np.random.default_rng(1).random(50)
    found = intervals.paired_bootstrap(np.zeros(50), scores)
    assert intervals.interval(scores) == (found.low, found.high)
