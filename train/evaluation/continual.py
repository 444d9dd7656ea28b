"""The matrix of a sequence of stages: every task after every stage, and the measures of continual learning from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from curation.errors import InputError
from curation.metrics.forgetting import Continual, measure

from .evaluate import LOWER_IS_BETTER
from .forgetting import KEYS, by_seed, first_views

_CHUNK = 250  # resamples drawn at a time, so that memory does not grow with them
Bounds = tuple[float, float] | None


@dataclass(frozen=True)
class Continued:
    """What a sequence of stages did to the tasks of one unit.

    Attributes:
        unit: `score`, or `bits_per_byte`, of which less is better; `measures` then speak of bits saved, so that gains
            are above zero for both, except that `average` is in the unit itself.
        stages: models, the base first.
        tasks: task and metric of each column.
        trained: number of the stage that trained each task, 0 for a task that none did.
        matrix: R, float64 of shape (stages, tasks): mean scores over items and seeds.
        measures: see `curation.metrics.forgetting.Continual`.
        intervals: 95 % intervals of the measures by name, none where the measure is none.
        seeds: training seeds.
    """

    unit: str
    stages: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    trained: tuple[int, ...]
    matrix: np.ndarray
    measures: Continual
    intervals: Mapping[str, Bounds]
    seeds: int


MEASURES = ("average", "backward_transfer", "forward_transfer", "forgetting", "learning")


def sequence(
    evaluation: pl.DataFrame,
    stages: Sequence[str],
    trained: Mapping[str, str],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Continued]:
    """The matrix of a sequence and its measures with intervals, one for each unit of the scores.

    Intervals are percentiles of a bootstrap that draws sources within each task, the same for all stages, and training
    seeds across all tasks and stages. `forgetting` takes the best of several stages, which noise alone lifts above the
    last one, in the draws once more than in the figure: its interval leans upwards. `backward_transfer` does not.

    Args:
        evaluation: schema `tables.EVALUATION`, every stage under the same items.
        stages: models in order, the base first.
        trained: stage that trained a task, by task; tasks that are not in it the base already knew.
        confidence: of the intervals.
        resamples: draws.
        seed: of the draws.

    Raises:
        InputError: for fewer than two stages, a stage or task that is not there, a task trained by the base, or stages
            that were asked other items or stand under other seeds.
    """
    if len(stages) < 2 or len(set(stages)) < len(stages):
        raise InputError(f"stages {', '.join(map(repr, stages))}: expected the base and others after it, each once")
    rows = first_views(evaluation.filter(pl.col("model").is_in(list(stages))))
    tasks = sorted(set(rows["task"].to_list()))
    for task, stage in trained.items():
        if task not in tasks:
            raise InputError(f"task {task!r} is not in the evaluation, found {', '.join(tasks)}")
        if stage not in stages[1:]:
            raise InputError(f"task {task!r} was trained by {stage!r}, expected one of {', '.join(stages[1:])}")
    units: dict[str, list[tuple[str, str]]] = {}
    for task, metric in sorted(rows.select("task", "metric").unique().rows()):
        units.setdefault(metric if metric in LOWER_IS_BETTER else "score", []).append((task, metric))
    return [
        _continued(unit, rows, tuple(stages), columns, trained, confidence, resamples, seed)
        for unit, columns in sorted(units.items(), reverse=True)
    ]


def _continued(
    unit: str,
    rows: pl.DataFrame,
    stages: tuple[str, ...],
    columns: list[tuple[str, str]],
    trained: Mapping[str, str],
    confidence: float,
    resamples: int,
    seed: int,
) -> Continued:
    order = sorted(
        columns, key=lambda column: (stages.index(trained[column[0]]) if column[0] in trained else 0, column)
    )
    by = tuple(stages.index(trained[task]) if task in trained else 0 for task, _ in order)
    cells = [_cells(rows, stages, task, metric) for task, metric in order]
    seeds = {cell.shape[1] for cell, _, _ in cells}
    if len(seeds) > 1:
        raise InputError(
            f"tasks were scored under {' and '.join(map(str, sorted(seeds)))} seeds, expected as many each"
        )
    matrix = np.stack([np.average(cell.mean(axis=1), axis=1, weights=weights) for cell, _, weights in cells], axis=1)
    sign = -1.0 if unit in LOWER_IS_BETTER else 1.0
    draws = _drawn(cells, resamples, seed)
    tail = (1 - confidence) / 2
    found = measure(sign * matrix, by)
    spread = {name: _bounds(values, tail) for name, values in _measured(sign * draws, by).items()}
    average = sign * found.average
    if spread["average"] is not None and sign < 0:
        spread["average"] = (-spread["average"][1], -spread["average"][0])
    measures = Continual(average, *(getattr(found, name) for name in (*MEASURES[1:], "forgotten", "learned")))
    return Continued(unit, stages, tuple(order), by, matrix, measures, spread, seeds.pop())


def _cells(
    rows: pl.DataFrame, stages: tuple[str, ...], task: str, metric: str
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Scores of a task: float64 of shape (stages, seeds, items), with sources and weights of the items."""
    part = rows.filter((pl.col("task") == task) & (pl.col("metric") == metric))
    frames = {stage: by_seed(part.filter(pl.col("model") == stage)) for stage in stages}
    items = frames[stages[0]]["item"].to_list()
    for stage, frame in frames.items():
        if frame["item"].to_list() != items:
            raise InputError(f"task {task!r}, {metric}: {stages[0]!r} and {stage!r} were not asked the same items")
    scores = [frame.drop(*KEYS).to_numpy().T for frame in frames.values()]
    most = max(len(score) for score in scores)
    seeds = {stage: frame.drop(*KEYS).columns for stage, frame in frames.items() if len(frame.columns) > len(KEYS) + 1}
    if len(set(map(tuple, seeds.values()))) > 1:
        listed = "; ".join(f"{stage} {', '.join(own)}" for stage, own in seeds.items())
        raise InputError(f"task {task!r}: seeds by stage are {listed}, expected the same of each, or one")
    cube = np.stack([np.broadcast_to(score, (most, len(items))) for score in scores])
    if not np.isfinite(cube).all():
        raise InputError(f"task {task!r}, {metric}: an item has no score under some stage and seed")
    first = frames[stages[0]]
    return cube, first["source"].to_list(), first["weight"].to_numpy()


