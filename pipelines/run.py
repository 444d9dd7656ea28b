"""A run folder: tasks that are done once, recorded in a manifest, and continued after any interruption."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation import storage, tables
from curation.errors import InputError

from .executors import Call, Executor, Report

TABLES = ("documents", "samples", "scores", "ledger", "dropped", "evaluation")  # folders of Parquet files
FORMAT = 1  # of the manifest and of what the tasks write; a change makes every task run again


@dataclass(frozen=True)
class Made:
    """What a task made: the files it wrote, below the run folder, and counts and facts for the report."""

    outputs: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON values only


@dataclass(frozen=True)
class Work:
    """A task that may be carried out in another process.

    Attributes:
        name: `step/stage/part`, unique in the run.
        config: everything that decides the output besides the inputs, JSON values only.
        inputs: digests of what is read.
        make: module-level function that writes the files, each atomically, and says which.
        arguments: its arguments; what only decides how it runs, as the number of threads, is not part of `config`.
    """

    name: str
    config: Any
    inputs: tuple[str, ...]
    make: Callable[..., Made]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Record:
    """A finished task as the manifest holds it."""

    task: str
    fingerprint: str
    outputs: Mapping[str, tuple[int, str]]  # relative path -> (size in bytes, xxh3-128)
    facts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Fingerprint of the outputs' contents: what a task that reads them depends on."""
        return tables.fingerprint([[path, digest] for path, (_, digest) in sorted(self.outputs.items())])


@dataclass(frozen=True)
class Written:
    """What a task made, with size and digest of each file."""

    outputs: Mapping[str, tuple[int, str]]
    facts: Mapping[str, Any]


def _written(folder: Path, made: Made) -> Written:
    outputs = {path: ((folder / path).stat().st_size, storage.digest(folder / path)) for path in sorted(made.outputs)}
    return Written(outputs, made.facts)


def _carry_out(folder: Path, make: Callable[..., Made], arguments: tuple[Any, ...]) -> tuple[Written, float]:
    """Do a task, perhaps in another process; what it made and the seconds it took."""
    started = time.monotonic()
    try:
        written = _written(folder, make(*arguments))
    except BaseException as error:
        if storage.disk_full(error) and not isinstance(error, InputError):
            raise InputError(storage.no_space(folder)) from error
        raise
    return written, time.monotonic() - started


