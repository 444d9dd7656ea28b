"""Alpaca's rows (`instruction`, `input`, `output`) as conversations, or under the prompt that Alpaca was trained with.

The prompt is that of the Stanford Alpaca project (Taori et al. 2023, `train.py`): the answer follows `### Response:`
with nothing between.
"""

import polars as pl

from curation import tables

from .cells import Cells, is_list

WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n"
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n"
)
INPUT, RESPONSE = "\n\n### Input:\n", "\n\n### Response:"


def conversations(found: Cells) -> pl.DataFrame:
    """Columns `turns` and `answers_from`: a question, with the input behind an empty line, and its answer.

    Rows without an instruction or an output have no turns. A text under `system` becomes the first turn.

    Raises:
        InputError: for cells that are no text, or a `history` that holds anything.
    """
    columns = _columns(found)
    question = pl.when("given").then(pl.col("instruction") + "\n\n" + pl.col("input")).otherwise("instruction")
    turns = columns.select(
        turns=pl.when(pl.col("instruction").is_not_null() & pl.col("output").is_not_null()).then(
            pl.concat_list(_turn("user", question), _turn("assistant", pl.col("output")))
        )
    )["turns"].cast(tables.TURNS)
    turns = behind(found.strings("system"), turns) if "system" in found else turns
    # Only the last turn answers.
    return pl.DataFrame({"turns": turns}).with_columns(answers_from=pl.col("turns").list.len().cast(pl.Int64) - 1)


def prompts(found: Cells) -> pl.DataFrame:
    """Columns `prompt` and `completion`, both raw.

    Raises:
        InputError: as `conversations` does, and for a text under `system`, which the prompt has no place for.
    """
    if "system" in found:
        told = found.strings("system")
        for row in (told.str.strip_chars() != "").arg_true():
            raise found.error(row, "system", "has text, expected none: Alpaca's prompt has no place for it")
    instruction, given = pl.col("instruction"), pl.col("input")
    return _columns(found).select(
        prompt=pl.when("given")
        .then(WITH_INPUT + instruction + INPUT + given + RESPONSE)
        .otherwise(WITHOUT_INPUT + instruction + RESPONSE),
        completion="output",
    )


def behind(system: pl.Series, turns: pl.Series) -> pl.Series:
    """The conversations, each behind the text of its system where there is one."""
    frame = pl.DataFrame({"system": system, "turns": turns})
    told = (pl.col("system").str.strip_chars() != "").fill_null(False) & pl.col("turns").is_not_null()
    first = pl.when(told).then(pl.concat_list(_turn("system", pl.col("system")))).otherwise(pl.lit([], tables.TURNS))
    return frame.select(turns=pl.concat_list(first, "turns"))["turns"]


def _columns(found: Cells) -> pl.DataFrame:
    """`instruction`, `input` (text, empty where there is none), whether one is `given`, and `output`."""
    if "history" in found:
        for row, cell in enumerate(found.frame["history"]):
            if not (cell is None or (is_list(cell) and not len(cell))):
                raise found.error(row, "history", "has turns, expected none: give the conversation as 'messages'")
    frame = pl.DataFrame({column: found.strings(column) for column in ("instruction", "output")})
    given = found.strings("input") if "input" in found else pl.Series([None] * frame.height, dtype=pl.String)
    return frame.with_columns(input=given.fill_null("")).with_columns(given=pl.col("input").str.strip_chars() != "")


def _turn(role: str, content: pl.Expr) -> pl.Expr:
    return pl.struct(role=pl.lit(role), content=content)
