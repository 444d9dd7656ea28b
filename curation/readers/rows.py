"""Small files read whole, a record a row: task sets, demonstrations, training rows, evaluation items."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ..errors import InputError
from . import files, jsonl
from .files import Stream
from .options import Compression, Damage, Format, ReadOptions
from .records import BOM, kind

READABLE = "jsonl, ndjson or json (JSON Lines, json also an array), each also with .gz or .zst, or parquet"

Record = dict[str, Any]

_OBJECT = "a JSON object"
# Other than for documents, NaN stays the number that it is: cells are not changed.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def files_of(path: Path) -> list[tuple[Path, str]]:
    """The files of rows at a path and their names relative to it: itself, or those below a folder, sorted by name.

    Raises:
        InputError: when there is nothing at the path, or no file of rows in the folder.
    """
    if not path.is_dir():
        files.refuse_empty(path)
        return [(path, path.name)]
    found = [file for file in files.visible(path) if _format(file)]
    if not found:
        raise InputError(f"{path}: found no file of rows in the folder, expected names ending in {READABLE}")
    return [(file, file.relative_to(path).as_posix()) for file in found]


def records(path: Path) -> Iterator[tuple[int, Record | Damage]]:
    """Records of a file with their numbers; one that is damaged comes as what was found in its place.

    JSON Lines are numbered by their lines, from 0, and lines of blanks are no records; arrays and Parquet by position.

    Raises:
        InputError: for a file that is missing, empty, without records, damaged as a whole, in another encoding, or not
            what its name says.
    """
    files.refuse_empty(path)
    known = _format(path)
    if known is None:
        raise InputError(f"{path}: found a name that no reader of rows knows, expected one ending in {READABLE}")
    found = enumerate(table(path)[0].iter_rows(named=True)) if known[0] == "parquet" else _json(path, known[1])
    number = -1
    for number, record in found:
        yield number, record
    if number < 0:
        raise InputError(f"{path}: found no records, expected at least one")


def sound_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Records of a file as `records` numbers them, none of which may be damaged.

    Raises:
        InputError: as `records` does, and for the first damaged record.
    """
    for number, record in records(path):
        if isinstance(record, Damage):
            raise InputError(f"{where(path, number)}: {record.difference()}")
        yield number, record


def where(path: Path, number: int) -> str:
    """File and record in words, counted from 1: the line, where lines are records."""
    return f"{path}, {'line' if _suffix(path) in ('.jsonl', '.ndjson') else 'record'} {number + 1}"


def table(path: Path, columns: Sequence[str] | None = None) -> tuple[pl.DataFrame, list[str]]:
    """A Parquet file, or its columns that are among those named; and the names of all that it has.

    Raises:
        InputError: as `records` does, except that there may be no rows.
    """
    files.refuse_empty(path)
    files.head(path, "parquet", None)
    try:
        scan = pl.scan_parquet(path, glob=False)
        names = scan.collect_schema().names()
        return scan.select([name for name in names if columns is None or name in columns]).collect(), names
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        raise InputError(f"{path}: found damaged data ({reason}), expected a whole Parquet file") from error


def is_table(path: Path) -> bool:
    """Whether a file's name says Parquet."""
    return _format(path) == ("parquet", None)


def _format(path: Path) -> tuple[Format, Compression | None] | None:
    known = files.format_of(path.name)
    return known if known is not None and known[0] in ("jsonl", "parquet") else None


def _suffix(path: Path) -> str:
    """A name's ending without that of compression."""
    return (path.with_suffix("") if path.suffix.lower() in files.COMPRESSIONS else path).suffix.lower()


def _json(path: Path, compression: Compression | None) -> Iterator[tuple[int, Record | Damage]]:
    start = files.head(path, "jsonl", compression)[0].removeprefix(BOM.encode()).lstrip()
    with files.opened(str(path), compression) as stream:
        if not start.startswith(b"["):
            yield from _lines(stream)
        elif _suffix(path) == ".json":
            yield from _array(path, stream.read())
        else:
            raise InputError(f"{path}: found a JSON array, expected JSON Lines, one object a line")


def _lines(stream: Stream) -> Iterator[tuple[int, Record | Damage]]:
    number = 0
    limit = ReadOptions.max_record_bytes
    for chunk in jsonl.chunks(stream, files.BLOCK, limit):
        if isinstance(chunk, int):
            yield number, Damage(number, f"a record of {chunk} bytes", f"at most {limit}")
            number += 1
            continue
        for raw in chunk.removesuffix(b"\n").split(b"\n"):
            if raw and not raw.isspace():
                yield number, _line(number, raw)
            number += 1


def _line(number: int, raw: bytes) -> Record | Damage:
    try:
        line = raw.decode().lstrip(jsonl.BLANK + BOM).rstrip(jsonl.BLANK)
    except UnicodeDecodeError as error:
        return Damage(number, f"byte 0x{raw[error.start]:02x} at column {error.start + 1}", "UTF-8")
    record = jsonl.parse_object(line, _scan)
    if isinstance(record, str):
        return Damage(number, record, _OBJECT)
    return _paired(number, record) if "\\u" in line else record


def _array(path: Path, content: bytes) -> Iterator[tuple[int, Record | Damage]]:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: found a broken JSON array ({error}), expected a whole one") from error
    for number, value in enumerate(values):
        yield number, _paired(number, value) if isinstance(value, dict) else Damage(number, kind(value), _OBJECT)


def _paired(number: int, record: Record) -> Record | Damage:
    """The record, unless a text in it holds half of a surrogate pair: JSON can escape one, UTF-8 has none."""
    for key, value in record.items():
        try:
            json.dumps([key, value], ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Damage(number, f"half of a surrogate pair in {key!r}", "Unicode text")
    return record
