"""Demonstrations of earlier tasks and the few-shot lists made of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curation import tables
from curation.errors import InputError

from .. import parse
from ..script import language_of
from .markers import role_marker
from .options import RehearseOptions


@dataclass(frozen=True)
class Demo:
    """One demonstration: what was asked and answered, each with single line breaks only."""

    id: str
    input: str
    output: str


@dataclass(frozen=True)
class Task:
    """An earlier task.

    Attributes:
        name: of the task.
        system: the system turn that all its demonstrations have, none if they have none.
        demos: in an order that depends on their ids and the seed alone.
        unfit: ids of demonstrations that cannot stand in a few-shot list, since they hold its markers, or marks that
            would make turns of them.
        flattened: demonstrations whose blank lines were closed up, because a blank line ends an instance.
        left: demonstrations beyond the number used.
        language: of its few-shot lists, by what its demonstrations ask, unless the options name one.
    """

    name: str
    system: str | None
    demos: tuple[Demo, ...]
    unfit: tuple[str, ...]
    flattened: int
    left: int
    language: str

    @property
    def labels(self) -> parse.Labels:
        """What stands before inputs and outputs in its few-shot lists."""
        return parse.LABELS[self.language]


def read(name: str, frame: pl.DataFrame, options: RehearseOptions, seed: int) -> Task:
    """The task that a frame of `sample_id`, `prompt` and `completion` demonstrates.

    Raises:
        InputError: when demonstrations have more than one exchange, differ in their system turn, or fewer than two of
            them can stand in a few-shot list.
    """
    demos: list[Demo] = []
    unfit: list[str] = []
    systems: set[str | None] = set()
    flattened = 0
    exchanges = [(row["sample_id"], *_exchange(name, row)) for row in frame.iter_rows(named=True)]
    asked = sorted(question for _, _, question, _ in exchanges)
    language = language_of("\n".join(asked), options.language)
    labels = parse.LABELS[language]
    for sample, system, question, answer in exchanges:
        systems.add(system)
        demo = Demo(sample, _flat(question), _flat(answer))
        if not all(parse.listable(text, labels) and role_marker(text) is None for text in (demo.input, demo.output)):
            unfit.append(demo.id)
            continue
        flattened += demo.input != question.strip() or demo.output != answer.strip()
        demos.append(demo)
    if len(systems) > 1:
        raise InputError(f"task {name!r}: demonstrations have {len(systems)} different system turns, expected one")
    if len(demos) < 2:
        raise InputError(f"task {name!r}: found {len(demos)} demonstrations for a few-shot list, expected at least 2")
    demos.sort(key=lambda demo: tables.fingerprint([seed, demo.id]))
    used = tuple(demos[: options.demos_per_task])
    return Task(name, systems.pop(), used, tuple(sorted(unfit)), flattened, len(demos) - len(used), language)


def pairs(demos: tuple[Demo, ...], most: int | None) -> list[tuple[Demo, Demo]]:
    """Ordered pairs of different demonstrations, all or the first `most`.

    Pairs come by distance in the shuffled circle, so that any whole number of rounds uses every demonstration equally
    often in the first and in the second place.
    """
    count = len(demos)
    every = [(demos[at], demos[(at + step) % count]) for step in range(1, count) for at in range(count)]
    return every[:most]


def _exchange(name: str, row: Mapping[str, list[dict[str, str]]]) -> tuple[str | None, str, str]:
    """System turn, question and answer of a demonstration."""
    prompt, completion = row["prompt"], row["completion"]
    roles = [turn["role"] for turn in prompt]
    if roles not in (["user"], ["system", "user"]) or [turn["role"] for turn in completion] != ["assistant"]:
        found = ", ".join(roles + [turn["role"] for turn in completion])
        raise InputError(
            f"task {name!r}, demonstration {row['sample_id']}: found turns {found}, "
            "expected one question and one answer, with or without a system turn"
        )
    return prompt[0]["content"] if len(roles) == 2 else None, prompt[-1]["content"], completion[0]["content"]


def _flat(text: str) -> str:
    """The text without blank lines."""
    return "\n".join(line.rstrip() for line in text.strip().split("\n") if line.strip())
