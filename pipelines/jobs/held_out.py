"""What an evaluation asks and reads, which nothing that is generated may repeat."""

from collections.abc import Sequence
from pathlib import Path

from curation.errors import InputError
from synth.held_out import HeldOut


def held_out(paths: Sequence[str]) -> HeldOut:
    """What the items of task files ask, and the texts that they score as they stand.

    Of a prompt of turns its last user's turn counts, of raw text all of it. An item without a prompt (`bits_per_byte`,
    or a `choice` between whole texts) has texts.

    Raises:
        InputError: for files that are no task files, or hold nothing that could be repeated.
    """
    from train.evaluation.tasks import load_tasks

    prompts: list[str] = []
    texts: list[str] = []
    for task in load_tasks(Path(path) for path in paths):
        if not task.prompt:
            texts += task.choices or task.references
            continue
        turns = (("user", task.prompt),) if isinstance(task.prompt, str) else task.prompt
        prompts += [content for role, content in turns if role == "user"][-1:]
    if paths and not prompts and not texts:
        raise InputError(
            f"{', '.join(paths)}: found no item with a user's turn or a text to hold out, expected one at least"
        )
    return HeldOut(tuple(prompts), tuple(texts))
