"""Rows of a task set as users keep them, read into one frame: what is asked, the reference, and how to check it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.checks.typed import ANSWER_KINDS
from curation.errors import InputError
from curation.readers import Damage, rows

ROWS = pl.Schema(
    {
        "sample_id": pl.String(),
        "task": pl.String(),
        "prompt": tables.TURNS,  # ends with a user's turn
        "completion": tables.TURNS,  # starts with the assistant's
        "answer": pl.String(),  # the bare answer that the completion gives, null where there is none
        "check": pl.String(),  # how an answer is compared: a kind of `curation.checks.typed`, null with no answer
        "choices": pl.List(pl.String),  # the options, for `choice`
        "references": pl.List(pl.String),  # other texts that say what the completion says, null where there are none
        "file": pl.String(),  # relative to the path it was found by
        "record": pl.Int64(),  # number in the file, from 0: of its line in JSON Lines
    }
)

LAYOUTS = "prompt and completion, messages, instruction and output, or input and output"
PROMPT_ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Loaded:
    """Rows that were read (`ROWS`), and a ledger row for each record that was damaged."""

    rows: pl.DataFrame
    ledger: pl.DataFrame
    records: int


class _Damaged(Exception):
    """A record that does not hold a row: what was found, what was expected."""


def load(paths: Sequence[Path], task: str, kinds: Sequence[str] = ANSWER_KINDS, max_damaged: float = 0.001) -> Loaded:
    """Read rows from JSON Lines, arrays of JSON and Parquet (`curation.readers.rows`).

    Records hold `prompt` and `completion` (strings or turns), `messages` (the last turn is the completion),
    `instruction`, `input` and `output` (Alpaca: the input may be empty), or `input` and `output`; beside them an
    optional `answer` (for the check `regex` a pattern), `check`, `choices`, `references`, `task` (or `task_name`) and
    `sample_id`. Ids are hashes of the content; a repeated row gets the number of its repetition into its hash.

    Args:
        paths: files, or folders of files.
        task: name of the task for records that name none.
        kinds: allowed values of `check`.
        max_damaged: share of damaged records a file may have, at least one record; 0 allows none.

    Raises:
        InputError: for a missing, empty or mislabelled file, or too many damaged records, naming the first one's line.
    """
    kept: list[dict[str, Any]] = []
    damaged: list[dict[str, Any]] = []
    for file, name in (found for path in paths for found in rows.files_of(path)):
        records = 0
        bad: list[dict[str, Any]] = []
        for number, record in rows.records(file):
            records += 1
            try:
                kept.append({**_row(record, task, kinds), "file": name, "record": number})
            except _Damaged as problem:
                bad.append({"file": name, "record": number, "rule": "read.row", "detail": str(problem)})
        if len(bad) > (max(1, int(max_damaged * records)) if max_damaged else 0) or len(bad) == records:
            first = bad[0]
            where = rows.where(file, first["record"])
            raise InputError(f"{where}: {first['detail']} ({len(bad)} of {records} records are damaged)")
        damaged.extend(bad)
    frame = pl.DataFrame(_identified(kept), schema=ROWS)
    ledger = tables.ledger(pl.DataFrame(damaged, schema=_DAMAGED), "read", "drop", "samples")
    tables.conserve("read", len(kept) + len(damaged), frame.height, ledger.height, 0)
    return Loaded(tables.check(frame, ROWS, "sample_id"), ledger, len(kept) + len(damaged))


_DAMAGED = pl.Schema({name: tables.LEDGER[name] for name in ("file", "record", "rule", "detail")})


def _row(record: Mapping[str, Any] | Damage, task: str, kinds: Sequence[str]) -> dict[str, Any]:
    if isinstance(record, Damage):
        raise _Damaged(record.difference())
    prompt, completion = _both(record)
    if prompt[-1]["role"] != "user":
        raise _Damaged(f"the prompt ends with the role {prompt[-1]['role']!r}, expected 'user'")
    if completion[0]["role"] != "assistant":
        raise _Damaged(f"the completion starts with the role {completion[0]['role']!r}, expected 'assistant'")
    answer = record.get("answer")
    if answer is not None and not isinstance(answer, str | int | float):
        raise _Damaged(f"'answer' is {type(answer).__name__}, expected a string or number")
    check = record.get("check")
    if check is not None and check not in kinds:
        raise _Damaged(f"'check' is {check!r}, expected one of {', '.join(kinds)}")
    if check is not None and answer is None:
        raise _Damaged(f"'check' is {check!r} but there is no 'answer' to check against")
    choices = record.get("choices")
    if check == "choice" and not (isinstance(choices, list) and len(choices) > 1):
        raise _Damaged(f"'check' is 'choice' but 'choices' is {choices!r}, expected a list of two or more")
    named = record.get("task") or record.get("task_name") or task
    return {
        "sample_id": record.get("sample_id"),
        "task": str(named),
        "prompt": prompt,
        "completion": completion,
        "answer": _text(record, "answer") if isinstance(answer, str) else None if answer is None else str(answer),
        "choices": None if choices is None else [str(option) for option in choices],
        "references": _references(record),
        "check": check if check is not None else ("short_answer" if answer is not None else None),
    }


def _references(record: Mapping[str, Any]) -> list[str] | None:
    found = record.get("references")
    texts = isinstance(found, list) and all(isinstance(one, str) and one.strip() for one in found)
    if found is not None and not texts:
        raise _Damaged(f"'references' is {str(found)[:80]!r}, expected a list of texts")
    return found


def _both(record: Mapping[str, Any]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Turns of the prompt and of the completion of a record."""
    if "prompt" in record and "completion" in record:
        return _turns(record, "prompt", "user"), _turns(record, "completion", "assistant")
    if "messages" in record:
        turns = _turns(record, "messages", "user")
        if len(turns) < 2:
            raise _Damaged("'messages' has one turn, expected a question and its answer")
        return turns[:-1], turns[-1:]
    if "instruction" in record and "output" in record:
        parts = [_text(record, "instruction")]
        if record.get("input"):
            parts.append(_text(record, "input"))
        prompt = "\n\n".join(parts)
        return [{"role": "user", "content": prompt}], _turns(record, "output", "assistant")
    if "input" in record and "output" in record:
        return _turns(record, "input", "user"), _turns(record, "output", "assistant")
    raise _Damaged(f"found the keys {', '.join(map(repr, record)) or 'none'}, expected {LAYOUTS}")


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record[key]
    if not isinstance(value, str) or not value.strip():
        raise _Damaged(f"{key!r} is {'empty' if isinstance(value, str) else type(value).__name__}, expected text")
    return value


def _turns(record: Mapping[str, Any], key: str, role: str) -> list[dict[str, str]]:
    """A string as one turn of a role, or the turns that are there."""
    value = record[key]
    if not isinstance(value, list):
        return [{"role": role, "content": _text(record, key)}]
    if not value:
        raise _Damaged(f"{key!r} is an empty list, expected turns of role and content")
    for turn in value:
        if not isinstance(turn, Mapping) or turn.get("role") not in PROMPT_ROLES or "content" not in turn:
            roles = ", ".join(PROMPT_ROLES)
            raise _Damaged(f"{key!r} holds {str(turn)[:80]!r}, expected turns of content and a role of {roles}")
    return [{"role": turn["role"], "content": _text(turn, "content")} for turn in value]


def _identified(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their ids: the one they came with (a row of an earlier step), else the hash of their content."""
    seen: dict[str, int] = {}
    for row in rows:
        content = {"prompt": row["prompt"], "completion": row["completion"]}
        base = row["sample_id"] or tables.sample_id(row["task"], "human", content, [])
        draw = seen.get(base, 0)
        seen[base] = draw + 1
        row["sample_id"] = tables.sample_id(row["task"], "human", content, [], draw) if draw else base
    return rows
