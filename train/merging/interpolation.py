"""Between two models: on a straight line, or on an arc. Pure functions of what is known of two tensors.

Every one of these methods gives a weighted sum of its two tensors, whose weights depend on nothing but their lengths
and the angle between them. So a tree over several models is a weighted sum of all of them, and its weights depend on
nothing but the products of each two: the tensors themselves are read in parts, once for the products and once for the
sum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

PARALLEL = 0.9995  # cosine from which an arc is taken for a line (as MergeKit does): its sine is lost in rounding


@dataclass(frozen=True)
class Between:
    """A tensor between two others: `first` times the one and `second` times the other.

    Attributes:
        first, second: the weights.
        straight: whether an arc was replaced by a line: the two are parallel, opposite, or one is zero.
    """

    first: float
    second: float
    straight: bool = False


def lerp(t: float) -> Between:
    """Weighted mean (1 - t) a + t b, exactly a at t = 0 and b at t = 1."""
    return Between(1 - t, t)


def slerp(cosine: float, before: float, after: float, t: float) -> Between:
    """Spherical interpolation with the sine weights put on the tensors as they are.

    (sin((1 - t) w) a + sin(t w) b) / sin w, w the angle between a and b (Shoemake 1985, section 3.3, for vectors that
    need not have one length; the form that MergeKit has).

    Args:
        cosine: of the angle between the two tensors, seen as vectors.
        before, after: their lengths.
        t: from 0 to 1.
    """
    if abs(cosine) > PARALLEL or not before or not after:
        return Between(1 - t, t, True)
    angle = math.acos(cosine)
    return Between(math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle))


def slerp_geometric(cosine: float, before: float, after: float, t: float) -> Between:
    """Spherical interpolation of the directions, with length |a|^(1 - t) |b|^t (Lu et al., arXiv 2409.03444).

    At t = 0.5 it points where `slerp` of vectors of one length and `lerp` of them point; only the length differs.

    Args:
        cosine, before, after, t: as in `slerp`.
    """
    arc = slerp(cosine, before, after, t)
    if arc.straight:
        return arc
    length = before ** (1 - t) * after**t
    return Between(arc.first * length / before, arc.second * length / after)


@dataclass(frozen=True)
class Tree:
    """Several models merged two by two, as one weighted sum.

    Attributes:
        weights: float64, one a model.
        cosines: between the two of each merge.
        straight: merges in which an arc was replaced by a line.
        ratios: of each merge, the length of the result over the mean length of the two, where that is not zero.
    """

    weights: np.ndarray
    cosines: tuple[float, ...]
    straight: int
    ratios: tuple[float, ...]


def tree(products: np.ndarray, method: str, t: float) -> Tree:
    """Neighbours are merged, then the results, until one is left; with more than two models each counts the same.

    Args:
        products: (models, models) float64, sums of the products of the entries of each two tensors.
        method: `lerp`, `slerp` or `slerp_geometric`.
        t: place between two models; more than two have their own.
    """
    models = len(products)
    nodes = [(weights, 1) for weights in np.eye(models)]
    cosines, ratios, straight = [], [], 0
    while len(nodes) > 1:
        following = []
        for (a, of_a), (b, of_b) in zip(nodes[::2], nodes[1::2], strict=False):
            before, after = length(a, products), length(b, products)
            cosine = _cosine(float(a @ products @ b), before, after)
            place = t if models == 2 else of_b / (of_a + of_b)
            match method:
                case "lerp":
                    found = lerp(place)
                case "slerp":
                    found = slerp(cosine, before, after, place)
                case _:
                    found = slerp_geometric(cosine, before, after, place)
            made = found.first * a + found.second * b
            cosines.append(cosine)
            straight += found.straight
            if before + after:
                ratios.append(2 * length(made, products) / (before + after))
            following.append((made, of_a + of_b))
        nodes = following + nodes[len(following) * 2 :]
    return Tree(nodes[0][0], tuple(cosines), straight, tuple(ratios))


def length(weights: np.ndarray, products: np.ndarray) -> float:
    """Length of a weighted sum of tensors, from the products of each two of them."""
    return math.sqrt(max(0.0, float(weights @ products @ weights)))


def products(tensors: Sequence[torch.Tensor]) -> np.ndarray:
    """Sums of the products of the entries of each two tensors, in float64: of a billion float32 loses digits.

    Args:
        tensors: flat, of one length; parts of tensors, whose products are then added up.

    Returns:
        (tensors, tensors) float64, symmetric.
    """
    wide = [tensor.double() for tensor in tensors]
    found = np.zeros((len(wide), len(wide)))
    for row, one in enumerate(wide):
        for column in range(row, len(wide)):
            found[row, column] = found[column, row] = float(torch.dot(one, wide[column]))
    return found


def cosine(products: np.ndarray, first: int = 0, second: int = 1) -> float:
    """Cosine of the angle between two tensors, seen as vectors; 1 where one is zero."""
    lengths = math.sqrt(products[first, first]), math.sqrt(products[second, second])
    return _cosine(float(products[first, second]), *lengths)


def _cosine(product: float, before: float, after: float) -> float:
    lengths = before * after
    return max(-1.0, min(1.0, product / lengths)) if lengths else 1.0
