"""Differences from a base, put together: task arithmetic, TIES and DARE. Pure functions in float32."""

import math
from collections.abc import Sequence

import numpy as np
import torch


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


def trimmed(delta: torch.Tensor, density: float) -> torch.Tensor:
    """The entries of largest magnitude, int(density n) of n and at least one; the others zero (TIES, section 4.1).

    Of entries with one magnitude those that come first stay, so that the result is the same on every machine.
    """
    if density >= 1 or not delta.numel():
        return delta
    keep = max(1, int(density * delta.numel()))
    sizes = delta.abs().flatten()
    least = float(np.partition(sizes.numpy(), -keep)[-keep])
    mask = ~(sizes <= least)  # what is no number stays, and is refused later
    equal = (sizes == least).nonzero().flatten()
    mask[equal[: keep - int(mask.sum())]] = True
    return torch.where(mask.reshape(delta.shape), delta, 0)


def ties(deltas: Sequence[torch.Tensor], weights: Sequence[float], density: float, normalise: bool) -> torch.Tensor:
    """Trim, elect signs, merge what agrees (Yadav et al. 2023, arXiv 2306.01708, section 4).

    The sign of an entry is that of the weighted sum over the models, positive where that is zero; only entries of that
    sign are summed. With `normalise` their sum is divided by the weights of the models whose entry has that sign and is
    not zero, as the paper's disjoint mean.

    Returns:
        float32, of the shape of one difference.
    """
    parts = [weight * trimmed(delta, density) for weight, delta in zip(weights, deltas, strict=True)]
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


def dropped(delta: torch.Tensor, density: float, generator: torch.Generator) -> torch.Tensor:
    """Entries dropped at random and the rest divided by the share that stays (DARE: Yu et al. 2024, arXiv 2311.03099).

    The expectation of every entry stays what it was.
    """
    if density >= 1:
        return delta
    mask = torch.rand(delta.shape, generator=generator) < density
    return torch.where(mask, delta / density, 0)
