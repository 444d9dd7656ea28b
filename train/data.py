"""Training rows as they are read: our samples and documents, and the JSONL and Parquet that other trainers read."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import polars as pl
import zstandard

from curation import tables
from curation.errors import InputError

ROWS = pl.Schema(
    {
        "row_id": pl.String(),  # sample_id or doc_id, else the content's id
        "file": pl.String(),  # relative to the source
        "record": pl.Int64(),  # number in the file, from 0
        "text": pl.String(),  # plain text, all of it in the loss
        "prompt": pl.String(),  # raw prompt, out of the loss
        "completion": pl.String(),  # raw completion, in the loss
        "turns": tables.TURNS,  # a conversation for the chat template
        "answers_from": pl.Int64(),  # the assistant's turns from this one on are in the loss
    }
)
SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst")
EXPECTED = "a column 'text', or 'prompt' and 'completion', or 'messages'"


def load(path: Path, text_column: str | None = None) -> pl.DataFrame:
    """Read one source's rows, schema `ROWS`, in the order of file names and records.

    Accepts `text`; `prompt` and `completion`, both strings or both lists of `{role, content}`; or `messages`. A file
    with several of these is read as the first of messages, prompt and completion, text.

    Args:
        path: a file, or a folder whose files are read in the order of their names.
        text_column: read this column as `text`, whatever else there is.

    Raises:
        InputError: for a missing or empty path, a type of file that is not known, a line that is not JSON, or columns
            of another form, naming file and line or record.
    """
    parts = [_read(file, name, text_column) for file, name in files(path)]
    rows = pl.concat(parts)
    if rows.is_empty():
        raise InputError(f"{path}: no rows, expected at least one")
    return rows


def files(path: Path) -> list[tuple[Path, str]]:
    """The data files of a source and their names relative to it, sorted by name.

    Raises:
        InputError: when there is nothing at the path, or no data file in the folder.
    """
    if path.is_dir():
        found = sorted(
            file for file in path.rglob("*") if file.is_file() and file.name.endswith(SUFFIXES) and file.name[0] != "."
        )
        if not found:
            raise InputError(f"{path}: no training rows in this folder, expected files ending in {', '.join(SUFFIXES)}")
        return [(file, file.relative_to(path).as_posix()) for file in found]
    if not path.is_file():
        raise InputError(f"{path}: no such file or folder, expected training rows")
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"{path}: not a known type of training rows, expected a name ending in {', '.join(SUFFIXES)}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty, expected training rows")
    return [(path, path.name)]


def _read(file: Path, name: str, text_column: str | None) -> pl.DataFrame:
    frame = _parquet(file, text_column) if file.name.endswith(".parquet") else _json_lines(file, text_column)
    columns = frame.columns
    if text_column is not None:
        if text_column not in columns:
            raise InputError(f"{file}: no column {text_column!r}, found {', '.join(columns)}")
        content = pl.DataFrame({"text": _strings(file, frame[text_column])})
    elif "messages" in columns:
        content = _turns(file, frame.select("messages"), "messages").with_columns(answers_from=pl.lit(0))
    elif "prompt" in columns and "completion" in columns:
        content = _pairs(file, frame)
    elif "text" in columns:
        content = pl.DataFrame({"text": _strings(file, frame["text"])})
    else:
        raise InputError(f"{file}: found columns {', '.join(columns)}, expected {EXPECTED}")
    ids = next((column for column in ("sample_id", "doc_id") if column in columns), None)
    if ids is not None:
        content = content.with_columns(row_id=frame[ids].cast(pl.String))
    else:
        content = content.with_columns(row_id=pl.Series([tables.fingerprint(row) for row in content.iter_rows()]))
    records = pl.int_range(pl.len(), dtype=pl.Int64)
    return tables.complete(content.with_columns(file=pl.lit(name), record=records), ROWS)


def _parquet(file: Path, text_column: str | None) -> pl.DataFrame:
    wanted = ("sample_id", "doc_id", "messages", "prompt", "completion", "text", text_column)
    try:
        columns = list(pl.read_parquet_schema(file))
        return pl.read_parquet(file, columns=[column for column in columns if column in wanted] or columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{file}: not a Parquet file ({str(error).splitlines()[0]})") from error


def _json_lines(file: Path, text_column: str | None) -> pl.DataFrame:
    """The columns of a JSON Lines file that training reads, each cell as it stands there."""
    wanted = ["sample_id", "doc_id", "messages", "prompt", "completion", "text"]
    if text_column is not None:
        wanted = ["sample_id", "doc_id", text_column]
    records: list[dict[str, Any]] = []
    seen: dict[str, None] = {}
    for line, record in _lines(file):
        if not isinstance(record, dict):
            raise InputError(f"{file}, line {line}: found {type(record).__name__}, expected a JSON object")
        seen.update(dict.fromkeys(record))
        records.append({column: record[column] for column in wanted if column in record})
    if not records:
        raise InputError(f"{file}: no rows, expected at least one")
    known = [column for column in wanted if column in seen]
    if not any(column in known for column in wanted[2:]):
        return pl.DataFrame(schema=dict.fromkeys(seen, pl.Null))  # for the message that lists the columns
    return pl.DataFrame(
        {column: pl.Series(column, [record.get(column) for record in records], dtype=pl.Object) for column in known}
    )


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers from 1 and what the lines say; blank lines are passed over."""
    try:
        with _open(file) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    try:
                        yield number, json.loads(line)
                    except json.JSONDecodeError as error:
                        where = f"{file}, line {number}"
                        raise InputError(f"{where}: not JSON ({error.msg}), expected an object") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (gzip.BadGzipFile, EOFError, zstandard.ZstdError) as error:
        raise InputError(f"{file}: not a whole compressed file ({error})") from error


