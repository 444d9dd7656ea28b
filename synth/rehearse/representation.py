"""How well a buffer stands for old data, beside buffers of equal size drawn at random and from the old data itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from curation import clusters, selection
from curation.embedding import tfidf
from curation.metrics.text import normalise_answer
from curation.model import Turn

from .options import RehearseOptions
from .select import choose, labels_of
from .steering import Steering

NEIGHBOUR = 5  # Naeem et al. 2020, section 4: the ball of a real row reaches to its fifth neighbour
Rows = Sequence[Sequence[Turn]]  # conversations


def representation(
    buffers: Mapping[str, Rows],
    pools: Mapping[str, Rows],
    steering: Steering,
    options: RehearseOptions,
    seed: int,
) -> dict[str, Any]:
    """Measures of the buffer of every task that has held-out real rows.

    Beside the buffer stand others of as many rows: `random` from the instances that it was chosen from, and, where
    old rows are given, `real_random` and `real_kmeans` from them (the baselines of SSR, arXiv 2403.01244, section
    4.1), as far as they go.

    Returns:
        By task: `held_out` (rows), `k`, and by buffer `measure`'s; a task without enough held-out rows says why.
    """
    found: dict[str, Any] = {}
    for task in sorted(buffers):
        if task not in steering.held_out_rows:
            continue
        real = _conversations(steering.held_out_rows[task])
        if len(real) < 3:
            found[task] = {"held_out": len(real), "why": "fewer than 3 held-out rows"}
            continue
        beside: dict[str, Rows] = {"buffer": buffers[task]}
        size = len(buffers[task])
        beside["random"] = _drawn(pools[task], size, seed)
        if task in steering.old_rows:
            old = _conversations(steering.old_rows[task])
            beside["real_random"] = _drawn(old, size, seed)
            beside["real_kmeans"] = _clustered(old, size, options, seed)
        found[task] = measured(real, beside, options, seed)
    return found


def measured(real: Rows, buffers: Mapping[str, Rows], options: RehearseOptions, seed: int) -> dict[str, Any]:
    """Each buffer against held-out real rows, in an embedding and clusters that these alone decide.

    Returns:
        `held_out`, `k`, and by buffer: `rows`, `precision`, `coverage`, `density` (`selection.likeness`, of inputs),
        `cluster_distance` (total variation between the cluster shares of the buffer and of the held-out rows, 0 to 1)
        and, where held-out outputs are labels, `label_distance` and `labels` (shares).
    """
    texts = pl.Series("text", [_asked(row) for row in real], dtype=pl.String)
    model = tfidf.fit(texts, tfidf.TfidfOptions(dimensions=options.dimensions, seed=seed))
    vectors = tfidf.embed(texts, model)
    made = clusters.cluster(vectors, min(options.clusters, len(real)), seed)
    labels = labels_of([_said(row) for row in real], options)
    k = min(NEIGHBOUR, len(real) - 1)
    found: dict[str, Any] = {"held_out": len(real), "k": k, "buffers": {}}
    if labels[0] is not None:
        found["labels"] = selection.shares([str(label) for label in labels])
    for name, rows in buffers.items():
        own = tfidf.embed(pl.Series("text", [_asked(row) for row in rows], dtype=pl.String), model)
        likeness = selection.likeness(vectors, own, k)
        facts: dict[str, Any] = {"rows": len(rows), **vars(likeness)}
        if rows:
            nearest, _ = clusters.assign(own, made.centres)
            facts["cluster_distance"] = selection.total_variation(nearest.tolist(), made.labels.tolist())
        if rows and labels[0] is not None:
            given = [normalise_answer(_said(row)) for row in rows]
            facts["label_distance"] = selection.total_variation(given, [str(label) for label in labels])
            known = [label if label in found["labels"] else "other" for label in given]
            facts["labels"] = selection.shares(known)
        found["buffers"][name] = facts
    return found


def _conversations(frame: pl.DataFrame) -> list[list[Turn]]:
    """Rows of a frame in an order that depends on what they say alone."""
    rows = [[*prompt, *completion] for prompt, completion in frame.select("prompt", "completion").iter_rows()]
    return sorted(rows, key=lambda row: [(turn["role"], turn["content"]) for turn in row])


def _asked(row: Sequence[Turn]) -> str:
    """The last turn before the answer."""
    return row[-2]["content"]


def _said(row: Sequence[Turn]) -> str:
    return row[-1]["content"]


def _drawn(rows: Rows, size: int, seed: int) -> Rows:
    return [rows[at] for at in selection.random(len(rows), size, seed)]


def _clustered(rows: Rows, size: int, options: RehearseOptions, seed: int) -> Rows:
    """The rows nearest to the centres of clusters, without regard to labels: the paper's baseline."""
    plain = RehearseOptions(clusters=options.clusters, dimensions=options.dimensions, few_labels=0)
    asked, said = [_asked(row) for row in rows], [_said(row) for row in rows]
    found = choose(asked, said, np.ones(len(rows), np.int64).tolist(), size, plain, seed)
    return [rows[at] for at in found.rows]
