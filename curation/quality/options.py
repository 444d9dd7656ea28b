"""How a learned score is trained."""

import math
from dataclasses import dataclass

from ..errors import InputError
from ..ngrams import NgramOptions


@dataclass(frozen=True)
class QualityOptions:
    """How a learned score is trained.

    Attributes:
        strength: inverse of the ridge penalty (C of logistic regression); smaller is smoother.
        held_out: share of the different texts that is measured on and not trained on; 0: nothing is measured.
        folds: parts of cross-fitting, by which decision values become probabilities.
        balanced: whether both labels count the same in training, however rare one is; probabilities are those of the
            labelled rows either way.
        seed: of the split into parts.
        ngrams: what is counted of a text; unused where vectors are given.
    """

    strength: float = 3.0
    held_out: float = 0.2
    folds: int = 5
    balanced: bool = True
    seed: int = 0
    ngrams: NgramOptions = NgramOptions()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and self.strength > 0):
            raise InputError(f"quality: strength is {self.strength}, expected more than 0")
        if not 0 <= self.held_out < 1:
            raise InputError(f"quality: held_out is {self.held_out}, expected 0 or more and less than 1")
        if self.folds < 2:
            raise InputError(f"quality: folds is {self.folds}, expected at least 2")