def _open(file: Path) -> TextIO:
    if file.name.endswith(".gz"):
        return gzip.open(file, "rt", encoding="utf-8")
    if file.name.endswith(".zst"):
        return zstandard.open(file, "rt", encoding="utf-8")
    return file.open(encoding="utf-8")


def _pairs(file: Path, frame: pl.DataFrame) -> pl.DataFrame:
    prompt, completion = frame["prompt"], frame["completion"]
    first = next((cell for cell in prompt if cell is not None), "")
    if isinstance(first, str):
        return pl.DataFrame({"prompt": _strings(file, prompt), "completion": _strings(file, completion)})
    asked = _turns(file, frame.select("prompt"), "prompt")["turns"]
    answered = _turns(file, frame.select("completion"), "completion")["turns"]
    return pl.DataFrame({"asked": asked, "answered": answered}).select(
        turns=pl.concat_list("asked", "answered"), answers_from=pl.col("asked").list.len().cast(pl.Int64)
    )


def _strings(file: Path, cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.String:
        return cells
    values = list(cells)
    for record, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise InputError(
                f"{file}, record {record}: {cells.name!r} is {type(value).__name__}, expected a string"
                f"{' like the rows before it' if record else ''}"
            )
    return pl.Series(cells.name, values, dtype=pl.String)


def _turns(file: Path, frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Conversations as `turns`: of each turn its role and content, which both must be text."""
    cells = frame[column]
    if cells.dtype == tables.TURNS:
        return pl.DataFrame({"turns": cells})
    values = [None if cell is None else list(cell) if isinstance(cell, list | pl.Series) else cell for cell in cells]
    for record, turns in enumerate(values):
        where = f"{file}, record {record}: {column!r}"
        if turns is None:
            continue
        if not isinstance(turns, list):
            raise InputError(f"{where} is {type(turns).__name__}, expected a list of {{role, content}}")
        for turn in turns:
            if not isinstance(turn, dict) or not all(isinstance(turn.get(key), str) for key in ("role", "content")):
                raise InputError(f"{where} has the turn {turn!r}, expected text under 'role' and 'content'")
    plain = [
        None if turns is None else [{"role": turn["role"], "content": turn["content"]} for turn in turns]
        for turns in values
    ]
    return pl.DataFrame({"turns": pl.Series("turns", plain, dtype=tables.TURNS)})
