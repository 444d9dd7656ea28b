"""What became of the instances of every task, in figures."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .demos import Task
from .draft import Draft
from .options import RehearseOptions


def report(
    tasks: list[Task],
    drafts: list[Draft],
    labels: dict[str, dict[str, int]],
    quotas: dict[str, int],
    spent: dict[str, int],
    options: RehearseOptions,
    not_judged: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Yield by reason for every task, what fell short, and tokens spent.

    `wanted`, `spent`, `unspent` and `shortfall` are in the unit of the budget, `rows` or `tokens`; `kept` is always
    rows. A task falls short where all its instances are taken and more were wanted; a budget of tokens also ends
    between two rows, which leaves a few unspent and is no shortfall. Where outliers are looked for, `not_judged` counts
    the instances for which there was no measure, of all tasks by why.
    """
    by_task = {}
    for task in tasks:
        own = [one for one in drafts if one.task == task.name]
        wanted = {"wanted": quotas[task.name], "spent": spent[task.name]}
        by_task[task.name] = _task(task, own, labels[task.name], wanted)
        if options.outliers:
            by_task[task.name]["not_judged"] = sum(not_judged[task.name].values())
    unjudged = {"not_judged": _summed(not_judged)} if options.outliers else {}
    return {
        "unit": "tokens" if options.rows is None else "rows",
        "selection": options.selection,
        "wanted": sum(quotas.values()),
        "spent": sum(spent.values()),
        "requests": len(drafts),
        "samples": sum(one.drop is None for one in drafts),
        "dropped": _counts(one.drop.rule for one in drafts if one.drop is not None),
        **unjudged,
        "shortfall": {name: task["shortfall"] for name, task in by_task.items() if task["shortfall"]},
        "tokens": {
            "prompt": sum(one.response.prompt_tokens for one in drafts),
            "generated": sum(len(one.response.token_ids) for one in drafts),
            "refinement_prompt": sum(one.refinement["prompt_tokens"] for one in drafts if one.refinement),
            "refinement_generated": sum(one.refinement["tokens"] for one in drafts if one.refinement),
        },
        "tasks": by_task,
    }


def _task(task: Task, drafts: list[Draft], labels: dict[str, int], wanted: dict[str, int]) -> dict[str, Any]:
    kept = [one for one in drafts if one.drop is None]
    unspent = wanted["wanted"] - wanted["spent"]
    refined = [check.score for one in drafts for check in one.checks if check.name == "consistency"]
    return {
        "language": task.language,
        "demos": len(task.demos),
        "demos_unfit": len(task.unfit),
        "demos_flattened": task.flattened,
        "demos_left": task.left,
        "prompts": len({one.request.id for one in drafts}),
        "requests": len(drafts),
        **wanted,
        "kept": len(kept),
        "unspent": unspent,
        "shortfall": 0 if any(one.drop is not None and one.drop.rule == "not_selected" for one in drafts) else unspent,
        "dropped": _counts(one.drop.rule for one in drafts if one.drop is not None),
        "different_inputs": len({one.input for one in drafts if one.input}),
        "agree_with_refinement": sum(score == 1.0 for score in refined) / len(refined) if refined else None,
        "labels": labels,
    }


def _counts(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))


def _summed(by_task: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Counts of all tasks together."""
    total = Counter[str]()
    for counts in by_task.values():
        total.update(counts)
    return dict(sorted(total.items()))
