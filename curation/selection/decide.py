"""Which documents of a corpus are selected, from a narrow side table of all partitions."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from .. import sample, stage
from ..embedding.vectors import matrix
from ..errors import InputError
from .coverage import facility_location, k_center
from .representatives import by_cluster, medoid_and_boundary, nearest_to_centroid, top

# What each method reads of the side table beside `doc_id`.
METHODS = {
    "nearest": ("cluster_id", "distance"),
    "boundary": ("cluster_id", "distance"),
    "facility": ("cluster_id", "distance", "vector"),
    "k_center": ("vector",),
    "random": (),
    "top": ("score",),
}


@dataclass(frozen=True)
class SelectionOptions:
    """How many documents are selected and how: exactly one of number and share is given.

    Attributes:
        method: `nearest` to the centres of their clusters; `boundary`, a mix of the nearest and the farthest;
            `facility` location within each cluster; `k_center` over all; `random`; `top` by score. Clusters get quotas
            by their size, by largest remainder, so that sums are exact.
        number: documents to select; all where there are no more.
        share: of the documents to select, rounded to the nearest whole number.
        boundary_share: of a cluster's quota that goes to its farthest members, for `boundary`.
        seed: of `random`.
    """

    method: str = "nearest"
    number: int | None = None
    share: float | None = None
    boundary_share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"selection: method is {self.method!r}, expected one of {tuple(METHODS)}")
        if (self.number is None) == (self.share is None):
            raise InputError(f"selection: number {self.number}, share {self.share}, expected exactly one of them")
        if self.number is not None and self.number < 0:
            raise InputError(f"selection: number is {self.number}, expected 0 or more")
        if self.share is not None and not 0 < self.share <= 1:
            raise InputError(f"selection: share is {self.share}, expected more than 0 and at most 1")
        if not 0 <= self.boundary_share <= 1:
            raise InputError(f"selection: boundary_share is {self.boundary_share}, expected 0 to 1")


def decide(side: pl.DataFrame, options: SelectionOptions) -> pl.DataFrame:
    """Documents that are not selected, independent of the order of rows.

    Args:
        side: `doc_id` (unique), and what `METHODS` names of `cluster_id`, `distance` (to the centre of the cluster),
            `score` and `vector` (as `embedding.vectors.table` gives it); rows of all partitions. Of equal distances,
            scores and gains the smaller id is taken.
        options: how many and how.

    Returns:
        Schema `stage.DROPS`, by `doc_id`: rule `selection.<method>`, `value` the distance or score, `cluster_id`.

    Raises:
        InputError: when a column that the method reads is not there.
    """
    missing = [name for name in METHODS[options.method] if name not in side.columns]
    if missing:
        raise InputError(f"selection by {options.method} reads {missing}, the side table has {side.columns}")
    rows = side.sort("doc_id")
    chosen = np.zeros(rows.height, bool)
    chosen[_chosen(rows, options)] = True
    left = rows.filter(pl.Series(~chosen))
    value = "score" if options.method == "top" else "distance"
    return left.select(
        "doc_id",
        rule=pl.lit(f"selection.{options.method}"),
        value=pl.col(value) if value in METHODS[options.method] else None,
        threshold=None,
        duplicate_of=None,
        similarity=None,
        cluster_id=pl.col("cluster_id") if "cluster_id" in METHODS[options.method] else None,
        detail=None,
    ).cast(stage.DROPS)  # fmt: skip


def _chosen(rows: pl.DataFrame, options: SelectionOptions) -> np.ndarray:
    """Rows selected, of rows sorted by id."""
    total = rows.height if options.number is None else min(options.number, rows.height)
    if options.share is not None:
        total = int(Fraction(str(options.share)) * rows.height + Fraction(1, 2))
    if options.method == "random":
        return np.argsort(sample.hashes(rows["doc_id"], options.seed).to_numpy(), kind="stable")[:total]
    if options.method == "top":
        return top(rows["score"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), total)
    if options.method == "k_center":
        return k_center(matrix(rows), total)
    labels, distances = rows["cluster_id"].to_numpy(), rows["distance"].to_numpy()
    if options.method == "nearest":
        return nearest_to_centroid(labels, distances, total)
    if options.method == "boundary":
        return medoid_and_boundary(labels, distances, total, options.boundary_share)
    vectors = matrix(rows)
    found = [np.empty(0, np.int64)]
    for members, quota in by_cluster(labels, distances, total):
        members = np.sort(members)
        found.append(members[facility_location(vectors[members], quota)])
    return np.concatenate(found)
