"""Texts of a target domain: a field of the rows of files, or plain files as they are."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from ..decontaminate import items
from ..errors import InputError
from ..readers import files, plain, rows
from ..readers.options import ReadOptions

READABLE = f"{rows.READABLE}, or txt or md"


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files that `read` reads: those named, and of folders every one whose name says rows or text, by name.

    Raises:
        InputError: when there is nothing at a path, or nothing readable in a folder.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.refuse_empty(path)
            found.append(path)
            continue
        below = [file for file in files.visible(path) if _format(file) is not None]
        if not below:
            raise InputError(
                f"{path}: found no file of target texts in the folder, expected names ending in {READABLE}"
            )
        found += below
    return found


def read(paths: Sequence[Path], field: str) -> tuple[pl.DataFrame, int]:
    """Target texts, sorted, so that they do not depend on the order of the files and rows.

    Args:
        paths: files, or folders of them.
        field: of rows, that holds the text; the turns of a conversation are one text.

    Returns:
        A frame with the column `text`, and the number of rows without a text in the field.

    Raises:
        InputError: for a file that cannot be read, a field that no row of a file has, or no texts at all.
    """
    found: list[str] = []
    without = 0
    for file in files_of(paths):
        for texts in _of_file(file, field):
            found += texts
            without += not texts
    if not found:
        raise InputError(f"target texts in {', '.join(map(str, paths))}: found only empty ones, expected at least one")
    return pl.DataFrame({"text": sorted(found)}, schema={"text": pl.String}), without


def _format(file: Path) -> str | None:
    known = files.format_of(file.name)
    return known[0] if known is not None and known[0] in ("jsonl", "parquet", "plain") else None


def _of_file(file: Path, field: str) -> Iterator[list[str]]:
    """The texts of each row, or of the whole file."""
    form = _format(file)
    if form is None:
        raise InputError(f"{file}: found a name that is not of target texts, expected one ending in {READABLE}")
    if form == "plain":
        yield list(items.texts(_plain(file)))
        return
    seen: set[str] = set()
    for _, record in rows.sound_records(file):
        seen.update(record)
        yield list(items.texts(record.get(field)))
    if field not in seen:
        near = difflib.get_close_matches(field, sorted(seen), n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{file}: no row has the field {field!r}, expected one of {', '.join(sorted(seen))}{meant}")


def _plain(file: Path) -> str:
    known = files.format_of(file.name)
    compression = None if known is None else known[1]
    files.head(file, "plain", compression)
    limit = ReadOptions.max_record_bytes
    with files.opened(str(file), compression) as stream:
        data = plain.bounded(stream, limit)
    if isinstance(data, int):
        raise InputError(f"{file}: found more than {limit} bytes, expected at most as many")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: found byte 0x{data[error.start]:02x} at {error.start}, expected UTF-8") from error
