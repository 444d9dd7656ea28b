"""Demonstrations before an item: which are shown, and how, for models that chat and models that only continue text."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from curation import tables
from curation.errors import InputError

from .tasks import Task

BREAK = "\n\n"  # between demonstrations of raw text, and where a raw answer ends


def with_shots(items: Sequence[Task], pool: Sequence[Task], k: int, seed: int = 0) -> list[Task]:
    """Every item with `k` demonstrations of its task before its prompt.

    An item shows the same demonstrations as the others of its task, except that none is the item itself: one of equal
    prompt (but for case and white space) or of the item's source, where both name one, is passed over for the next.
    They are drawn by a hash of the seed, the task and their ids, so that neither their order in the files nor the
    other items matter; of `choice` tasks the right answers, or their places where every item has choices of its own,
    take turns. Texts of `bits_per_byte` stand as they are.

    Conversations get them as turns of user and assistant, after a system turn if there is one; raw prompts as text,
    each followed by its first reference and an empty line, at which a generated answer then ends.

    Args:
        items: to be asked.
        pool: demonstrations: items with a right answer, of the same tasks.
        k: demonstrations of an item; 0 leaves items as they are.
        seed: of the draw.

    Raises:
        InputError: for a task with fewer than `k` demonstrations beside an item, or one of another form than the item.
    """
    if k < 0:
        raise InputError(f"shots is {k}, expected 0 or more")
    if k == 0:
        return list(items)
    by_task: dict[str, list[Task]] = {}
    for demonstration in pool:
        if demonstration.references and demonstration.metric != "bits_per_byte":
            by_task.setdefault(demonstration.task, []).append(demonstration)
    ranked = {task: _ranked(found, seed) for task, found in by_task.items()}
    return [
        item if item.metric == "bits_per_byte" else _shown(item, _chosen(item, ranked.get(item.task, []), k))
        for item in items
    ]


def _ranked(pool: Iterable[Task], seed: int) -> list[Task]:
    keyed = [(tables.fingerprint([seed, item.task, item.id, item.prompt]), item) for item in pool]
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _chosen(item: Task, ranked: Sequence[Task], k: int) -> list[Task]:
    """The first `k` that may stand before an item, labels taking turns."""
    own = _folded(item)
    others = [one for one in ranked if _folded(one) != own and (one.source is None or one.source != item.source)]
    if len(others) < k:
        raise InputError(
            f"task {item.task!r}, item {item.id!r}: found {len(others)} demonstrations beside it, expected {k}: rows "
            "with split 'train' in its task file, or a file of demonstrations"
        )
    shared = len({one.choices for one in others}) == 1
    queues: dict[object, list[Task]] = {}
    for one in others:
        queues.setdefault(_label(one, shared), []).append(one)
    chosen: list[Task] = []
    while len(chosen) < k:
        chosen += [queue.pop(0) for queue in queues.values() if queue]
    return chosen[:k]


def _label(item: Task, shared: bool) -> object:
    """What demonstrations are balanced over: the answer where all choose among the same, else its place."""
    if not item.choices:
        return None
    return item.references[0] if shared else item.choices.index(item.references[0])


def _folded(item: Task) -> str:
    """What an item asks, the same for two that differ in case and white space alone."""
    prompt = item.prompt if isinstance(item.prompt, str) else "\n".join(said for _, said in item.prompt)
    asked = prompt if prompt.strip() else "\n".join(sorted(item.choices))
    return " ".join(unicodedata.normalize("NFC", asked).casefold().split())


def _shown(item: Task, demonstrations: Sequence[Task]) -> Task:
    for one in demonstrations:
        if isinstance(one.prompt, str) != isinstance(item.prompt, str):
            form = "raw text" if isinstance(item.prompt, str) else "turns"
            raise InputError(f"task {item.task!r}: demonstration {one.id!r} is of another form than item {item.id!r}, "
                             f"expected {form}")  # fmt: skip
    if isinstance(item.prompt, str):
        text = "".join(f"{_answered(one)}{BREAK}" for one in demonstrations)
        return replace(item, prompt=text + item.prompt, stop=(*item.stop, BREAK))
    system = [turn for turn in item.prompt[:1] if turn[0] == "system"]
    turns = [
        turn
        for one in demonstrations
        for turn in (*(turn for turn in one.prompt if turn[0] != "system"), ("assistant", one.references[0]))
    ]
    return replace(item, prompt=(*system, *turns, *item.prompt[len(system) :]))  # type: ignore[arg-type]


def _answered(item: Task) -> str:
    """A raw prompt with its answer; choices bring the space before them themselves, other answers get one."""
    prompt, answer = str(item.prompt), item.references[0]
    touching = not item.choices and prompt and not prompt[-1].isspace() and not answer[0].isspace()
    return f"{prompt}{' ' if touching else ''}{answer}"
