"""Evaluation items from files of any shape: every text of a row, or of the fields that are named."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ..errors import InputError
from ..readers import rows
from .contamination import EVALUATION


def items(paths: Sequence[Path], fields: Sequence[str] | None = None) -> pl.DataFrame:
    """Texts of evaluation files, JSON Lines (also compressed) or Parquet.

    Args:
        paths: files, or folders of them.
        fields: fields whose texts are items; none for all. A conversation, a list or a nested field is every text in
            it, joined where it is a list of turns.

    Returns:
        Schema `EVALUATION`: `item` is the name of the field, `file` relative to its path, `record` from 0.

    Raises:
        InputError: for a file that cannot be read or has none of the fields, or a field that no file has.
    """
    found: list[dict[str, Any]] = []
    known: set[str] = set()
    last = ""
    for path in paths:
        for file, name in rows.files_of(path):
            seen: set[str] = set()
            found.extend(_of_file(file, name, fields, seen))
            if fields and seen.isdisjoint(fields):
                raise InputError(f"{file}: {_missing(fields[0], seen)}")
            known |= seen
            last = str(file)
    for field in fields or ():  # files of several shapes may be given, each with some of the fields
        if known and field not in known:
            raise InputError(f"{last}: {_missing(field, known)}")
    return pl.DataFrame(found, schema=EVALUATION)


def _of_file(file: Path, name: str, fields: Sequence[str] | None, seen: set[str]) -> Iterator[dict[str, Any]]:
    """Items of a file; the fields that its rows have are added to `seen`."""
    for number, record in rows.sound_records(file):
        seen.update(record)
        for field in record if fields is None else (field for field in fields if field in record):
            for text in texts(record[field]):
                yield {"item": field, "text": text, "file": name, "record": number}


def _missing(field: str, seen: set[str]) -> str:
    near = difflib.get_close_matches(field, sorted(seen), n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"no row has the field {field!r}, expected one of {', '.join(sorted(seen))}{meant}"


def texts(value: Any) -> Iterator[str]:
    """The texts in a value of JSON: itself, those of a list or mapping, or a conversation's turns as one."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        if value and all(isinstance(turn, dict) and isinstance(turn.get("content"), str) for turn in value):
            yield from texts("\n".join(turn["content"] for turn in value))
        else:
            for part in value:
                yield from texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
