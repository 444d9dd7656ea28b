"""Training rows as they are read: our samples and documents, and the JSON and Parquet that other trainers read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows

ROWS = pl.Schema(
    {
        "row_id": pl.String(),  # sample_id or doc_id where all rows of the file have it, else the content's id
        "file": pl.String(),  # relative to the source
        "record": pl.Int64(),  # number in the file, from 0: of its line in JSON Lines
        "text": pl.String(),  # plain text, all of it in the loss
        "prompt": pl.String(),  # raw prompt, out of the loss
        "completion": pl.String(),  # raw completion, in the loss
        "turns": tables.TURNS,  # a conversation for the chat template
        "answers_from": pl.Int64(),  # the assistant's turns from this one on are in the loss
    }
)
IDS = ("sample_id", "doc_id")
CONTENT = ("messages", "prompt", "completion", "text")
EXPECTED = "a column 'text', or 'prompt' and 'completion', or 'messages'"


def load(path: Path, text_column: str | None = None) -> pl.DataFrame:
    """Read one source's rows, schema `ROWS`, in the order of file names and records.

    Accepts `text`; `prompt` and `completion`, both strings or both lists of `{role, content}`; or `messages`. A file
    with several of these is read as the first of messages, prompt and completion, text.

    Args:
        path: a file, or a folder whose files are read in the order of their names.
        text_column: read this column as `text`, whatever else there is.

    Raises:
        InputError: for what no reader of rows can read, any damaged record, or columns of another form, naming file and
            line or record.
    """
    read = pl.concat([_read(file, name, text_column) for file, name in rows.files_of(path)])
    if read.is_empty():
        raise InputError(f"{path}: no rows, expected at least one")
    return read


@dataclass(frozen=True)
class _Cells:
    """The columns of a file that training reads, each cell as it stands there; `names` of all of its columns."""

    file: Path
    frame: pl.DataFrame
    names: Sequence[str]
    numbers: Sequence[int] = range(1 << 62)  # of the rows in the file

    def strings(self, column: str) -> pl.Series:
        cells = self.frame[column]
        if cells.dtype == pl.String:
            return cells
        values = list(cells)
        for row, value in enumerate(values):
            if value is not None and not isinstance(value, str):
                raise self._error(row, column, f"is {type(value).__name__}, expected a string")
        return pl.Series(column, values, dtype=pl.String)

    def turns(self, column: str) -> pl.Series:
        """Conversations: of each turn its role and content, which both must be text."""
        cells = self.frame[column]
        if cells.dtype == tables.TURNS:
            return cells
        values: list[list[dict[str, str]] | None] = []
        for row, cell in enumerate(cells):
            turns = list(cell) if isinstance(cell, pl.Series) else cell
            if turns is not None and not isinstance(turns, list):
                raise self._error(row, column, f"is {type(turns).__name__}, expected a list of {{role, content}}")
            for turn in turns or ():
                if not isinstance(turn, dict) or not all(isinstance(turn.get(key), str) for key in ("role", "content")):
                    raise self._error(row, column, f"has the turn {turn!r}, expected text under 'role' and 'content'")
            values.append(turns and [{"role": turn["role"], "content": turn["content"]} for turn in turns])
        return pl.Series(column, values, dtype=tables.TURNS)

    def _error(self, row: int, column: str, problem: str) -> InputError:
        return InputError(f"{rows.where(self.file, self.numbers[row])}: {column!r} {problem}")


def _read(file: Path, name: str, text_column: str | None) -> pl.DataFrame:
    wanted = [*IDS, *(CONTENT if text_column is None else (text_column,))]
    cells = _Cells(file, *rows.table(file, wanted)) if rows.is_table(file) else _json(file, wanted)
    columns = cells.frame.columns
    if text_column is None and "messages" in columns:
        content = pl.DataFrame({"turns": cells.turns("messages")}).with_columns(answers_from=pl.lit(0))
    elif text_column is None and "prompt" in columns and "completion" in columns:
        content = _pairs(cells)
    elif (text_column or "text") in columns:
        content = pl.DataFrame({"text": cells.strings(text_column or "text")})
    else:
        expected = EXPECTED if text_column is None else f"a column {text_column!r}"
        raise InputError(f"{file}: found columns {', '.join(cells.names)}, expected {expected}")
    ids = [column for column in IDS if column in columns and not cells.frame[column].null_count()]
    contents = (tables.fingerprint(row) for row in content.iter_rows())
    row_id = cells.frame[ids[0]].cast(pl.String) if ids else pl.Series(list(contents), dtype=pl.String)
    record = pl.Series(cells.numbers[: content.height], dtype=pl.Int64)
    return tables.complete(content.with_columns(row_id=row_id, file=pl.lit(name), record=record), ROWS)


def _json(file: Path, wanted: Sequence[str]) -> _Cells:
    numbers: list[int] = []
    values: dict[str, list[Any]] = {column: [] for column in wanted}
    names: dict[str, None] = {}
    for number, record in rows.sound_records(file):
        numbers.append(number)
        names.update(dict.fromkeys(record))
        for column, cells in values.items():
            cells.append(record.get(column))
    found = [
        pl.Series(column, cells, dtype=pl.String if column in IDS else pl.Object, strict=False)
        for column, cells in values.items()
        if column in names
    ]
    return _Cells(file, pl.DataFrame(found), list(names), numbers)


def _pairs(cells: _Cells) -> pl.DataFrame:
    first = next((cell for cell in cells.frame["prompt"] if cell is not None), "")
    if isinstance(first, str):
        return pl.DataFrame({column: cells.strings(column) for column in ("prompt", "completion")})
    pair = {"asked": cells.turns("prompt"), "answered": cells.turns("completion")}
    return pl.DataFrame(pair).select(
        turns=pl.concat_list("asked", "answered"), answers_from=pl.col("asked").list.len().cast(pl.Int64)
    )
