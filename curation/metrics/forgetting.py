"""Measures of continual learning from the matrix of scores after each stage on each task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Continual:
    """What a sequence of stages did; shares of the metric's unit. None where no task can show it.

    The two per-task tuples are printed side by side: what was learned and what was forgotten. A task that was never
    trained has no `learned`.
    """

    average: float  # AR: mean over tasks after the last stage
    backward_transfer: float | None  # BWT: change since the stage that trained the task, negative when it was lost
    forward_transfer: float | None  # FWT: what earlier stages did for a task before it was trained
    forgetting: float  # mean over tasks of best score ever minus last score, never negative
    learning: float | None  # mean over trained tasks of score after its stage minus the base's
    forgotten: tuple[float, ...]  # of each task
    learned: tuple[float | None, ...]  # of each task


def measure(scores: np.ndarray | Sequence[Sequence[float]], trained: Sequence[int] | None = None) -> Continual:
    """AR, BWT, FWT, forgetting and learning (Lopez-Paz and Ranzato 2017, section 2; Chaudhry et al. 2018, section 3).

    With R[i, j] the score on task j after stage i, T stages and s_j the stage that trained task j: AR is the mean of
    R[T, j]; BWT the mean of R[T, j] - R[s_j, j] over tasks with s_j < T; FWT the mean of R[s_j - 1, j] - R[0, j] over
    tasks with s_j > 1; forgetting the mean of max_l R[l, j] - R[T, j]; learning the mean of R[s_j, j] - R[0, j] over
    tasks with s_j > 0. Where task j is trained by stage j these are the papers' definitions.

    Args:
        scores: R of shape (stages + 1, tasks); row 0 is the base model.
        trained: s_j of each task, 0 for one that the base already knew; 1, 2, 3, ... when not given.

    Raises:
        ValueError: for a matrix that is not of two dimensions with a base row and a task, scores that are not finite,
            or stages outside it.
    """
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] < 1 or matrix.shape[1] < 1:
        raise ValueError(f"scores of shape {matrix.shape}, expected (stages + 1, tasks)")
    if not np.isfinite(matrix).all():
        raise ValueError("a score is missing or not a finite number")
    last, tasks = matrix.shape[0] - 1, matrix.shape[1]
    stages = list(range(1, tasks + 1)) if trained is None else list(trained)
    if len(stages) != tasks or not all(0 <= stage <= last for stage in stages):
        raise ValueError(f"tasks trained in stages {stages}, expected {tasks} numbers of 0 to {last}")
    learned = [float(matrix[stage, j] - matrix[0, j]) if stage > 0 else None for j, stage in enumerate(stages)]
    forgotten = matrix.max(axis=0) - matrix[last]
    return Continual(
        average=float(matrix[last].mean()),
        backward_transfer=_mean([matrix[last, j] - matrix[stage, j] for j, stage in enumerate(stages) if stage < last]),
        forward_transfer=_mean([matrix[stage - 1, j] - matrix[0, j] for j, stage in enumerate(stages) if stage > 1]),
        forgetting=float(forgotten.mean()),
        learning=_mean([gain for gain in learned if gain is not None]),
        forgotten=tuple(float(loss) for loss in forgotten),
        learned=tuple(learned),
    )


def matrix(evaluation: pl.DataFrame, stages: Sequence[str], tasks: Sequence[str], metric: str) -> np.ndarray:
    """R from an evaluation table: mean score over items and seeds, float64 of shape (stages, tasks), base first.

    Raises:
        ValueError: naming a stage and task that have no rows of the metric.
    """
    rows = evaluation.filter(pl.col("metric") == metric).sort("stage", "task", "seed", "item")
    result = np.empty((len(stages), len(tasks)))
    for i, stage in enumerate(stages):
        for j, task in enumerate(tasks):
            scores = rows.filter((pl.col("stage") == stage) & (pl.col("task") == task))["score"].drop_nulls()
            if scores.is_empty():
                raise ValueError(f"no {metric} of task {task!r} after stage {stage!r}")
            result[i, j] = scores.to_numpy().mean()
    return result


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
