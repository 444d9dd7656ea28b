"""Settings of a merge."""

import math
from dataclasses import dataclass

from curation.errors import InputError

INTERPOLATIONS = ("lerp", "slerp", "slerp_geometric")
DELTAS = ("task", "ties", "dare")
METHODS = (*INTERPOLATIONS, *DELTAS)
RESCALES = ("share", "magnitude")


@dataclass(frozen=True)
class MergeOptions:
    """How the weights of several models become those of one.

    Attributes:
        method: between models, `lerp` (weighted mean), `slerp` (spherical, weights of the sines put on the tensors as
            they are) or `slerp_geometric` (spherical between directions, with the geometric mean of the lengths);
            from a base, `task` (task arithmetic), `ties` or `dare`.
        t: place between the first model (0) and the second (1). Several values are points along the depth of the
            model, at equal distances from its first layer to its last, and values between them lie on straight lines;
            the embedding gets the first, the head and last norm get the last. More than two models are merged in a tree
            in which each counts the same, and t must stay 0.5.
        weights: of the differences of each model from the base, in the order of the models; 1 each where empty.
        density: share of a difference's entries that `ties` keeps (the largest) or `dare` keeps (drawn).
        rescale: what `dare` multiplies the entries that it keeps by: `share` divides by density, as its paper does;
            `magnitude` restores each difference's sum of magnitudes, as MergeKit does.
        scale: what the merged difference is multiplied by before it is added to the base.
        normalise: divide by the weights that took part in each entry (`ties`) or by their sum (`task`, `dare`): a
            mean of the differences, not their sum.
        seed: of the entries that `dare` drops.
    """

    method: str = "slerp"
    t: float | tuple[float, ...] = 0.5
    weights: tuple[float, ...] = ()
    density: float = 0.5
    rescale: str = "share"
    scale: float = 1.0
    normalise: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"method is {self.method!r}, expected one of {', '.join(METHODS)}")
        if not self.points or not all(0 <= point <= 1 for point in self.points):
            raise InputError(f"t is {self.t}, expected a number from 0 to 1, or several")
        if not 0 < self.density <= 1:
            raise InputError(f"density is {self.density}, expected above 0 and at most 1")
        if self.rescale not in RESCALES:
            raise InputError(f"rescale is {self.rescale!r}, expected one of {', '.join(RESCALES)}")
        if self.rescale != "share" and self.method != "dare":
            raise InputError(f"rescale is {self.rescale!r} with {self.method}, expected it with dare only")
        if not math.isfinite(self.scale):
            raise InputError(f"scale is {self.scale}, expected a number")
        if not all(math.isfinite(weight) for weight in self.weights):
            raise InputError(f"weights is {list(self.weights)}, expected numbers")
        if self.weights and self.method not in DELTAS:
            raise InputError(f"weights is set, expected it with a method of {', '.join(DELTAS)} only")

    @property
    def points(self) -> tuple[float, ...]:
        """Values of t along the depth of the model, at least one."""
        return self.t if isinstance(self.t, tuple) else (self.t,)

    @property
    def from_base(self) -> bool:
        """Whether the method adds differences to a base."""
        return self.method in DELTAS

    def check_models(self, models: int, base: bool) -> None:
        """See that the method can be applied to so many models.

        Raises:
            InputError: for too few models, a base that lacks or is not used, weights or a t that do not fit.
        """
        if self.from_base and not base:
            raise InputError(f"base is not given, expected a model: {self.method} adds differences from it")
        if not self.from_base and base:
            raise InputError(f"base is given, expected none with {self.method}, or a method of {', '.join(DELTAS)}")
        least = 1 if self.from_base else 2
        if models < least:
            raise InputError(f"models has {models}, expected at least {least} with {self.method}")
        if self.weights and len(self.weights) != models:
            raise InputError(f"weights has {len(self.weights)} values, expected {models}, one a model")
        if models > 2 and not self.from_base and self.points != (0.5,):
            raise InputError(f"t is {self.t} with {models} models, expected 0.5: in a tree all count alike")
