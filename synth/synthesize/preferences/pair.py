"""The pair that a row gives: its best answer and its worst."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Places of the better and the worse answer, and how far apart their scores are; a margin of 0 is a tie."""

    chosen: int
    rejected: int
    margin: float


def best_and_worst(scores: Sequence[float | None], lengths: Sequence[int]) -> Pair | None:
    """The answer of the highest score and that of the lowest.

    Of several with equal scores those two whose lengths are nearest, so that the pair says as little as it can about
    length, which is what preference tuning learns most easily (Singhal et al., arXiv 2310.03716); then the first.

    Args:
        scores: of each answer; none for one that has no score.
        lengths: characters of each answer.

    Returns:
        The pair, or none for fewer than two scores.
    """
    scored = [(place, score) for place, score in enumerate(scores) if score is not None]
    if len(scored) < 2:
        return None
    high, low = max(score for _, score in scored), min(score for _, score in scored)
    options = [
        (abs(lengths[best] - lengths[worst]), best, worst)
        for best, upper in scored
        for worst, lower in scored
        if best != worst and upper == high and lower == low
    ]
    _, best, worst = min(options)
    return Pair(best, worst, high - low)
