import numpy as np
import pytest

from train.evaluation.reward_measures import calibration_error, quality


def test_accuracy_is_told_apart_by_length() -> None:
    rewards = np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0], [1.0, 1.0]])
    tokens = np.array([[5, 9], [9, 5], [9, 5], [7, 7]])
    found = quality(rewards, tokens)
    assert (found.accuracy.right, found.accuracy.pairs, found.accuracy.share) == (2, 4, 0.5), "a tie is not right"
    assert (found.chosen_shorter.right, found.chosen_shorter.pairs) == (1, 1)
    assert (found.chosen_longer.right, found.chosen_longer.pairs) == (1, 2)
    assert found.margin == pytest.approx((1 - 1 + 2 + 0) / 4)
    assert found.accuracy.low < 0.5 < found.accuracy.high


def test_a_reward_that_is_length_is_seen_as_such() -> None:
    tokens = np.random.default_rng(0).integers(1, 50, (200, 2))
    found = quality(tokens * 0.3, tokens)
    assert found.length_correlation == pytest.approx(1)
    assert found.chosen_longer.share == 1.0 and found.chosen_shorter.share == 0.0


def test_nothing_varies_nothing_is_correlated() -> None:
    found = quality(np.zeros((3, 2)), np.ones((3, 2), dtype=int))
    assert found.length_correlation is None and found.chosen_shorter.share is None
    assert (found.accuracy.right, found.chosen_shorter.low, found.chosen_shorter.high) == (0, 0.0, 1.0)


def test_the_calibration_error_by_hand() -> None:
    """Four at logit(0.9), three of them right: .9 against .75; two at logit(.65), one right: .65 against .5."""
    margins = np.log([9, 9, 9, 1 / 9, 0.65 / 0.35, 0.35 / 0.65])
    assert calibration_error(margins * (1 + 1e-9)) == pytest.approx((4 * 0.15 + 2 * 0.15) / 6, abs=1e-6)


def test_the_brier_score_by_hand() -> None:
    """Probabilities of the better answer: 0.9, 0.1, and a half where nothing is told apart."""
    rewards = np.log([[9.0, 1.0], [1.0, 9.0], [1.0, 1.0]])
    assert quality(rewards, np.ones((3, 2), dtype=int)).brier == pytest.approx((0.01 + 0.81 + 0.25) / 3)


def test_margins_drawn_from_their_own_probabilities_are_calibrated() -> None:
    random = np.random.default_rng(1)
    margins = random.normal(0, 2, 50_000)
    better = random.random(50_000) < 1 / (1 + np.exp(-np.abs(margins)))
    calibrated = np.where(better, np.abs(margins), -np.abs(margins))
    assert calibration_error(calibrated) < 0.01
    assert calibration_error(5 * calibrated) > 0.1, "five times as sure, and no more often right"


@pytest.mark.parametrize(
    ("rewards", "tokens"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (np.zeros((2, 2)), np.zeros((3, 2))),
        (np.full((1, 2), np.nan), np.ones((1, 2))),
    ],
)
def test_what_cannot_be_measured_is_refused(rewards: np.ndarray, tokens: np.ndarray) -> None:
    with pytest.raises(ValueError):
        quality(rewards, tokens)
