"""Differences from a base, put together: task arithmetic, TIES and DARE. Pure functions in float32.

All of them work entry by entry, so that a tensor may be given in parts. What TIES and DARE must know of a whole
tensor first, from which magnitude on entries stay and what those that stay are multiplied by, they find in a pass over
the parts.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

_LOW = 16  # bits of a magnitude that the second pass of `cuts` tells apart; the first takes those above
_EMPTY = 1e-7  # sum of magnitudes below which `restoring` leaves a difference as it is, as MergeKit does

Parts = Iterable[Sequence[torch.Tensor]]  # of the tensors of several models, in order: a part of each


def task_arithmetic(deltas: Sequence[torch.Tensor], weights: Sequence[float], normalise: bool) -> torch.Tensor:
    """Weighted sum of differences (Ilharco et al. 2023, arXiv 2212.04089, section 2), or their weighted mean.

    Args:
        deltas: float32 tensors of one shape, one a model.
        weights: one a model.
        normalise: divide by the sum of the weights, unless that is zero.
    """
    total = torch.zeros_like(deltas[0])
    for weight, delta in zip(weights, deltas, strict=True):
        total += weight * delta
    whole = math.fsum(weights)
    return total / whole if normalise and whole else total


# --- TIES -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Which entries of a difference stay when it is trimmed.

    Attributes:
        least: smallest magnitude that stays, as the bits of a float32: they have the order of the magnitudes, and what
            is no number is above them all.
        equal: how many entries of just that magnitude stay, the first ones.
    """

    least: int
    equal: int


def cuts(parts: Callable[[], Parts], density: float) -> list[Cut]:
    """Where to trim each of several differences: int(density n) of n entries stay and at least one.

    Two passes, each counting 16 bits of every magnitude: exact, without a copy of any tensor.

    Args:
        parts: begins a pass over the differences, which gives a flat part of each at a time.
        density: share of entries that stays, above 0.
    """
    high = _counted(parts(), lambda bits, at: bits >> _LOW)
    keep = [max(1, int(density * int(counts.sum()))) for counts in high]
    bins, above = zip(*(_reached(counts, wanted) for counts, wanted in zip(high, keep, strict=True)), strict=True)
    low = _counted(parts(), lambda bits, at: bits[bits >> _LOW == bins[at]] & ((1 << _LOW) - 1))
    found = []
    for at, counts in enumerate(low):
        least, passed = _reached(counts, keep[at] - above[at])
        found.append(Cut((bins[at] << _LOW) + least, keep[at] - above[at] - passed))
    return found


def _bits(delta: torch.Tensor) -> np.ndarray:
    return delta.abs().flatten().numpy().view(np.int32)


def _counted(parts: Parts, key: Callable[[np.ndarray, int], np.ndarray]) -> list[np.ndarray]:
    """How often each of 65,536 keys occurs in each difference."""
    found: list[np.ndarray] = []
    for deltas in parts:
        counts = [np.bincount(key(_bits(delta), at), minlength=1 << _LOW) for at, delta in enumerate(deltas)]
        found = [so_far + more for so_far, more in zip(found, counts, strict=True)] if found else counts
    return found


def _reached(counts: np.ndarray, wanted: int) -> tuple[int, int]:
    """The largest key at or above which so many entries lie, and how many lie above it."""
    from_above = np.cumsum(counts[::-1])
    place = min(int(np.searchsorted(from_above, wanted)), len(counts) - 1)
    return len(counts) - 1 - place, int(from_above[place - 1]) if place else 0


def trimmed(delta: torch.Tensor, cut: Cut, before: int = 0) -> tuple[torch.Tensor, int]:
    """The entries of largest magnitude, the others zero (TIES, section 4.1).

    Of entries with one magnitude those that come first stay, so that the result is the same on every machine.

    Args:
        delta: a difference or a part of it.
        cut: from `cuts`, of the whole difference.
        before: entries of just the smallest magnitude that stayed in the parts before.

    Returns:
        The trimmed part, and `before` for the next one.
    """
    bits = _bits(delta)
    stay = bits > cut.least
    equal = np.flatnonzero(bits == cut.least)[: cut.equal - before]
    stay[equal] = True
    return torch.where(torch.from_numpy(stay).reshape(delta.shape), delta, 0), before + len(equal)


def elected(trimmed: Sequence[torch.Tensor], weights: Sequence[float], normalise: bool) -> torch.Tensor:
    """Elect signs and merge what agrees (Yadav et al. 2023, arXiv 2306.01708, section 4).

    The sign of an entry is that of the weighted sum over the models, positive where that is zero; only entries of that
    sign are summed. With `normalise` their sum is divided by the weights of the models whose entry has that sign and is
    not zero, as the paper's disjoint mean.

    Args:
        trimmed: differences of one shape after `trimmed`, one a model.
        weights: one a model.
        normalise: a mean instead of a sum.

    Returns:
        float32, of the shape of one difference.
    """
    parts = [weight * delta for weight, delta in zip(weights, trimmed, strict=True)]
    total = torch.zeros_like(parts[0])
    for part in parts:
        total += part
    positive = total >= 0
    merged, weight_sum = torch.zeros_like(total), torch.zeros_like(total)
    for part, weight in zip(parts, weights, strict=True):
        agrees = torch.where(positive, part > 0, part < 0)
        merged += torch.where(agrees, part, 0)
        weight_sum += agrees * abs(weight)
    return merged / torch.where(weight_sum > 0, weight_sum, 1) if normalise else merged


# --- DARE -------------------------------------------------------------------------------------------------------------


def drawn(delta: torch.Tensor, density: float, generator: torch.Generator) -> torch.Tensor:
    """Each entry with this probability, else zero (drop of DARE: Yu et al. 2024, arXiv 2311.03099)."""
    if density >= 1:
        return delta
    return torch.where(torch.rand(delta.shape, generator=generator) < density, delta, 0)


def restoring(before: float, after: float) -> float:
    """What entries that were drawn are multiplied by so that the sum of magnitudes is what it was, as MergeKit does.

    The paper divides by the share that stays instead, which has the same expectation.

    Args:
        before, after: sum of magnitudes of a whole difference, and of its entries that were drawn.
    """
    return 1.0 if before < _EMPTY or after < _EMPTY else before / after
