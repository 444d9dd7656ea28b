"""Answers of one person, a line each, on disk before the page hears that they are saved."""

import fcntl
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from curation import storage
from curation.errors import InputError


@dataclass(frozen=True)
class Answer:
    """An answer to a row; of a pair, with the side that stood on the left."""

    answer: str
    left: str | None = None


class Journal:
    """The file of one person's answers, which one process at a time may add to.

    A line is `{"row_id", "answer", "left"}`; the last line of a row counts, and an answer of null takes the row's
    answer back. A line that a crash cut short was never acknowledged and is removed.

    Args:
        path: the file, made where there is none.

    Raises:
        InputError: when another process has it open, it cannot be written, or a line in it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()  # requests come in threads
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._stream = path.open("a+b", buffering=0)
            storage.sync_folder(path.parent)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror})") from error
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._stream.close()
            raise InputError(
                f"{path}: another process takes the answers of {path.stem}; --reviewer names you"
            ) from error
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._stream.truncate(len(whole))
        self._answers = _parse(path, whole)

    def answers(self) -> dict[str, Answer]:
        """The answers in force, by row, in the order in which they were given."""
        with self._guard:
            return dict(self._answers)

    def add(self, row_id: str, answer: Answer | None) -> None:
        """Save an answer, or take the row's answer back; it is on disk when this returns.

        Raises:
            InputError: when there is no space left; nothing is saved then.
        """
        line: dict[str, Any] = {"row_id": row_id, "answer": answer.answer if answer else None}
        if answer and answer.left is not None:
            line["left"] = answer.left
        with self._guard:
            end = self._stream.seek(0, os.SEEK_END)
            try:
                _write(self._stream, (json.dumps(line, ensure_ascii=False) + "\n").encode())
                os.fsync(self._stream.fileno())
            except OSError as error:
                self._stream.truncate(end)  # half a line must not stand before the next
                if storage.disk_full(error):
                    raise InputError(storage.no_space(self.path)) from error
                raise
            _apply(self._answers, row_id, answer)

    def close(self) -> None:
        """Let another process have the file."""
        self._stream.close()


def _write(stream: BinaryIO, line: bytes) -> None:
    """Write all of a line: an unbuffered write may take a part of it, as when the disk is nearly full."""
    while line:
        line = line[stream.write(line) :]


def read(path: Path) -> dict[str, Answer]:
    """The answers of a journal, for reading beside the process that writes it: a line that is not whole is left out.

    Raises:
        InputError: for a damaged line.
    """
    content = path.read_bytes()
    return _parse(path, content[: content.rfind(b"\n") + 1])


def _parse(path: Path, content: bytes) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for number, raw in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            line = json.loads(raw)
            row_id, value, left = line["row_id"], line["answer"], line.get("left")
            if not isinstance(row_id, str) or not isinstance(value, str | None) or not isinstance(left, str | None):
                raise ValueError("another type")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}, line {number}: found {raw[:60]!r}, expected an answer as JSON") from error
        _apply(answers, row_id, None if value is None else Answer(value, left))
    return answers


def _apply(answers: dict[str, Answer], row_id: str, answer: Answer | None) -> None:
    answers.pop(row_id, None)  # an answer given anew is the latest
    if answer is not None:
        answers[row_id] = answer


def journals(folder: Path) -> Mapping[str, dict[str, Answer]]:
    """Answers of everyone, by name, sorted."""
    return {path.stem: read(path) for path in sorted((folder / "answers").glob("*.jsonl"))}
