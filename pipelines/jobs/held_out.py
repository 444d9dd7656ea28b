"""What an evaluation asks, which nothing that is generated may repeat."""

from collections.abc import Sequence
from pathlib import Path

from curation.errors import InputError


def prompts(paths: Sequence[str]) -> list[str]:
    """What the items of task files ask: their last user turns, or the raw text that a model is to go on from.

    Raises:
        InputError: for files that are no task files, or hold nothing that could be repeated.
    """
    from train.evaluation.tasks import load_tasks

    found: list[str] = []
    for task in load_tasks(Path(path) for path in paths):
        turns = (("user", task.prompt),) if isinstance(task.prompt, str) else task.prompt
        found += [content for role, content in turns if role == "user"][-1:]
    if paths and not found:
        raise InputError(f"{', '.join(paths)}: found no item with a user's turn to hold out, expected task files")
    return found
