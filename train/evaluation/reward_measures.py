"""How good a reward model is on held-out pairs: accuracy, calibration, and whether it only likes long answers."""

from dataclasses import dataclass

import numpy as np

from curation.metrics import intervals

BINS = 10  # of equal width, of the probability from a half to one


@dataclass(frozen=True)
class Share:
    """Pairs whose better answer got the higher reward: how many of how many, and the interval of 95 % (Wilson).

    Equal rewards are not right. `share` is none where there are no pairs.
    """

    right: int
    pairs: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Quality:
    """A reward model on held-out pairs.

    Attributes:
        accuracy: over all pairs.
        calibration_error: expected calibration error (Guo et al. 2017, arXiv 1706.04599, section 2) of sigmoid of the
            difference of rewards, as the probability that the answer with the higher reward is the better one.
        calibration_bins: of that probability, of equal width from 0.5 to 1.
        brier: mean squared distance of the probability of the better answer, sigmoid of the difference of rewards, from
            1 (Brier 1950): 0.25 for a model that tells nothing apart, more for one that is sure and wrong.
        margin: mean difference of the rewards of better and worse answers.
        length_correlation: of rewards and tokens over all answers (Pearson), none where one of them does not vary.
        chosen_shorter: accuracy where the better answer is the shorter one, in tokens.
        chosen_longer: where it is the longer one. Far above `chosen_shorter`, the model has learned length.
    """

    accuracy: Share
    calibration_error: float
    calibration_bins: int
    brier: float
    margin: float
    length_correlation: float | None
    chosen_shorter: Share
    chosen_longer: Share


def quality(rewards: np.ndarray, tokens: np.ndarray) -> Quality:
    """Measure held-out pairs.

    Args:
        rewards: float of shape (pairs, 2), of the better answer and of the worse one; at least one pair.
        tokens: int of shape (pairs, 2), of the same answers.

    Raises:
        ValueError: for no pairs, shapes that differ, or rewards that are not finite.
    """
    if rewards.ndim != 2 or rewards.shape != tokens.shape or rewards.shape[1] != 2 or not len(rewards):
        raise ValueError(f"rewards of shape {rewards.shape} and tokens of {tokens.shape}, expected (pairs, 2)")
    if not np.isfinite(rewards).all():
        raise ValueError("a reward is not a finite number")
    margins = rewards[:, 0] - rewards[:, 1]
    right, longer = margins > 0, tokens[:, 0] - tokens[:, 1]
    varies = rewards.std() > 0 and tokens.std() > 0
    return Quality(
        _share(right),
        calibration_error(margins),
        BINS,
        float(np.mean(((1 - np.tanh(margins / 2)) / 2) ** 2)),
        float(margins.mean()),
        float(np.corrcoef(rewards.ravel(), tokens.ravel())[0, 1]) if varies else None,
        _share(right[longer < 0]),
        _share(right[longer > 0]),
    )


def calibration_error(margins: np.ndarray, bins: int = BINS) -> float:
    """Mean distance, over pairs, between how sure sigmoid(|margin|) is and how often it is right, by bin.

    Args:
        margins: float of shape (pairs,), reward of the better answer less that of the worse one.
        bins: of equal width between 0.5 and 1.
    """
    sure = 1 / (1 + np.exp(-np.abs(margins)))
    places = np.minimum(((sure - 0.5) * 2 * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, weights=sure - (margins > 0), minlength=bins)
    return float(np.abs(gaps).sum() / len(margins))


def _share(right: np.ndarray) -> Share:
    count, pairs = int(right.sum()), len(right)
    low, high = intervals.wilson(count, pairs)
    return Share(count, pairs, count / pairs if pairs else None, low, high)
