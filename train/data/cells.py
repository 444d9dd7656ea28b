"""Columns of a file of rows as they stand there, read as texts or conversations, each mistake named by its record."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows

ROLES = ("system", "user", "assistant")
# ShareGPT's names for them, and those of its many descendants.
SPEAKERS = {"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "assistant": "assistant",
            "system": "system"}  # fmt: skip
CALLS = ("tool_calls", "function_call")
THOUGHTS = ("thinking", "reasoning_content")
# Columns beside a conversation or an answer that belong to it; what is left without them says something else.
BESIDE = ("tools", "image", "images", "video", "videos", "audio", "audios")
APART = "holds something, expected nothing: rows are trained on as texts alone"
Turns = list[dict[str, str]]


@dataclass(frozen=True)
class Cells:
    """The columns of a file that are read.

    Attributes:
        file: where they stand.
        frame: the columns, each cell as it was read.
        names: of all columns of the file.
        numbers: of the rows in the file, from 0: of their lines in JSON Lines.
    """

    file: Path
    frame: pl.DataFrame
    names: Sequence[str]
    numbers: Sequence[int] = range(1 << 62)

    def __contains__(self, column: str) -> bool:
        return column in self.frame.columns

    def strings(self, column: str) -> pl.Series:
        """A column of texts.

        Raises:
            InputError: for a cell that is neither text nor null.
        """
        cells = self.frame[column]
        if cells.dtype == pl.String:
            return cells
        values = list(cells)
        for row, value in enumerate(values):
            if value is not None and not isinstance(value, str):
                raise self.error(row, column, f"is {type(value).__name__}, expected a string")
        return pl.Series(column, values, dtype=pl.String)

    def turns(self, column: str) -> pl.Series:
        """A column of conversations: lists of `{role, content}`, type `tables.TURNS`.

        Raises:
            InputError: for another form, a role that is none of `ROLES`, or calls of tools, which are not read.
        """
        cells = self.frame[column]
        if cells.dtype == tables.TURNS and _plain(cells):
            return cells
        return self._conversations(column, "role", "content", dict(zip(ROLES, ROLES, strict=True)))

    def shared(self, column: str) -> pl.Series:
        """The same from ShareGPT's lists of `{from, value}`; lists of `{role, content}` under its name are read too.

        Raises:
            InputError: as `turns` does.
        """
        first = next((turns[0] for turns in self.frame[column] if is_list(turns) and len(turns)), None)
        if isinstance(first, Mapping) and "role" in first:
            return self.turns(column)
        return self._conversations(column, "from", "value", SPEAKERS)

    def alone(self) -> None:
        """Refuse definitions of tools, images and the like beside the texts of a row.

        Raises:
            InputError: for the first cell of a column of `BESIDE` that holds something.
        """
        for column in BESIDE:
            for row, cell in enumerate(self.frame[column] if column in self else ()):
                if held(cell):
                    raise self.error(row, column, APART)

    def error(self, row: int, column: str, problem: str) -> InputError:
        """What is wrong with a cell, in a sentence that names file, record and column."""
        return InputError(f"{rows.where(self.file, self.numbers[row])}: {column!r} {problem}")

    def _conversations(self, column: str, speaker: str, said: str, roles: Mapping[str, str]) -> pl.Series:
        values: list[Turns | None] = []
        for row, cell in enumerate(self.frame[column]):
            if cell is not None and not is_list(cell):
                raise self.error(row, column, f"is {type(cell).__name__}, expected a list of {{{speaker}, {said}}}")
            turns: Turns = []
            for turn in cell if cell is not None else ():
                problem = problem_of(turn, speaker, said, roles)
                if problem:
                    raise self.error(row, column, problem)
                turns.append({"role": roles[turn[speaker]], "content": turn[said]})
            values.append(None if cell is None else turns)
        return pl.Series(column, values, dtype=tables.TURNS)


def read(file: Path, wanted: Sequence[str], texts: Sequence[str] = ()) -> Cells:
    """The wanted columns of a file, those that it has.

    Args:
        file: Parquet, JSON Lines or JSON.
        wanted: names of the columns.
        texts: those among them that are read as text whatever they hold (ids).

    Raises:
        InputError: for what no reader of rows can read, and for any damaged record.
    """
    if rows.is_table(file):
        return Cells(file, *rows.table(file, list(wanted)))
    numbers: list[int] = []
    values: dict[str, list[Any]] = {column: [] for column in wanted}
    names: dict[str, None] = {}
    for number, record in rows.sound_records(file):
        numbers.append(number)
        names.update(dict.fromkeys(record))
        for column, cells in values.items():
            cells.append(record.get(column))
    found = [
        pl.Series(column, [_text(cell) for cell in cells], dtype=pl.String)
        if column in texts
        else pl.Series(column, cells, dtype=pl.Object)
        for column, cells in values.items()
        if column in names
    ]
    return Cells(file, pl.DataFrame(found), list(names), numbers)


def is_list(cell: Any) -> bool:
    """Whether a cell holds a list, as JSON or as Parquet gives it."""
    return isinstance(cell, list | pl.Series)


def _text(cell: Any) -> str | None:
    """A cell of JSON as text: a text is itself, anything else as JSON has it."""
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _plain(cells: pl.Series) -> bool:
    """Whether each turn of a typed column has a known role and a content."""
    turns = cells.drop_nulls().explode(empty_as_null=False)
    role, content = turns.struct.field("role"), turns.struct.field("content")
    return bool(role.is_in(list(ROLES)).fill_null(False).all()) and not content.null_count()


def problem_of(turn: Any, speaker: str = "role", said: str = "content", roles: Collection[str] = ROLES) -> str | None:
    """What is wrong with a turn, none where it is one of text alone."""
    if not isinstance(turn, Mapping) or not all(isinstance(turn.get(key), str) for key in (speaker, said)):
        return f"has the turn {str(turn)[:80]!r}, expected text under {speaker!r} and {said!r}"
    if turn[speaker] not in roles:
        return f"has a turn of {turn[speaker][:80]!r}, expected {', '.join(roles)}: turns of tools are not trained on"
    call = next((key for key in CALLS if turn.get(key)), None)
    if call:
        return f"has a turn with {call!r}, expected text alone: calls of tools are not trained on"
    thought = next((key for key in THOUGHTS if turn.get(key)), None)
    return f"has a turn with {thought!r}, expected all that is to be learned under {said!r}" if thought else None


def held(cell: Any) -> bool:
    """Whether a cell holds anything."""
    return not cell.is_empty() if isinstance(cell, pl.Series) else bool(cell) and cell != "[]"


def place(row: Mapping[str, Any], source: str) -> str:
    """Source, file and record of a row that was read, in words and counted from 1 as readers do, and its id."""
    path = Path(source) if source == row["file"] else Path(source, row["file"])
    return f"{rows.where(path, row['record'])} ({row['row_id']})"
