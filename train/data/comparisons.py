"""Rows that say which answer is better, as they are read: pairs, answers with a label, answers with scores."""

import math
from collections.abc import Sequence
from itertools import takewhile
from os.path import commonprefix
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import rows

from . import cells
from .cells import Turns, place

COMPARISONS = pl.Schema(
    {
        "row_id": pl.String(),  # sample_id or doc_id where all rows of the file have it, else the content's id
        "file": pl.String(),  # relative to the source
        "record": pl.Int64(),  # number in the file, from 0: of its line in JSON Lines
        "form": pl.String(),  # pair, label or ranking
        "prompt": pl.String(),  # raw prompt, null in a conversation
        "asked": tables.TURNS,  # the conversation before the answers, null where the prompt is raw
        "answers": pl.List(pl.String()),  # of a pair: the better one, the worse one
        "scores": pl.List(pl.Float64()),  # of each answer, the higher the better; 1 and 0 in pairs and as labels
    }
)
IDS = ("sample_id", "doc_id")
EXPECTED = ("columns 'chosen' and 'rejected' (beside 'prompt', or two conversations with one beginning), 'prompt', "
            "'completion' and 'label', or 'prompt', 'responses' and 'scores'")  # fmt: skip
HUMAN, ASSISTANT = "\n\nHuman:", "\n\nAssistant:"  # the turns of hh-rlhf's texts (arXiv 2204.05862)


