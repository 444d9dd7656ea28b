"""What became of the instances of every task, in figures."""

from collections import Counter
from typing import Any

from .demos import Task
from .draft import Draft
from .options import RehearseOptions


def report(
    tasks: list[Task], drafts: list[Draft], labels: dict[str, dict[str, int]], options: RehearseOptions
) -> dict[str, Any]:
    """Yield by reason for every task, what fell short, and tokens spent."""
    by_task = {
        task.name: _task(task, [one for one in drafts if one.task == task.name], labels[task.name], options)
        for task in tasks
    }
    return {
        "requests": len(drafts),
        "samples": sum(one.drop is None for one in drafts),
        "dropped": _counts(one.drop.rule for one in drafts if one.drop is not None),
        "shortfall": {name: task["shortfall"] for name, task in by_task.items() if task["shortfall"]},
        "tokens": {
            "prompt": sum(one.response.prompt_tokens for one in drafts),
            "generated": sum(len(one.response.token_ids) for one in drafts),
            "refinement_prompt": sum(one.refinement["prompt_tokens"] for one in drafts if one.refinement),
            "refinement_generated": sum(one.refinement["tokens"] for one in drafts if one.refinement),
        },
        "tasks": by_task,
    }


def _task(task: Task, drafts: list[Draft], labels: dict[str, int], options: RehearseOptions) -> dict[str, Any]:
    kept = [one for one in drafts if one.drop is None]
    refined = [check.score for one in drafts for check in one.checks if check.name == "consistency"]
    return {
        "demos": len(task.demos),
        "demos_unfit": len(task.unfit),
        "demos_flattened": task.flattened,
        "demos_left": task.left,
        "prompts": len({one.request.id for one in drafts}),
        "requests": len(drafts),
        "wanted": options.per_task,
        "kept": len(kept),
        "shortfall": options.per_task - len(kept),
        "dropped": _counts(one.drop.rule for one in drafts if one.drop is not None),
        "different_inputs": len({one.input for one in drafts if one.input}),
        "agree_with_refinement": sum(score == 1.0 for score in refined) / len(refined) if refined else None,
        "labels": labels,
    }


def _counts(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))
