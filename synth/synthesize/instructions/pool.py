"""What instructions are shown and compared with: those of people, and those that were made up so far."""

import random
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from curation import tables
from curation.metrics.text import rouge_l_matrix

from ... import parse
from ...drop import Drop
from ..attempt import Source, source_of
from .options import InstructionsOptions


@dataclass(frozen=True)
class Task:
    """An instruction that can be shown.

    Attributes:
        source: its row; of a made one that of a row it was made from.
        text: the instruction, with its input where it has one.
        output: the answer to it, empty where none is shown.
        human: whether a person wrote it.
    """

    source: Source
    text: str
    output: str
    human: bool


@dataclass
class Pool:
    """Instructions by people and by the model, in an order that depends on their ids and the seed alone."""

    human: list[Task]
    seed: int
    made: list[Task] = field(default_factory=list)
    _dealt: int = 0
    _order: list[Task] = field(default_factory=list)

    def shown(self, options: InstructionsOptions, number: int) -> list[Task]:
        """What the request of a number shows: people's in turn, so that all are shown equally often, then made ones."""
        chosen = [self._deal() for _ in range(min(options.human, len(self.human)))]
        draw = random.Random(tables.fingerprint([self.seed, "made", number]))
        if len(self.made) >= options.generated:
            chosen += draw.sample(self.made, options.generated)
        draw.shuffle(chosen)
        return chosen

    def _deal(self) -> Task:
        """The next of the people's tasks; every pass through them has an order of its own."""
        turn, place = divmod(self._dealt, len(self.human))
        self._dealt += 1
        if not place:
            self._order = sorted(self.human, key=lambda task: tables.fingerprint([self.seed, turn, task.source.id]))
        return self._order[place]

    def nearest(self, texts: list[str]) -> tuple[list[Task], np.ndarray]:
        """All tasks, and ROUGE-L of each text against each: float64 of shape (tasks, texts)."""
        every = self.human + self.made
        return every, rouge_l_matrix([task.text for task in every], texts)


def read(rows: pl.DataFrame, options: InstructionsOptions, seed: int) -> tuple[Pool, dict[str, Drop]]:
    """The pool that rows make, and why rows are not shown: several turns, too long, or (in a list) blank lines."""
    human: list[Task] = []
    unused: dict[str, Drop] = {}
    for row in rows.iter_rows(named=True):
        text, output = row["prompt"][-1]["content"].strip(), row["completion"][0]["content"].strip()
        if len(row["prompt"]) > 1 or len(row["completion"]) > 1:
            turns = len(row["prompt"]) + len(row["completion"])
            unused[row["sample_id"]] = Drop("several_turns", float(turns), 2.0)
        elif len(text) > options.longest:
            unused[row["sample_id"]] = Drop("too_long", float(len(text)), float(options.longest))
        elif options.form == "list" and not (parse.listable(text) and parse.listable(output)):
            unused[row["sample_id"]] = Drop("not_listable", detail={"found": "a blank line or a marker of a list"})
        else:
            human.append(Task(source_of(row), text, output, True))
    human.sort(key=lambda task: tables.fingerprint([seed, task.source.id]))
    return Pool(human, seed), unused
