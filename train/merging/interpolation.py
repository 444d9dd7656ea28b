"""Between two tensors: on a straight line, or on an arc. Pure functions in float32."""

import math
from dataclasses import dataclass

import torch

_WHOLE = 1 << 22  # entries that are made float64 at once
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
    return Between((1 - t) * a + t * b, _cosine(a, b), False)


def slerp(first: torch.Tensor, second: torch.Tensor, t: float) -> Between:
    """Spherical interpolation with the sine weights put on the tensors as they are.

    (sin((1 - t) w) a + sin(t w) b) / sin w, w the angle between a and b (Shoemake 1985, section 3.3, for vectors that
    need not have one length; the form that MergeKit has).
    """
    a, b = first.float(), second.float()
    cosine = _cosine(a, b)
    if abs(cosine) > PARALLEL or not a.norm() or not b.norm():
        return Between((1 - t) * a + t * b, cosine, True)
    angle = torch.arccos(torch.tensor(cosine, dtype=torch.float64))
    left, right = float(torch.sin((1 - t) * angle) / angle.sin()), float(torch.sin(t * angle) / angle.sin())
    return Between(left * a + right * b, cosine, False)


def slerp_geometric(first: torch.Tensor, second: torch.Tensor, t: float) -> Between:
    """Spherical interpolation of the directions, with length |a|^(1 - t) |b|^t (Lu et al., arXiv 2409.03444).

    At t = 0.5 it points where `slerp` of vectors of one length and `lerp` of them point; only the length differs.
    """
    a, b = first.float(), second.float()
    before, after = float(a.norm()), float(b.norm())
    cosine = _cosine(a, b)
    if abs(cosine) > PARALLEL or not before or not after:
        return Between((1 - t) * a + t * b, cosine, True)
    found = slerp(a / before, b / after, t).values
    return Between(found * (before ** (1 - t) * after**t), cosine, False)


def product(a: torch.Tensor, b: torch.Tensor) -> float:
    """Sum of the products of the entries of two tensors of one shape, of any type.

    In float64: of a billion entries the sum loses digits in float32. In parts: a copy of a whole tensor in float64 is
    as large as a pair of them in float32.
    """
    left, right = a.flatten(), b.flatten()
    return sum(
        float(torch.dot(left[begin : begin + _WHOLE].double(), right[begin : begin + _WHOLE].double()))
        for begin in range(0, left.numel(), _WHOLE)
    )


def _cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    lengths = math.sqrt(product(a, a)) * math.sqrt(product(b, b))
    return max(-1.0, min(1.0, product(a, b) / lengths)) if lengths else 1.0
