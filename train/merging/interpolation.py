"""Between two tensors: on a straight line, or on an arc. Pure functions in float32."""

import math
from dataclasses import dataclass

import torch

_PART = 1 << 18  # entries that are made float64 at once
PARALLEL = 0.9995  # cosine from which an arc is taken for a line (as MergeKit does): its sine is lost in rounding


@dataclass(frozen=True)
class Between:
    """A tensor between two others.

    Attributes:
        values: float32, of their shape.
        cosine: of the angle between them, seen as vectors; 1 where one is zero.
        straight: whether the arc was replaced by a line: the two are parallel, opposite, or one is zero.
    """

    values: torch.Tensor
    cosine: float
    straight: bool


def lerp(first: torch.Tensor, second: torch.Tensor, t: float) -> Between:
    """Weighted mean (1 - t) a + t b, exactly a at t = 0 and b at t = 1.

    Args:
        first, second: of one shape, any type.
        t: from 0 to 1.
    """
    a, b = first.float(), second.float()
    return Between(_sum(1 - t, a, t, b), cosine(a, b), False)


def slerp(first: torch.Tensor, second: torch.Tensor, t: float) -> Between:
    """Spherical interpolation with the sine weights put on the tensors as they are.

    (sin((1 - t) w) a + sin(t w) b) / sin w, w the angle between a and b (Shoemake 1985, section 3.3, for vectors that
    need not have one length; the form that MergeKit has).
    """
    a, b = first.float(), second.float()
    found = cosine(a, b)
    if abs(found) > PARALLEL or not a.norm() or not b.norm():
        return Between(_sum(1 - t, a, t, b), found, True)
    left, right = _weights(found, t)
    return Between(_sum(left, a, right, b), found, False)


def slerp_geometric(first: torch.Tensor, second: torch.Tensor, t: float) -> Between:
    """Spherical interpolation of the directions, with length |a|^(1 - t) |b|^t (Lu et al., arXiv 2409.03444).

    At t = 0.5 it points where `slerp` of vectors of one length and `lerp` of them point; only the length differs.
    """
    a, b = first.float(), second.float()
    before, after = float(a.norm()), float(b.norm())
    found = cosine(a, b)
    if abs(found) > PARALLEL or not before or not after:
        return Between(_sum(1 - t, a, t, b), found, True)
    left, right = _weights(found, t)
    length = before ** (1 - t) * after**t
    return Between(_sum(left * length / before, a, right * length / after, b), found, False)


def _weights(found: float, t: float) -> tuple[float, float]:
    """What two vectors with this cosine count on the arc between them."""
    angle = math.acos(found)
    return math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)


def product(a: torch.Tensor, b: torch.Tensor) -> float:
    """Sum of the products of the entries of two tensors of one shape, of any type.

    In float64: of a billion entries the sum loses digits in float32. In parts: a copy of a whole tensor in float64 is
    as large as a pair of them in float32.
    """
    left, right = a.flatten(), b.flatten()
    return sum(
        float(torch.dot(left[begin : begin + _PART].double(), right[begin : begin + _PART].double()))
        for begin in range(0, left.numel(), _PART)
    )


def _sum(left: float, a: torch.Tensor, right: float, b: torch.Tensor) -> torch.Tensor:
    """left a + right b, with one tensor less in memory than written so."""
    found = left * a
    found += right * b
    return found


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    """Cosine of the angle between two tensors, seen as vectors; 1 where one is zero."""
    lengths = math.sqrt(product(a, a)) * math.sqrt(product(b, b))
    return max(-1.0, min(1.0, product(a, b) / lengths)) if lengths else 1.0
