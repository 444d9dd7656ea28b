"""Prompts whose answers a model draws itself, and what the answers are checked against: read, encoded and counted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import chat, tables
from curation.checks import typed, typed_spec
from curation.errors import InputError
from curation.readers import rows

from . import cells
from .cells import place
from .encoding import Encoder, first_misplaced

PROMPTS = pl.Schema(
    {
        "row_id": pl.String(),  # sample_id or doc_id where all rows of the file have it, else the content's id
        "file": pl.String(),  # relative to the source
        "record": pl.Int64(),  # number in the file, from 0: of its line in JSON Lines
        "prompt": pl.String(),  # raw prompt, null in a conversation
        "turns": tables.TURNS,  # the conversation that is to be answered, null where the prompt is raw
        "references": pl.List(pl.String()),  # right answers, none where nothing is checked
        "check": pl.String(),  # kind of check, null where the row names none
        "choices": pl.List(pl.String()),  # of the check `choice`
    }
)
ENCODED = pl.Schema({**PROMPTS, "input_ids": pl.List(pl.Int32())})
EVENTS = pl.Schema({"row_id": pl.String, "file": pl.String, "record": pl.Int64, "rule": pl.String,
                    "detail": pl.String, "value": pl.Float64, "threshold": pl.Float64})  # fmt: skip
IDS = ("sample_id", "doc_id")
STAGE = "train.encode"


@dataclass(frozen=True)
class Encoded:
    """Encoded prompts, schema `ENCODED`, and the ledger of those that were dropped."""

    rows: pl.DataFrame
    ledger: pl.DataFrame


def load(path: Path) -> pl.DataFrame:
    """Read one source's prompts, schema `PROMPTS`, in the order of file names and records.

    A record holds `prompt`, a string or a list of `{role, content}`, or `messages`, of which the last answer is left
    out. Its `references` (a text or a list of texts) are what answers are checked against; without them the record's
    `completion`, or the answer of `messages`, is. `check` and `choices` say how.

    Args:
        path: a file, or a folder whose files are read in the order of their names.

    Raises:
        InputError: for what no reader of rows can read and any record of another form, naming file, record and key.
    """
    return pl.concat([_read(file, name) for file, name in rows.files_of(path)])


def encode(found: pl.DataFrame, source: str, encoder: Encoder, room: int, check: str) -> Encoded:
    """Encode prompts as generation will see them: raw ones as they stand, conversations by the chat template.

    A prompt is dropped when it is empty (`train.empty`), when nothing can be checked against its references
    (`train.unverifiable`), when a turn spells out a special token (`train.special_token`), and under `drop` when its
    turns are out of order (`train.out_of_order`) or there is no room for an answer (`train.over_long`).

    Args:
        found: schema `PROMPTS`.
        source: its name.
        encoder: of the model.
        room: tokens kept for an answer.
        check: kind of check of rows that name none, empty for none.

    Raises:
        InputError: for the policy `split`, turns without a chat template or that it refuses, an unknown check, a token
            without an embedding, a prompt that is too long or out of order under `refuse`, and no row left.
    """
    if encoder.over_long == "split":
        raise InputError("over_long is 'split', expected drop or refuse: a prompt that is cut asks something else")
    events: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    spelled = found.select(encoder.spelled(pl.col("turns"))).to_series()
    for row, special in zip(found.iter_rows(named=True), spelled, strict=True):
        row["check"] = row["check"] or check or None
        rule, detail, value = _reason(row, source, encoder), None, None
        rule = "train.special_token" if rule is None and special else rule
        if rule is None:
            row["input_ids"] = _ids(row, source, encoder)
            encoder.known(row["input_ids"], row, source)
            value = len(row["input_ids"])
            rule = "train.over_long" if value + room > encoder.max_tokens else None
            if rule and encoder.over_long == "refuse":
                raise InputError(
                    f"{place(row, source)}: {value} tokens and {room} of the answer, the limit is "
                    f"{encoder.max_tokens}; set max_new_tokens, max_tokens, or over_long to drop"
                )
        elif rule == "train.unverifiable":
            detail = json.dumps({"check": row["check"], "references": len(row["references"])})
        if rule is None:
            kept.append(row)
        else:
            events.append({name: row[name] for name in ("row_id", "file", "record")} | {
                "rule": rule, "detail": detail, "value": None if value is None else float(value),
                "threshold": None if value is None else float(encoder.max_tokens - room)})  # fmt: skip
    frame = pl.DataFrame(events, schema=EVENTS)
    if not kept:
        counts = ", ".join(f"{count} {rule}" for rule, count in frame["rule"].value_counts().sort("rule").rows())
        raise InputError(f"{source}: none of {found.height} prompts is left to train on ({counts})")
    return Encoded(pl.DataFrame(kept, schema=ENCODED), tables.ledger(frame, STAGE, "drop", "samples"))


def _read(file: Path, name: str) -> pl.DataFrame:
    read: list[dict[str, Any]] = []
    ids: list[Any] = []
    for number, record in rows.sound_records(file):
        content = _content(rows.where(file, number), {key: value for key, value in record.items() if value is not None})
        ids.append(next((record[key] for key in IDS if record.get(key) is not None), None))
        read.append({"row_id": tables.fingerprint(list(content.values())), "file": name, "record": number, **content})
    frame = pl.DataFrame(read, schema=PROMPTS)
    return frame if None in ids else frame.with_columns(row_id=pl.Series([str(one) for one in ids], dtype=pl.String))


def _content(where: str, record: dict[str, Any]) -> dict[str, Any]:
    key = "prompt" if "prompt" in record else "messages"
    for column in cells.BESIDE:
        if cells.held(record.get(column)):
            raise InputError(f"{where}: {column!r} {cells.APART}")
    if key not in record:
        raise InputError(f"{where}: found the keys {', '.join(record)}, expected 'prompt' or 'messages'")
    answer = record.get("completion")
    prompt = record[key]
    turns = None if isinstance(prompt, str) and key == "prompt" else _turns(where, key, prompt)
    if turns and turns[-1]["role"] == "assistant":
        answer = turns.pop()["content"]
    if isinstance(answer, list):
        answer = "".join(turn["content"] for turn in _turns(where, "completion", answer))
    references = _texts(where, "references", record.get("references", [] if answer is None else answer))
    check = record.get("check")
    if check is not None and check not in typed.ANSWER_KINDS:
        raise InputError(f"{where}: 'check' is {check!r}, expected one of {', '.join(typed.ANSWER_KINDS)}")
    return {"prompt": prompt if turns is None else None, "turns": turns, "references": references, "check": check,
            "choices": _texts(where, "choices", record.get("choices", []))}  # fmt: skip


def _turns(where: str, key: str, value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise InputError(f"{where}: {key!r} is {repr(value)[:80]}, expected a text or a list of {{role, content}}")
    for turn in value:
        if problem := cells.problem_of(turn):
            raise InputError(f"{where}: {key!r} {problem}")
    return [{"role": turn["role"], "content": turn["content"]} for turn in value]


def _texts(where: str, key: str, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"{where}: {key!r} is {value!r}, expected a text or a list of texts")
    return texts


def _reason(row: dict[str, Any], source: str, encoder: Encoder) -> str | None:
    """Rule by which a prompt is dropped before it is encoded, none where it stays."""
    turns = row["turns"]
    if not (turns[-1]["content"].strip() if turns else (row["prompt"] or "").strip()):
        return "train.empty"
    roles = [*(turn["role"] for turn in turns), "assistant"] if turns else []
    if wrong := first_misplaced(roles):
        if encoder.out_of_order == "drop":
            return "train.out_of_order"
        raise InputError(f"{place(row, source)}: turn {wrong} of prompt and answer is of {roles[wrong - 1]!r} after "
                         f"{', '.join(roles[: wrong - 1][-3:]) or 'nothing'}, expected user and assistant in turn, the "
                         "user first, behind at most one system turn; or set out_of_order to drop")  # fmt: skip
    kind = row["check"]
    if kind is not None and all(typed_spec.problem(kind, one, row["choices"]) for one in row["references"]):
        return "train.unverifiable"
    return None


def _ids(row: dict[str, Any], source: str, encoder: Encoder) -> list[int]:
    if row["turns"] is None:
        return encoder.tokenizer(row["prompt"])["input_ids"]
    if not encoder.tokenizer.chat_template:
        raise InputError(
            f"{place(row, source)}: found turns, but the model has no chat template; expected a string as prompt, "
            "or a model with a chat template"
        )
    try:
        text = chat.render(encoder.tokenizer, row["turns"])
    except Exception as error:  # templates raise what they like, mostly about the order of roles
        raise InputError(
            f"{place(row, source)}: the chat template refuses the conversation ({str(error) or type(error).__name__})"
        ) from error
    return encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
