"""The file of the engine cache: SQLite in WAL mode, written a chunk at a time."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from curation.errors import InputError
from curation.model import Response, Score

FORM = 0x4B570001  # stands in the file's header: ours, and the first form of its tables
_BATCH = 500  # keys of one query; SQLite allows 999 everywhere
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, tokens BLOB NOT NULL, finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scores (
    key TEXT PRIMARY KEY, logprobs BLOB NOT NULL, tokens BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (
    request TEXT PRIMARY KEY, key TEXT NOT NULL
) WITHOUT ROWID;
"""


class Store:
    """Answers and scores by key. What is there is never replaced, so a key has one value for good."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            InputError: when it is no such file, or damaged, or another process writes it.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{path}: no folder for the engine cache can be made there ({error.strerror})") from error
        with self._errors():
            self._connection = sqlite3.connect(path, timeout=10.0, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        connection = self._connection
        form = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and form != FORM:
            connection.close()
            raise InputError(
                f"{self.path}: found another program's or version's SQLite file, expected an engine cache of this "
                "version: delete it, or name another file"
            )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={FORM}")
        connection.executescript(_TABLES)

    def keys(self, requests: Sequence[str]) -> dict[str, str]:
        """The keys of answers and scores that were given to requests, by the requests' own."""
        return dict(self._rows("request, key FROM asked WHERE request", requests))

    def answers(self, keys: Sequence[str]) -> dict[str, Response]:
        """The answers that are there, by key, without id and sample."""
        rows = self._rows("key, text, tokens, finish_reason, prompt_tokens FROM answers WHERE key", keys)
        return {key: Response("", 0, text, _ids(tokens), reason, count) for key, text, tokens, reason, count in rows}

    def scores(self, keys: Sequence[str]) -> dict[str, Score]:
        """The scores that are there, by key, without id."""
        rows = self._rows("key, logprobs, tokens FROM scores WHERE key", keys)
        return {key: Score("", tuple(np.frombuffer(values, "<f8").tolist()), _ids(ids)) for key, values, ids in rows}

    def add_answers(self, made: Mapping[str, Response], given: Mapping[str, str]) -> None:
        """Commit a chunk of answers, and which of their keys each request had."""
        self._insert(
            given,
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            [(key, one.text, _blob(one.token_ids), one.finish_reason, one.prompt_tokens) for key, one in made.items()],
        )

    def add_scores(self, made: Mapping[str, Score], given: Mapping[str, str]) -> None:
        """Commit a chunk of scores, and which of their keys each request had."""
        self._insert(
            given,
            "INSERT INTO scores VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
            [(key, np.array(one.logprobs, "<f8").tobytes(), _blob(one.token_ids)) for key, one in made.items()],
        )

    def add_keys(self, given: Mapping[str, str]) -> None:
        """Commit which key each request had, of answers and scores that are there."""
        self._insert(given)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _rows(self, columns: str, keys: Sequence[str]) -> list[tuple]:
        rows = []
        with self._errors():
            for begin in range(0, len(keys), _BATCH):
                some = keys[begin : begin + _BATCH]
                marks = ",".join("?" * len(some))
                rows += self._connection.execute(f"SELECT {columns} IN ({marks})", some).fetchall()
        return rows

    def _insert(self, given: Mapping[str, str], statement: str = "", rows: Sequence[tuple] = ()) -> None:
        with self._errors(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if rows:
                self._connection.executemany(statement, rows)
            # A request that is rendered otherwise than before has another key now.
            self._connection.executemany("INSERT OR REPLACE INTO asked VALUES (?, ?)", list(given.items()))

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Say of an error of SQLite what the user can do about it."""
        try:
            yield
        except sqlite3.Error as error:
            if "full" in str(error):
                raise InputError(f"{self.path}: no space left on the device for the engine cache") from error
            if "locked" in str(error):
                raise InputError(f"{self.path}: another process uses this engine cache, expected one") from error
            raise InputError(
                f"{self.path}: the engine cache cannot be read ({error}), expected an SQLite file: delete it and what "
                "it held is generated again"
            ) from error


def _ids(blob: bytes) -> tuple[int, ...]:
    return tuple(np.frombuffer(blob, "<u4").tolist())


def _blob(token_ids: Sequence[int]) -> bytes:
    return np.array(token_ids, "<u4").tobytes()