class _Wrong(Exception):
    """A key of a record, and what is wrong with it."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key!r} {problem}")


def load(path: Path) -> pl.DataFrame:
    """Read one source's comparisons, schema `COMPARISONS`, in the order of file names and records.

    A record holds `chosen` and `rejected`; `responses` and as many `scores`; or `completion` and a `label`, true where
    the answer is good. Prompt and answers are all strings, taken as they stand, or the prompt is a list of `{role,
    content}`: then an answer is one turn of the assistant, as a list or as a string. Chosen and rejected may hold the
    prompt themselves: conversations up to where they part, and hh-rlhf's texts up to the last `Assistant:` they share.

    Args:
        path: a file, or a folder whose files are read in the order of their names.

    Raises:
        InputError: for what no reader of rows can read and any record that is no comparison, naming file, record, key.
    """
    return pl.concat([_read(file, name) for file, name in rows.files_of(path)])


def pairs(found: pl.DataFrame, source: str) -> pl.DataFrame:
    """Comparisons as pairs: of a ranking, its best answer and its worst.

    Raises:
        InputError: for a row with a label, which has nothing to be compared with.
    """
    _refuse(found, "label", source, "an answer with a label", "pairs (chosen and rejected) or rankings")
    scores = pl.col("scores")
    last = scores.list.len().cast(pl.Int64) - 1  # the last of the worst: of equals two answers, for the ledger
    best_and_worst = pl.concat_list(scores.list.arg_max().cast(pl.Int64), last - scores.list.reverse().list.arg_min())
    ranked = found.filter(form="ranking").with_columns(
        pl.col("answers").list.gather(best_and_worst), scores.list.gather(best_and_worst), form=pl.lit("pair")
    )
    return pl.concat([found.filter(form="pair"), ranked]).sort("file", "record", maintain_order=True)


def labelled(found: pl.DataFrame, source: str) -> pl.DataFrame:
    """Comparisons as single answers with a label: of a pair two, `/chosen` and `/rejected` behind its id.

    Raises:
        InputError: for a ranking, whose scores do not say which answers are good.
    """
    _refuse(found, "ranking", source, "a ranking", "answers with a label, or pairs (chosen and rejected)")
    sides = [
        found.filter(form="pair").with_columns(
            pl.col("answers", "scores").list.slice(place, 1), row_id=pl.col("row_id") + "/" + name, form=pl.lit("label")
        )
        for place, name in enumerate(("chosen", "rejected"))
    ]
    return pl.concat([found.filter(form="label"), *sides]).sort("file", "record", maintain_order=True)


def rankings(found: pl.DataFrame, source: str) -> pl.DataFrame:
    """Comparisons as rankings: a pair is one of two answers.

    Raises:
        InputError: for a row with a label, which has nothing to be compared with.
    """
    _refuse(found, "label", source, "an answer with a label", "rankings or pairs (chosen and rejected)")
    return found.with_columns(form=pl.lit("ranking"))


def _refuse(found: pl.DataFrame, form: str, source: str, what: str, expected: str) -> None:
    for row in found.filter(form=form).head(1).iter_rows(named=True):
        raise InputError(f"{place(row, source)}: found {what}, expected {expected}")


def _read(file: Path, name: str) -> pl.DataFrame:
    read: list[dict[str, Any]] = []
    ids: list[Any] = []
    for number, record in rows.sound_records(file):
        try:
            content = _comparison({key: value for key, value in record.items() if value is not None})
        except _Wrong as wrong:
            raise InputError(f"{rows.where(file, number)}: {wrong}") from wrong
        identity = next((record[key] for key in IDS if record.get(key) is not None), None)
        ids.append(identity)
        read.append({"row_id": tables.fingerprint(list(content.values())), "file": name, "record": number, **content})
    frame = pl.DataFrame(read, schema=COMPARISONS)
    return frame if None in ids else frame.with_columns(row_id=pl.Series([str(one) for one in ids], dtype=pl.String))


def _comparison(record: dict[str, Any]) -> dict[str, Any]:
    """Form, prompt, answers and scores of a record."""
    for column in cells.BESIDE:
        if cells.held(record.get(column)):
            raise _Wrong(column, cells.APART)
    if "chosen" in record and "rejected" in record:
        prompt, answers = _pair(record)
        return _row("pair", prompt, answers, [1.0, 0.0])
    if "responses" in record and "scores" in record:
        prompt = _prompt(record)
        responses = record["responses"]
        if not isinstance(responses, list) or len(responses) < 2:
            raise _Wrong("responses", f"is {_kind(responses)}, expected a list of at least two")
        return _row("ranking", prompt, [_answer("responses", one, prompt) for one in responses],
                    _scores(record["scores"], len(responses)))  # fmt: skip
    if "completion" in record and "label" in record:
        prompt, label = _prompt(record), record["label"]
        if not isinstance(label, bool):
            raise _Wrong("label", f"is {label!r}, expected true or false")
        return _row("label", prompt, [_answer("completion", record["completion"], prompt)], [float(label)])
    raise _Wrong("keys", f"are {', '.join(record)}, expected {EXPECTED}")


def _row(form: str, prompt: str | Turns, answers: list[str], scores: list[float]) -> dict[str, Any]:
    raw = isinstance(prompt, str)
    return {"form": form, "prompt": prompt if raw else None, "asked": None if raw else prompt, "answers": answers,
            "scores": scores}  # fmt: skip


def _pair(record: dict[str, Any]) -> tuple[str | Turns, list[str]]:
    """Prompt, and chosen and rejected answer without it."""
    sides = {key: record[key] for key in ("chosen", "rejected")}
    texts = [side for side in sides.values() if isinstance(side, str)]
    if "prompt" in record:
        asked = _prompt(record)
        if isinstance(asked, str) and not texts:  # beside whole conversations the prompt is their first turn
            asked = [{"role": "user", "content": asked}]
        return asked, [_answer(key, side, asked) for key, side in sides.items()]
    if len(texts) == 2:
        shared = commonprefix(texts)
        end = shared.rfind(ASSISTANT) + len(ASSISTANT)
        if not shared.startswith(HUMAN) or end < len(ASSISTANT):
            expected = f"a 'prompt' or texts that begin with {HUMAN!r} and share an {ASSISTANT!r}"
            raise _Wrong("chosen", f"and 'rejected' share {shared[:40]!r} without a 'prompt', expected {expected}")
        return shared[:end], [text[end:] for text in texts]
    turns = {key: _turns(key, side) for key, side in sides.items()}
    steps = takewhile(lambda two: two[0] == two[1], zip(*turns.values(), strict=False))
    common = [turn for turn, _ in steps][: min(map(len, turns.values())) - 1]  # the last is an answer, in twins too
    return common, [_answer(key, one, common) for key, one in turns.items()]


def _prompt(record: dict[str, Any]) -> str | Turns:
    if "prompt" not in record:
        raise _Wrong("prompt", "is not there, expected a text or a list of {role, content}")
    if isinstance(record["prompt"], str):
        return record["prompt"]
    turns = _turns("prompt", record["prompt"])
    if turns and turns[-1]["role"] == "assistant":
        raise _Wrong("prompt", "ends with a turn of the assistant, expected one that the assistant answers")
    return turns


def _turns(key: str, value: Any) -> Turns:
    if not isinstance(value, list):
        raise _Wrong(key, f"is {_kind(value)}, expected text or a list of {{role, content}}")
    for turn in value:
        if problem := cells.problem_of(turn):
            raise _Wrong(key, problem)
    return [{"role": turn["role"], "content": turn["content"]} for turn in value]


def _answer(key: str, value: Any, prompt: str | Turns) -> str:
    """Text of an answer; its turns may begin with those of the prompt."""
    if isinstance(value, str):
        return value
    turns = _turns(key, value)
    if isinstance(prompt, str):
        raise _Wrong(key, "is a list of turns beside a 'prompt' of text, expected both of one form")
    if turns[: len(prompt)] == prompt:
        turns = turns[len(prompt) :]
    roles = [turn["role"] for turn in turns]
    if roles != ["assistant"]:
        raise _Wrong(key, f"has turns of {roles} after the prompt, expected one of the assistant")
    return turns[0]["content"]


def _scores(value: Any, answers: int) -> list[float]:
    scores: Sequence[Any] = value if isinstance(value, list) else ()
    numbers = [score for score in scores if isinstance(score, int | float) and not isinstance(score, bool)]
    if len(scores) != answers or len(numbers) != answers or not all(map(math.isfinite, numbers)):
        raise _Wrong("scores", f"is {value!r}, expected a number for each of {answers} responses")
    return [float(score) for score in numbers]


def _kind(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__
