"""Weights of several models merged into one: between them on a line or an arc, or added to a base.

`interpolation` and `deltas` are the mathematics, pure functions of tensors; `merge` carries it over whole models.
"""

from ..options.merging import METHODS, MergeOptions
from .merge import CARD, merge

__all__ = ["CARD", "METHODS", "MergeOptions", "merge"]
