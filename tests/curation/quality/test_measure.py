import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.quality import measure


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=25))
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]):
    scores, labels = np.array([s for s, _ in rows]), np.array([int(label) for _, label in rows])
    pairs = [(a > b) + (a == b) / 2 for a in scores[labels == 1] for b in scores[labels == 0]]
    found = measure.auc(scores, labels)
    assert found is None if not pairs else found == pytest.approx(float(np.mean(pairs)))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """400 draws of normal scores one standard deviation apart, whose area is 0.7602."""
    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        scores = np.concatenate([generator.normal(1, 1, 40), generator.normal(0, 1, 60)])
        labels = np.repeat([1, 0], [40, 60])
        low, high = measure.auc_interval(measure.auc(scores, labels) or 0, 40, 60)
        inside += low <= 0.7602 <= high
    assert 0.92 <= inside / 400 <= 0.985


def test_the_interval_at_the_ends():
    low, high = measure.auc_interval(1.0, 30, 30)
    assert 0.8 < low < 0.98 and high == 1.0
    low, high = measure.auc_interval(0.0, 30, 30)
    assert low == 0.0 and 0.02 < high < 0.2
    wide, narrow = measure.auc_interval(0.8, 10, 10), measure.auc_interval(0.8, 1000, 1000)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]


def test_calibration_error_by_hand():
    sure = np.array([0.0] * 10 + [1.0] * 10)
    assert measure.calibration_error(sure, np.repeat([0, 1], 10)) == 0
    assert measure.calibration_error(np.full(20, 0.7), np.tile([0, 1], 10)) == pytest.approx(0.2)


def test_measure_counts():
    found = measure.measure(np.array([0.9, 0.6, 0.4, 0.2]), np.array([1, 0, 1, 0]))
    assert (found.rows, found.positives, found.accuracy, found.auc) == (4, 2, 0.5, 0.75)
    assert found.accuracy_low < 0.5 < found.accuracy_high
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.04) / 4)
    assert measure.measure(np.array([0.9]), np.array([1])).auc is None
