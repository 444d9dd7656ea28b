"""Which instances make the buffer: spread over clusters of inputs, and over the labels where outputs are labels."""

import numpy as np

from curation import clusters, selection
from curation.metrics.text import normalise_answer

from .draft import Draft, Drop
from .options import RehearseOptions


def select(drafts: list[Draft], options: RehearseOptions, seed: int) -> dict[str, int]:
    """Drop what is more than wanted of one task's instances.

    Inputs are embedded and clustered; of every cluster those nearest to its centroid are kept (SSR, section 3.3), as
    many as the cluster's size asks for by largest remainder, so that the sum is exact. Where outputs are a few labels
    every label gets an equal part, as far as it has instances, and the clusters are drawn from within each label.

    Returns:
        Instances kept by label, empty where outputs are no labels.
    """
    left = [one for one in drafts if one.drop is None]
    labels = _labels(left, options)
    if len(left) > options.per_task:
        vectors = clusters.embed_tfidf([one.input for one in left], options.dimensions, seed)
        groups = _groups(labels, len(left))
        sizes = [len(group) for group in groups]
        quotas = [int(quota) for quota in selection.largest_remainder([1] * len(groups), options.per_task, sizes)]
        for group, quota in zip(groups, quotas, strict=True):
            _take([left[at] for at in group], vectors[group], quota, options, seed)
    kept = [label for one, label in zip(left, labels, strict=True) if one.drop is None and label is not None]
    return {label: kept.count(label) for label in sorted(set(kept))}


def _labels(drafts: list[Draft], options: RehearseOptions) -> list[str | None]:
    """The label of each instance, or none for all: few different outputs, each said five times on average or more."""
    found = [normalise_answer(one.text) for one in drafts]
    different = len(set(found))
    if not 2 <= different <= options.few_labels or different * 5 > len(found):
        return [None] * len(found)
    return list(found)


def _groups(labels: list[str | None], count: int) -> list[np.ndarray]:
    """Places of the instances of each label in the order of the labels, or all places where there are none."""
    if not count or labels[0] is None:
        return [np.arange(count)]
    return [np.flatnonzero([one == label for one in labels]) for label in sorted(set(map(str, labels)))]


def _take(group: list[Draft], vectors: np.ndarray, quota: int, options: RehearseOptions, seed: int) -> None:
    """Keep the instances of a group nearest to the centroids of its clusters; drop the others."""
    if quota == 0:
        for one in group:
            one.drop = Drop("not_selected", detail="its label has no part of the rows wanted")
        return
    k = min(options.clusters, quota, len(group))
    found = clusters.cluster(vectors, k, seed)
    chosen = set(selection.nearest_to_centroid(found.labels, found.distances, quota).tolist())
    for at, one in enumerate(group):
        if at not in chosen:
            one.drop = Drop("not_selected", float(found.distances[at]), cluster=int(found.labels[at]))
