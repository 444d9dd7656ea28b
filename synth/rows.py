"""Rows of a task set as users keep them, read into one frame: what is asked, the reference, and how to check it."""

import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

from curation import tables
from curation.checks.typed import ANSWER_KINDS
from curation.errors import InputError

ROWS = pl.Schema(
    {
        "sample_id": pl.String(),
        "task": pl.String(),
        "prompt": tables.TURNS,  # ends with a user's turn
        "completion": tables.TURNS,  # starts with the assistant's
        "answer": pl.String(),  # the bare answer that the completion gives, null where there is none
        "check": pl.String(),  # how an answer is compared: a kind of `curation.checks.typed`, null with no answer
        "choices": pl.List(pl.String),  # the options, for `choice`
        "file": pl.String(),  # the file's name
        "record": pl.Int64(),  # number in the file, from 0
    }
)

LAYOUTS = "prompt and completion, messages, instruction and output, or input and output"
PROMPT_ROLES = ("system", "user", "assistant", "tool")
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json", ".parquet")
MAGIC = {b"PAR1": "Parquet", b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "Zstandard"}
NAMED = {".parquet": "Parquet", ".gz": "gzip", ".zst": "Zstandard"}


@dataclass(frozen=True)
class Loaded:
    """Rows that were read (`ROWS`), and a ledger row for each record that was damaged."""

    rows: pl.DataFrame
    ledger: pl.DataFrame
    records: int


class _Damaged(Exception):
    """A record that does not hold a row: what was found, what was expected."""


def load(paths: Sequence[Path], task: str, kinds: Sequence[str] = ANSWER_KINDS, max_damaged: float = 0.001) -> Loaded:
    """Read rows from JSONL (plain, gzip, Zstandard), JSON arrays and Parquet.

    Records hold `prompt` and `completion` (strings or turns), `messages` (the last turn is the completion),
    `instruction`, `input` and `output` (Alpaca: the input may be empty), or `input` and `output`; beside them an
    optional `answer` (for the check `regex` a pattern), `check`, `choices`, `task` (or `task_name`) and
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
    for file in _files(paths):
        records = 0
        bad: list[dict[str, Any]] = []
        for number, record in _records(file):
            records += 1
            try:
                kept.append({**_row(record, task, kinds), "file": file.name, "record": number})
            except _Damaged as problem:
                bad.append({"file": file.name, "record": number, "rule": "read.row", "detail": str(problem)})
        if not records:
            raise InputError(f"{file}: found no records, expected rows with {LAYOUTS}")
        if len(bad) > (max(1, int(max_damaged * records)) if max_damaged else 0) or len(bad) == records:
            first = bad[0]
            raise InputError(
                f"{file}, record {first['record'] + 1}: {first['detail']} ({len(bad)} of {records} records are damaged)"
            )
        damaged.extend(bad)
    rows = pl.DataFrame(_identified(kept), schema=ROWS)
    ledger = tables.ledger(pl.DataFrame(damaged, schema=_DAMAGED), "read", "drop", "samples")
    tables.conserve("read", len(kept) + len(damaged), rows.height, ledger.height, 0)
    return Loaded(tables.check(rows, ROWS, "sample_id"), ledger, len(kept) + len(damaged))


_DAMAGED = pl.Schema({name: tables.LEDGER[name] for name in ("file", "record", "rule", "detail")})


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        if path.is_file():
            files.append(path)
            continue
        inside = sorted(file for file in path.rglob("*") if file.is_file() and file.name.endswith(SUFFIXES))
        if not inside:
            raise InputError(f"{path}: found no file of rows in the folder, expected {', '.join(SUFFIXES)}")
        files.extend(inside)
    return files


def _records(file: Path) -> Iterator[tuple[int, Any]]:
    """Every record with its number; one that is not JSON comes as the `_Damaged` that says so."""
    with file.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise InputError(f"{file}: the file is empty, expected rows with {LAYOUTS}")
    found = next((kind for sign, kind in MAGIC.items() if start.startswith(sign)), "text")
    named = NAMED.get(file.suffix, "text")
    if found != named:
        raise InputError(f"{file}: the content is {found}, but the name says {named}")
    if found == "Parquet":
        yield from _parquet(file)
        return
    try:
        content = _content(file, found)
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise InputError(f"{file}: damaged {found} file ({error})") from error
    if file.name.endswith(".json"):
        yield from enumerate(_array(file, content))
        return
    for number, line in enumerate(io.BytesIO(content)):
        if line.strip():
            yield number, _json(line, number)


def _content(file: Path, kind: str) -> bytes:
    raw = file.read_bytes()
    if kind == "gzip":
        return gzip.decompress(raw)
    if kind == "Zstandard":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return raw


def _array(file: Path, content: bytes) -> list[Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise InputError(f"{file}: not a JSON file ({error}); files of one record a line are named .jsonl") from error
    if not isinstance(value, list):
        raise InputError(f"{file}: found {type(value).__name__}, expected an array of records")
    return value


def _parquet(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        frame = pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{file}: damaged Parquet file ({error})") from error
    yield from enumerate(frame.iter_rows(named=True))


def _json(line: bytes, number: int) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig" if number == 0 else "utf-8"))
    except UnicodeDecodeError as error:
        return _Damaged(f"found bytes that are not UTF-8 at {error.start}, expected JSON text")
    except ValueError as error:
        return _Damaged(f"found a line that is not JSON ({error}), expected one object")


def _row(record: Any, task: str, kinds: Sequence[str]) -> dict[str, Any]:
    if isinstance(record, _Damaged):
        raise record
    if not isinstance(record, Mapping):
        raise _Damaged(f"found {type(record).__name__}, expected an object")
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
        "check": check if check is not None else ("short_answer" if answer is not None else None),
    }


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
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _Damaged(f"{key!r} holds half of a surrogate pair at {error.start}, expected Unicode text") from error
    return value


def _turns(record: Mapping[str, Any], key: str, role: str) -> list[dict[str, str]]:
    """A string as one turn of a role, or the turns that are there."""
    value = record[key]
    if not isinstance(value, list):
        return [{"role": role, "content": _text(record, key)}]
    if not value:
        raise _Damaged(f"{key!r} is an empty list, expected turns of role and content")
    turns = []
    for turn in value:
        if not isinstance(turn, Mapping) or turn.get("role") not in PROMPT_ROLES:
            raise _Damaged(f"{key!r} holds {str(turn)[:80]!r}, expected turns with a role of {', '.join(PROMPT_ROLES)}")
        turns.append({"role": turn["role"], "content": _text(turn, "content") if "content" in turn else _no_content()})
    return turns


def _no_content() -> str:
    raise _Damaged("a turn has no 'content'")


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
