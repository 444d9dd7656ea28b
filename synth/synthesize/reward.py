"""Scores of answers from outside: a function, such as a reward model, that a caller hands in."""

import math
from collections.abc import Callable, Sequence

from curation.errors import InputError

Turns = tuple[tuple[str, str], ...]
Reward = Callable[[Sequence[tuple[Turns, str]]], Sequence[float]]  # of (prompt as turns, answer): higher is better


def rewards(reward: Reward, pairs: Sequence[tuple[Turns, str]]) -> list[float]:
    """The reward of each pair of prompt and answer, in their order.

    Raises:
        InputError: when the function gives another number of scores than pairs, or one that is not finite.
    """
    if not pairs:
        return []
    found = [float(score) for score in reward(pairs)]
    if len(found) != len(pairs):
        raise InputError(f"the reward function gave {len(found)} scores for {len(pairs)} answers, expected as many")
    odd = next((score for score in found if not math.isfinite(score)), None)
    if odd is not None:
        raise InputError(f"the reward function gave {odd}, expected finite numbers")
    return found