class Run:
    """A run folder, locked for one process at a time.

    Args:
        folder: made when it does not exist; a folder with other things in it is refused.
        seed: seed of the run.
        fresh: forget what was recorded, so that every task runs again.

    Raises:
        InputError: when the folder is not a run's, or another process works on it.
    """

    def __init__(self, folder: Path, seed: int = 0, fresh: bool = False) -> None:
        self.folder = folder
        self.seed = seed
        self.manifest = folder / "manifest.jsonl"
        self.done: list[str] = []  # tasks that ran in this process
        self.kept: list[str] = []  # tasks found finished
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file, expected a folder to write the run to")
        if folder.is_dir() and any(folder.iterdir()) and not self._is_run():
            raise InputError(f"{folder}: holds other files, expected an empty folder or one of an earlier run")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / ".lock").open("w")
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f"{folder}: another process is working on this run") from error
        self._remove_partials()
        if fresh:
            self._clear()
        self.records = read_manifest(self.manifest)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self._remove_partials()
        self._lock.close()

    def task(self, name: str, config: Any, inputs: Iterable[str], make: Callable[[], Made]) -> Record:
        """Do a task unless it is recorded with the same configuration and inputs and its files are there.

        Args:
            name: `step/stage/part`, unique in the run.
            config: everything that decides the output besides the inputs, JSON values only.
            inputs: digests of what is read: of records, files or models.
            make: writes the files (each atomically) and says which.
        """
        wanted = self._wanted(name, config, inputs)
        known = self._known(name, wanted)
        if known is not None:
            return known
        written, seconds = _carry_out(self.folder, make, ())
        return self._finish(name, wanted, written, seconds)

    def tasks(self, works: Sequence[Work], executor: Executor, finished: Callable[[Record], None],
              report: Report = lambda amount: None) -> list[Record]:  # fmt: skip
        """Do tasks unless they are recorded, wherever the executor runs them.

        Args:
            works: independent of each other.
            executor: where they run.
            finished: told each record, those that were found done first.
            report: told the progress inside tasks, as they report it.

        Returns:
            The records in the order of `works`.
        """
        wanted = [self._wanted(work.name, work.config, work.inputs) for work in works]
        records: dict[int, Record] = {}
        for number, work in enumerate(works):
            known = self._known(work.name, wanted[number])
            if known is not None:
                records[number] = known
                finished(known)
        pending = [number for number in range(len(works)) if number not in records]
        calls: list[Call] = [(_carry_out, (self.folder, works[at].make, works[at].arguments)) for at in pending]
        for done, (written, seconds) in executor.map(calls, report):
            number = pending[done]
            record = self._finish(works[number].name, wanted[number], written, seconds)
            records[number] = record
            finished(record)
        return [records[number] for number in range(len(works))]

    def _wanted(self, name: str, config: Any, inputs: Iterable[str]) -> str:
        return tables.fingerprint([FORMAT, name, self.seed, config, list(inputs)])

    def _known(self, name: str, wanted: str) -> Record | None:
        known = self.records.get(name)
        if known is None or known.fingerprint != wanted or not self._present(known):
            return None
        self.kept.append(name)
        return known

    def _finish(self, name: str, wanted: str, written: Written, seconds: float) -> Record:
        record = Record(name, wanted, written.outputs, json.loads(tables.canonical_json(dict(written.facts))))
        self._append(record, seconds)
        self.done.append(name)
        return record

    def event(self, kind: str, **facts: Any) -> None:
        """Add a line to `run.jsonl`: what happened and when."""
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": kind, **facts}
        with (self.folder / "run.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")

    def sweep(self, step: str, current: Iterable[Record]) -> None:
        """Remove files of a step that no current task made, and forget its tasks that are no longer part of it."""
        records = {record.task: record for record in current}
        wanted = {path for record in records.values() for path in record.outputs}
        stale = [name for name in self.records if name.startswith(f"{step}/") and name not in records]
        for name in stale:
            for path in self.records[name].outputs:
                if path not in wanted:
                    (self.folder / path).unlink(missing_ok=True)
            self._forget(name)
        for top in (*TABLES, "work"):
            for file in (self.folder / top / step).rglob("*.parquet"):
                if file.is_file() and str(file.relative_to(self.folder)) not in wanted:
                    file.unlink()

    def _remove_partials(self) -> None:
        """Remove what a killed process, or one on a lost node, left half written."""
        for partial in list(self.folder.rglob(".*.partial")):
            if partial.is_dir() and not partial.is_symlink():  # a model
                shutil.rmtree(partial)
            else:
                partial.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove what earlier runs left, the cache of generated text included."""
        self.manifest.unlink(missing_ok=True)
        for top in (*TABLES, "model", "work"):
            shutil.rmtree(self.folder / top, ignore_errors=True)

    def _is_run(self) -> bool:
        """Whether the folder is a run's, or holds nothing but the `inputs/` a run is about to read."""
        return (self.folder / ".lock").exists() or {path.name for path in self.folder.iterdir()} == {"inputs"}

    def _present(self, record: Record) -> bool:
        """Whether every output is there with its size; content is trusted, since writes are atomic."""
        for path, (size, _) in record.outputs.items():
            file = self.folder / path
            if not file.is_file() or file.stat().st_size != size:
                return False
        return True

    def _append(self, record: Record, seconds: float) -> None:
        line = {
            "task": record.task,
            "fingerprint": record.fingerprint,
            "outputs": {path: list(value) for path, value in record.outputs.items()},
            "facts": dict(record.facts),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(seconds, 3),
        }
        self._write(line)
        self.records[record.task] = record

    def _forget(self, name: str) -> None:
        self._write({"task": name, "forgotten": True})
        del self.records[name]

    def _write(self, line: dict[str, Any]) -> None:
        with self.manifest.open("ab") as stream:
            if stream.tell() and not _ends_with_newline(self.manifest):
                stream.write(b"\n")  # the last process died inside its line
            stream.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())


def read_manifest(path: Path) -> dict[str, Record]:
    """The last record of every task of a manifest; a line cut by a crash is passed over, since its task runs again."""
    records: dict[str, Record] = {}
    if not path.is_file():
        return records
    for line in path.read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
            if entry.get("forgotten"):
                records.pop(entry["task"], None)
                continue
            outputs = {name: (int(size), str(digest)) for name, (size, digest) in entry["outputs"].items()}
            records[entry["task"]] = Record(entry["task"], entry["fingerprint"], outputs, entry["facts"])
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return records


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
