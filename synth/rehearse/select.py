"""Which instances make the buffer: spread over clusters of inputs, and over the labels where outputs are labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation import clusters, selection
from curation.embedding import tfidf
from curation.metrics.text import normalise_answer

from ..drop import Drop
from .draft import Draft
from .options import RehearseOptions
from .steering import Regions


@dataclass(frozen=True)
class Chosen:
    """What was chosen of n candidates.

    Attributes:
        rows: int64, places of the chosen, ascending.
        labels: chosen by label, empty where outputs are no labels.
        clusters: int64 (n,), cluster of inputs within the label, -1 where none was made.
        distances: float64 (n,), to the centre of that cluster, NaN where there is none.
        without_part: bool (n,), whether its label or region had no part of the quota at all.
    """

    rows: np.ndarray
    labels: dict[str, int]
    clusters: np.ndarray
    distances: np.ndarray
    without_part: np.ndarray


def select(
    drafts: list[Draft],
    costs: Sequence[int],
    quota: int,
    options: RehearseOptions,
    seed: int,
    regions: Regions | None = None,
) -> dict[str, int]:
    """Drop what one task's instances that are left are more than its quota; see `choose`.

    Args:
        drafts: of one task, those that are left already among others.
        costs: of each draft that is left, in their order.
        quota: what they may cost together.
        options, seed, regions: see `choose`.

    Returns:
        Instances kept by label, empty where outputs are no labels.
    """
    left = [one for one in drafts if one.drop is None]
    found = choose([one.input for one in left], [one.text for one in left], costs, quota, options, seed, regions)
    kept = set(found.rows.tolist())
    for at, one in enumerate(left):
        if at not in kept:
            one.drop = dropped(found, at)
    return found.labels


def dropped(found: Chosen, at: int) -> Drop:
    """Why a candidate was not chosen."""
    if found.without_part[at]:
        return Drop("not_selected", detail={"why": "its label has no part of the rows wanted"})
    if found.clusters[at] < 0:
        return Drop("not_selected")
    return Drop("not_selected", float(found.distances[at]), cluster=int(found.clusters[at]))


def choose(
    inputs: Sequence[str],
    outputs: Sequence[str],
    costs: Sequence[int],
    quota: int,
    options: RehearseOptions,
    seed: int,
    regions: Regions | None = None,
) -> Chosen:
    """Candidates that cost no more than a quota together; all of them where they do not.

    Parts are shared out by largest remainder, so that they sum to the quota: first over the regions of an adaptive
    plan, each candidate in that of the nearest item; then equally over the labels, where outputs are few, as far as a
    label has candidates. Within a label, inputs are clustered and every cluster has a part by its size and gives those
    nearest to its centroid (SSR, arXiv 2403.01244, section 3.3); or candidates are taken farthest first
    (`k_center`), or at random.

    Args:
        inputs, outputs: of the candidates, in an order that means nothing.
        costs: of each, at least 1: tokens, or 1 for rows.
        quota: in the same unit.
        options: `selection`, `clusters`, `dimensions`, `few_labels`.
        seed: of clusters and draws.
        regions: of the task, from `steering.plan`.
    """
    count = len(inputs)
    spent = np.array(costs, dtype=np.int64)
    labels = labels_of(outputs, options)
    found = Chosen(np.arange(count), {}, np.full(count, -1), np.full(count, np.nan), np.zeros(count, bool))
    if count and int(spent.sum()) > quota:
        picker = _Picker(*_vectors(inputs, regions, options, seed), labels, spent, options, seed, found)
        found = picker.chosen(quota, regions)
    kept = [labels[at] for at in found.rows if labels[at] is not None]
    by_label = {str(label): kept.count(label) for label in sorted(set(map(str, kept)))}
    return Chosen(found.rows, by_label, found.clusters, found.distances, found.without_part)


def labels_of(outputs: Sequence[str], options: RehearseOptions) -> list[str | None]:
    """The label of each output, or none for all: few different outputs, each said five times on average or more."""
    found = [normalise_answer(text) for text in outputs]
    different = len(set(found))
    if not 2 <= different <= options.few_labels or different * 5 > len(found):
        return [None] * len(found)
    return list(found)


def _vectors(
    inputs: Sequence[str], regions: Regions | None, options: RehearseOptions, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the candidates, and the region that the item nearest to each is of (none: 0 for all)."""
    if regions is None and options.selection == "random":  # nothing turns on what the inputs say
        return np.zeros((len(inputs), 0), np.float32), np.zeros(len(inputs), np.int64)
    texts = pl.Series("text", list(inputs), dtype=pl.String)
    model = tfidf.fit(texts, tfidf.TfidfOptions(dimensions=options.dimensions, seed=seed))
    vectors = tfidf.embed(texts, model)
    if regions is None:
        return vectors, np.zeros(len(inputs), np.int64)
    known = [(cluster, text) for cluster in sorted(regions.texts) for text in regions.texts[cluster]]
    items = tfidf.embed(pl.Series("text", [text for _, text in known], dtype=pl.String), model)
    nearest, _ = clusters.assign(vectors, items)
    return vectors, np.array([cluster for cluster, _ in known])[nearest]