def _drawn(cells: Sequence[tuple[np.ndarray, list[str], np.ndarray]], resamples: int, seed: int) -> np.ndarray:
    """R of each resample: float64 of shape (resamples, stages, tasks)."""
    generator = np.random.default_rng(seed)
    count = cells[0][0].shape[1]
    summed = [_by_source(*cell) for cell in cells]
    found = np.empty((resamples, cells[0][0].shape[0], len(cells)))
    with threadpool_limits(1):  # the order of a sum must not depend on the machine's threads
        for start in range(0, resamples, _CHUNK):
            size = min(_CHUNK, resamples - start)
            runs = generator.multinomial(count, np.full(count, 1 / count), size=size) / count
            for column, (sums, sizes) in enumerate(summed):
                drawn = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=size).astype(float)
                totals = np.einsum("rc,skc->rsk", drawn, sums, optimize=True) / (drawn @ sizes)[:, None, None]
                found[start : start + size, :, column] = np.einsum("rsk,rk->rs", totals, runs)
    return found


def _by_source(cube: np.ndarray, sources: list[str], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums of shape (stages, seeds, sources) and weights of shape (sources,)."""
    numbers = {source: at for at, source in enumerate(dict.fromkeys(sources))}
    labels = np.array([numbers[source] for source in sources])
    sums = np.zeros((*cube.shape[:2], len(numbers)))
    np.add.at(sums, (..., labels), cube * weights)  # type: ignore[arg-type]
    return sums, np.bincount(labels, weights=weights)


def _measured(draws: np.ndarray, trained: Sequence[int]) -> dict[str, np.ndarray | None]:
    """Each measure of each draw, as `curation.metrics.forgetting.measure` has them: float64 of shape (resamples,)."""
    last = draws.shape[1] - 1

    def mean(parts: list[np.ndarray]) -> np.ndarray | None:
        return np.mean(parts, axis=0) if parts else None

    def gained(later: int, sooner: int, column: int) -> np.ndarray:
        return np.asarray(draws[:, later, column] - draws[:, sooner, column])

    return {
        "average": draws[:, last].mean(axis=1),
        "backward_transfer": mean([gained(last, at, j) for j, at in enumerate(trained) if at < last]),
        "forward_transfer": mean([gained(at - 1, 0, j) for j, at in enumerate(trained) if at > 1]),
        "forgetting": (draws.max(axis=1) - draws[:, last]).mean(axis=1),
        "learning": mean([gained(at, 0, j) for j, at in enumerate(trained) if at > 0]),
    }


def _bounds(values: np.ndarray | None, tail: float) -> Bounds:
    if values is None:
        return None
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
