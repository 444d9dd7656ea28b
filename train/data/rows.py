"""Training rows as they are read: our samples and documents, and the JSON and Parquet that other trainers read."""

from pathlib import Path
from typing import Literal

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows

from . import alpaca, cells
from .cells import Cells

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
CONTENT = ("messages", "prompt", "completion", "conversations", "instruction", "input", "output", "system", "history",
           "text")  # fmt: skip
LABEL = "label"  # of rows of KTO: whether an answer was liked
FORMS = ("messages", "prompt", "completion", "conversations", "instruction", "output", "text")  # which decide the form
EXPECTED = (
    "a column 'text', or 'prompt' and 'completion', or 'messages', or ShareGPT's 'conversations', or Alpaca's "
    "'instruction' and 'output'"
)
Form = Literal["messages", "pairs", "conversations", "alpaca", "text"]


def load(path: Path, text_column: str | None = None, chat: bool = True) -> pl.DataFrame:
    """Read one source's rows, schema `ROWS`, in the order of file names and records.

    Accepts `messages`, a list of `{role, content}`; `prompt` and `completion`, both strings or both such lists;
    ShareGPT's `conversations`, a list of `{from, value}`; Alpaca's `instruction`, `input` and `output`; or `text`. A
    file with several of these is read as the first of them, and may have no row that has another alone.

    Args:
        path: a file, or a folder whose files are read in the order of their names.
        text_column: read this column as `text`, whatever else there is.
        chat: whether Alpaca's rows become conversations; else they get the prompt that Alpaca was trained with.

    Raises:
        InputError: for what no reader of rows can read, any damaged record, or columns of another form, naming file and
            line or record.
    """
    read = pl.concat([_read(file, name, text_column, chat) for file, name in rows.files_of(path)])
    if read.is_empty():
        raise InputError(f"{path}: no rows, expected at least one")
    return read


def _read(file: Path, name: str, text_column: str | None, chat: bool) -> pl.DataFrame:
    wanted = (*CONTENT, LABEL, *cells.BESIDE) if text_column is None else (text_column,)
    found = cells.read(file, [*IDS, *wanted], texts=IDS)
    form = _form(found, text_column)
    if form != "text":
        found.alone()
    match form:
        case "messages":
            content = pl.DataFrame({"turns": found.turns("messages")}).with_columns(answers_from=pl.lit(0))
        case "pairs":
            _none_disliked(found)
            content = _pairs(found)
            if "text" in found:  # a row without prompt and completion is a document among questions
                alone = found.frame["prompt"].is_null() & found.frame["completion"].is_null()
                content = content.with_columns(text=found.strings("text").set(~alone, None))
        case "conversations":
            content = pl.DataFrame({"turns": _told(found)}).with_columns(answers_from=pl.lit(0))
        case "alpaca":
            content = alpaca.conversations(found) if chat else alpaca.prompts(found)
        case "text":
            content = pl.DataFrame({"text": found.strings(text_column or "text")})
    _one_form(found, content, form)
    ids = [column for column in IDS if column in found and not found.frame[column].null_count()]
    contents = (tables.fingerprint(row) for row in content.iter_rows())
    row_id = found.frame[ids[0]].cast(pl.String) if ids else pl.Series(list(contents), dtype=pl.String)
    record = pl.Series(found.numbers[: content.height], dtype=pl.Int64)
    return tables.complete(content.with_columns(row_id=row_id, file=pl.lit(name), record=record), ROWS)


def _form(found: Cells, text_column: str | None) -> Form:
    if text_column is not None:
        if text_column in found:
            return "text"
        raise InputError(f"{found.file}: found columns {', '.join(found.names)}, expected a column {text_column!r}")
    if "messages" in found:
        return "messages"
    if "prompt" in found and "completion" in found:
        return "pairs"
    if "conversations" in found:
        return "conversations"
    if "instruction" in found and "output" in found:
        return "alpaca"
    if "text" in found:
        return "text"
    compared = {"chosen", "rejected"} <= set(found.names)
    hint = "; pairs of a better and a worse answer are learned by method dpo, orpo, slic or reward" if compared else ""
    raise InputError(f"{found.file}: found columns {', '.join(found.names)}, expected {EXPECTED}{hint}")


def _one_form(found: Cells, content: pl.DataFrame, form: Form) -> None:
    """Refuse a row that has nothing of the file's form and something of another, which would go unread."""
    nothing = content.select(pl.all_horizontal(pl.all().exclude("answers_from").is_null())).to_series()
    for row in nothing.arg_true() if nothing.any() else ():
        other = next((name for name in FORMS if name in found and cells.held(found.frame[name][row])), None)
        if other is not None:
            raise found.error(row, other, f"stands in a row without {form!r}, the form of the file's other rows; "
                              "expected a file for each form")  # fmt: skip


def _none_disliked(found: Cells) -> None:
    """Refuse the rows of KTO, of which some answers are there to be avoided."""
    for row, label in enumerate(found.frame[LABEL] if LABEL in found else ()):
        if label is False:
            raise found.error(row, LABEL, "is false: the method that avoids such answers is kto; for others, expected "
                              "answers with true alone, or no such column")  # fmt: skip


def _pairs(found: Cells) -> pl.DataFrame:
    first = next((cell for cell in found.frame["prompt"] if cell is not None), "")
    if isinstance(first, str):
        return pl.DataFrame({column: found.strings(column) for column in ("prompt", "completion")})
    pair = {"asked": found.turns("prompt"), "answered": found.turns("completion")}
    return pl.DataFrame(pair).select(
        turns=pl.concat_list("asked", "answered"), answers_from=pl.col("asked").list.len().cast(pl.Int64)
    )


def _told(found: Cells) -> pl.Series:
    """ShareGPT's conversations, those of a row with a column `system` behind its text."""
    turns = found.shared("conversations").alias("turns")
    if "system" not in found:
        return turns
    told = found.strings("system")
    for row in (told.str.strip_chars() != "").arg_true():
        said = turns[row]
        if said is not None and "system" in said.struct.field("role"):
            raise found.error(row, "system", "has text, and 'conversations' has a turn of 'system': expected one")
    return alpaca.behind(told, turns)