@dataclass(frozen=True)
class _Picker:
    """Candidates of one task that are more than its quota."""

    vectors: np.ndarray
    regions: np.ndarray
    labels: list[str | None]
    costs: np.ndarray
    options: RehearseOptions
    seed: int
    found: Chosen

    def chosen(self, quota: int, regions: Regions | None) -> Chosen:
        names = [0] if regions is None else sorted(regions.weights)
        shares = [1.0 if regions is None else regions.weights[name] for name in names]
        groups = [np.flatnonzero(self.regions == name) for name in names]
        rows = self._spend(groups, shares, quota, self._of_region)
        return Chosen(rows, {}, self.found.clusters, self.found.distances, self.found.without_part)

    def _of_region(self, rows: np.ndarray, part: int) -> np.ndarray:
        names = sorted({str(self.labels[row]) for row in rows})
        groups = [rows[[str(self.labels[row]) == name for row in rows]] for name in names]
        return self._spend(groups, [1.0] * len(groups), part, self._of_label)

    def _spend(
        self,
        groups: list[np.ndarray],
        shares: list[float],
        part: int,
        choose: Callable[[np.ndarray, int], np.ndarray],
    ) -> np.ndarray:
        """As `selection.spend`, noting the groups that get nothing."""
        given: list[np.ndarray] = [np.empty(0, np.int64)]

        def within(rows: np.ndarray, share: int) -> np.ndarray:
            if share == 0:
                return np.empty(0, np.int64)
            given.append(rows)
            return choose(rows, share)

        chosen = selection.spend(groups, shares, self.costs, part, within)
        every = np.concatenate([np.empty(0, np.int64), *groups])
        self.found.without_part[np.setdiff1d(every, np.concatenate(given))] = True
        return chosen

    def _of_label(self, rows: np.ndarray, part: int) -> np.ndarray:
        """Rows of one label within its part."""
        if self.options.selection == "k_center":
            return selection.fill(rows[selection.farthest_first(self.vectors[rows], len(rows))], self.costs, part)
        if self.options.selection == "random":
            return selection.fill(np.random.default_rng(self.seed).permutation(rows), self.costs, part)
        affordable = max(1, int(part // self.costs[rows].mean()))
        made = clusters.cluster(self.vectors[rows], min(self.options.clusters, affordable, len(rows)), self.seed)
        self.found.clusters[rows], self.found.distances[rows] = made.labels, made.distances
        order = np.lexsort((made.distances, made.labels))  # stable: of equal distances the first candidate
        _, first, sizes = np.unique(made.labels[order], return_index=True, return_counts=True)
        return selection.spend(np.split(rows[order], first[1:]), sizes, self.costs, part)
