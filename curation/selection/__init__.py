"""Choosing rows: exact quotas, budgets, representatives of clusters, coverage, the best, at random; and how well what
was chosen stands for the rest."""

from .adaptive import AdaptiveOptions, allocate, forgetting
from .budget import fill, spend
from .coverage import facility_location, farthest_first, k_center
from .quotas import largest_remainder
from .representation import Likeness, likeness, shares, total_variation
from .representatives import medoid_and_boundary, nearest_to_centroid, random, top

__all__ = [
    "AdaptiveOptions",
    "Likeness",
    "allocate",
    "facility_location",
    "farthest_first",
    "fill",
    "forgetting",
    "k_center",
    "largest_remainder",
    "likeness",
    "medoid_and_boundary",
    "nearest_to_centroid",
    "random",
    "shares",
    "spend",
    "top",
    "total_variation",
]
