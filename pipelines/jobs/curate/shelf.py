"""Where the files of one curate step are, and the driver's side of its tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage, tables
from curation.review import answers

from ...executors import Executor, InProcess
from ...progress import track
from ...run import Made, Record, Run, Work

OVERRIDES = "overrides"  # file of work/


@dataclass(frozen=True)
class Shelf:
    """The files of a step; goes to whatever process works on them.

    Attributes:
        folder: of the run.
        step: name of the step.
        threads: threads a task should use, none for all there are.
        overridden: whether people's overrides stand in work/, which win over what a stage decides.
    """

    folder: Path
    step: str
    threads: int | None = None
    overridden: bool = False

    def path(self, kind: str, name: str) -> str:
        """Path of a file of this step, relative to the run folder."""
        return f"{kind}/{self.step}/{name}.parquet"

    def load(self, kind: str, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read a file of this step, or some of its columns."""
        return pl.read_parquet(self.folder / self.path(kind, name), columns=None if columns is None else list(columns))

    def overrides(self) -> pl.DataFrame:
        """What people decided, schema `review.answers.OVERRIDES`; no rows where nobody did."""
        return self.load("work", OVERRIDES) if self.overridden else tables.empty(answers.OVERRIDES)

    def save(self, frame: pl.DataFrame, kind: str, name: str) -> str:
        """Write a file of this step; its path."""
        path = self.path(kind, name)
        storage.write_parquet(frame, self.folder / path, level=1 if kind == "work" else 3)
        return path


class Curation:
    """One curate step as the driver sees it: its tasks, their records, and the digest of each file they wrote."""

    def __init__(self, run: Run, step: str, executor: Executor) -> None:
        self.run = run
        self.step = step
        self.executor = executor
        self.shelf = Shelf(run.folder, step, executor.threads)
        self.records: list[Record] = []
        self.digests: dict[str, str] = {}
        self._overrides: str | None = None  # their digest

    def work(
        self, name: str, config: Any, reads: Sequence[tuple[str, str]], make: Callable[..., Made], *arguments: Any
    ) -> Work:
        """A task that calls `make(shelf, *arguments)` and reads files of this step, each by its kind and name."""
        inputs = tuple(self.digests[self.shelf.path(kind, file)] for kind, file in reads)
        if self._overrides is not None:
            config = [config, self._overrides]
        return Work(f"{self.step}/{name}", config, inputs, make, (self.shelf, *arguments))

    def override(self, overrides: pl.DataFrame) -> None:
        """From now on, let people's decisions win over those of the stages."""
        digest = tables.fingerprint(overrides.to_dicts())
        save = Work(f"{self.step}/{OVERRIDES}", [OVERRIDES, digest], (), _save, (self.shelf, overrides))
        self.note(self.run.tasks([save], InProcess(), lambda record: None))
        self._overrides = digest
        self.shelf = replace(self.shelf, overridden=True)

    def carry_out(self, works: Sequence[Work], title: str, unit: str = "partitions") -> list[Record]:
        """Do independent tasks and show the progress; their records in order."""
        with track(f"{self.step}: {title}", len(works), unit) as advance:
            return self.note(self.run.tasks(works, self.executor, lambda record: advance(1)))

    def note(self, records: list[Record]) -> list[Record]:
        """Remember records as part of this step."""
        self.records.extend(records)
        for record in records:
            self.digests.update({path: digest for path, (_, digest) in record.outputs.items()})
        return records


def _save(shelf: Shelf, overrides: pl.DataFrame) -> Made:
    return Made((shelf.save(overrides, "work", OVERRIDES),))
