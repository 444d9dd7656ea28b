"""Choosing rows: exact quotas, representatives of clusters, coverage, the best, at random. Sorted row numbers."""

from .coverage import facility_location, k_center
from .quotas import largest_remainder
from .representatives import medoid_and_boundary, nearest_to_centroid, random, top

__all__ = [
    "facility_location",
    "k_center",
    "largest_remainder",
    "medoid_and_boundary",
    "nearest_to_centroid",
    "random",
    "top",
]
