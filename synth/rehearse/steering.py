"""What steers a rehearsal beside its demonstrations: the tokenizer, what was forgotten, and the real rows, if any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from curation.errors import InputError
from curation.selection import AdaptiveOptions, forgetting, largest_remainder
from curation.selection.adaptive import weights

from .options import RehearseOptions
from .tokens import Tokens


@dataclass(frozen=True)
class Regions:
    """Clusters of a task that an evaluation knows: what its items ask, and the part of the task's budget of each."""

    texts: Mapping[int, Sequence[str]]
    weights: Mapping[int, float]


@dataclass(frozen=True)
class Plan:
    """How a budget is spent over tasks and, within them, over clusters.

    Attributes:
        weights: share of the budget by task.
        regions: by task, where items of the evaluation have clusters and are known by their text.
        forgotten: what it follows from: `curation.selection.adaptive.FORGOTTEN`.
    """

    weights: Mapping[str, float]
    regions: Mapping[str, Regions]
    forgotten: pl.DataFrame


@dataclass(frozen=True)
class Steering:
    """Everything that a user gives beside the demonstrations, all of it optional.

    Attributes:
        tokens: of the model that will be trained; needed for a budget of tokens.
        plan: which tasks and clusters the budget goes to; equal parts unless given.
        held_out_rows: by task, real rows that the buffer is to stand for (`prompt`, `completion`); none of them may
            be among the demonstrations.
        old_rows: by task, the real rows that the buffer replaces, for buffers of equal size to compare it with.
    """

    tokens: Tokens | None = None
    plan: Plan | None = None
    held_out_rows: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    old_rows: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def plan(evaluation: pl.DataFrame, items: pl.DataFrame, tasks: Sequence[str], options: AdaptiveOptions) -> Plan:
    """The plan that an evaluation asks for: tasks, and clusters within them, by what was forgotten.

    `curation.selection.adaptive` has the rule: the floor in equal parts, the rest in proportion to the loss above the
    margin. Clusters of a task share its part by the same rule.

    Args:
        evaluation: schema `tables.EVALUATION`.
        items: `task`, `item`, `prompt`: what the items of the evaluation ask; items that are not in it have no
            cluster here. May be empty: the budget is then spent by task alone.
        tasks: that are rehearsed.
        options: which models are compared, margin and floor.

    Raises:
        InputError: for a task that was not examined, or a table that cannot be compared.
    """
    found = forgetting(evaluation, options)
    lost = {task: value for task, cluster, value in _rows(found) if cluster is None}
    if missing := sorted(set(tasks) - set(lost)):
        raise InputError(
            f"evaluation: no scores of task {missing[0]!r}, expected every task that is rehearsed "
            f"(found {', '.join(map(repr, sorted(lost))) or 'none'})"
        )
    names = sorted(set(tasks))
    shares = weights([lost[name] for name in names], options.margin, options.floor)
    regions = {name: part for name in names if (part := _regions(name, found, evaluation, items, options)) is not None}
    return Plan(dict(zip(names, map(float, shares), strict=True)), regions, found)


def quotas(tasks: Sequence[str], options: RehearseOptions, planned: Plan | None) -> dict[str, int]:
    """Rows or tokens of each task, by largest remainder; they sum to exactly what is wanted of all tasks together."""
    names = sorted(tasks)
    total = options.budget_tokens if options.rows is None else options.rows * len(names)
    shares = [1.0 if planned is None else planned.weights[name] for name in names]
    return dict(zip(names, map(int, largest_remainder(shares, total or 0)), strict=True))


def _regions(
    task: str, found: pl.DataFrame, evaluation: pl.DataFrame, items: pl.DataFrame, options: AdaptiveOptions
) -> Regions | None:
    """Clusters of a task with their texts, or none where fewer than two of them are known by a text."""
    clusters = dict(evaluation.filter((pl.col("task") == task) & pl.col("cluster").is_not_null())
                    .select("item", "cluster").unique().sort("item", "cluster").iter_rows())  # fmt: skip
    asked = items.filter(pl.col("task") == task).sort("item").select("item", "prompt")
    texts: dict[int, list[str]] = {}
    for item, prompt in asked.iter_rows():
        if item in clusters:
            texts.setdefault(clusters[item], []).append(prompt)
    lost = {cluster: value for name, cluster, value in _rows(found) if name == task and cluster in texts}
    if len(lost) < 2:
        return None
    names = sorted(lost)
    shares = weights([lost[name] for name in names], options.margin, options.floor)
    return Regions({name: texts[name] for name in names}, dict(zip(names, map(float, shares), strict=True)))


def _rows(found: pl.DataFrame) -> list[tuple[str, int, float]]:
    return found.select("task", "cluster", "forgotten").rows()
