"""Where the files of one curate step are, and the driver's side of its tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage

from ...executors import Executor
from ...progress import track
from ...run import Made, Record, Run, Work


@dataclass(frozen=True)
class Shelf:
    """The files of a step; goes to whatever process works on them.

    Attributes:
        folder: of the run.
        step: name of the step.
        threads: threads a task should use, none for all there are.
    """

    folder: Path
    step: str
    threads: int | None = None

    def path(self, kind: str, name: str) -> str:
        """Path of a file of this step, relative to the run folder."""
        return f"{kind}/{self.step}/{name}.parquet"

    def load(self, kind: str, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read a file of this step, or some of its columns."""
        return pl.read_parquet(self.folder / self.path(kind, name), columns=None if columns is None else list(columns))

    def save(self, frame: pl.DataFrame, kind: str, name: str) -> str:
        """Write a file of this step; its path."""
        path = self.path(kind, name)
        storage.write_parquet(frame, self.folder / path)
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

    def work(
        self, name: str, config: Any, reads: Sequence[tuple[str, str]], make: Callable[..., Made], *arguments: Any
    ) -> Work:
        """A task that calls `make(shelf, *arguments)` and reads files of this step, each by its kind and name."""
        inputs = tuple(self.digests[self.shelf.path(kind, file)] for kind, file in reads)
        return Work(f"{self.step}/{name}", config, inputs, make, (self.shelf, *arguments))

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
