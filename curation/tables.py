"""The five tables that flow through the house, their schemas, their identifiers and the law of conservation."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import xxhash

IDS = pl.List(pl.String)
TURNS = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))

DOCUMENTS = pl.Schema(
    {
        "doc_id": pl.String(),  # 32 hex characters, unique: see `document_id`
        "content_id": pl.String(),  # 32 hex characters: xxh3-128 of the text as it was read
        "text": pl.String(),
        "source": pl.String(),  # data-set name, never an absolute path
        "file": pl.String(),  # relative to the input argument
        "record": pl.Int64(),  # number in the file, from 0
        "lang": pl.String(),  # ISO 639 code, null when not determined
        "meta": pl.String(),  # JSON object: the record's other fields as they were read
        "parents": IDS,  # ids of the documents it was cut from, empty when read from a file
    }
)

CHECK = pl.Struct({"name": pl.String, "score": pl.Float64, "threshold": pl.Float64, "passed": pl.Boolean})

SAMPLE_KEYS = pl.Schema(
    {
        "sample_id": pl.String(),
        "task": pl.String(),
        "origin": pl.String(),  # human, self_distilled, rehearsal, question_answer, ...
        "tier": pl.String(),  # verified_self, verified_rewrite, gold_fallback, new_knowledge; null where none applies
        "parents": IDS,  # ids of the documents or samples it was made from
        "generation": pl.String(),  # JSON object, null for a row no model wrote
        "checks": pl.List(CHECK),
    }
)

SAMPLE_KINDS: dict[str, pl.Schema] = {
    "text": pl.Schema({"text": pl.String}),
    "prompt_completion": pl.Schema({"prompt": TURNS, "completion": TURNS}),
    "preference": pl.Schema({"prompt": TURNS, "chosen": TURNS, "rejected": TURNS}),
    "label": pl.Schema({"prompt": TURNS, "completion": TURNS, "label": pl.Boolean()}),
    "ranking": pl.Schema({"prompt": TURNS, "responses": pl.List(TURNS), "scores": pl.List(pl.Float64)}),
    "prompt": pl.Schema({"prompt": TURNS}),
}

LEDGER = pl.Schema(
    {
        "row_id": pl.String,  # null for a record that could not be read
        "file": pl.String,
        "record": pl.Int64,
        "table": pl.String,  # documents or samples
        "stage": pl.String,
        "rule": pl.String,
        "action": pl.String,  # drop, edit, split, merge, fallback
        "value": pl.Float64,
        "threshold": pl.Float64,
        "duplicate_of": pl.String,
        "similarity": pl.Float64,
        "cluster_id": pl.Int64,
        "detail": pl.String,
    }
)
ACTIONS = ("drop", "edit", "split", "merge", "fallback")

EVALUATION = pl.Schema(
    {
        "model": pl.String,
        "stage": pl.String,
        "seed": pl.Int64,
        "task": pl.String,
        "item": pl.String,
        "source": pl.String,
        "cluster": pl.Int64,
        "metric": pl.String,
        "score": pl.Float64,
        "prediction": pl.String,
        "finish_reason": pl.String,  # of a generated answer, as in `model.Response`; else null
    }
)


class TableError(Exception):
    """A frame breaks its table's contract: a fault of ours, not of the user's input."""


def samples_schema(kind: str) -> pl.Schema:
    """Schema of a samples file of one kind (a key of `SAMPLE_KINDS`): trainer columns first, then `SAMPLE_KEYS`."""
    return pl.Schema({**SAMPLE_KINDS[kind], **SAMPLE_KEYS})


def check(frame: pl.DataFrame, schema: pl.Schema, key: str | None = None) -> pl.DataFrame:
    """Return `frame` unchanged if its columns, their order and types are exactly `schema`'s and `key` is unique.

    Raises:
        TableError: naming the first column that differs, or a repeated or missing key.
    """
    if frame.schema != schema or frame.columns != list(schema):
        for name, dtype in schema.items():
            if frame.schema.get(name) != dtype:
                raise TableError(f"column {name!r} is {frame.schema.get(name)}, expected {dtype}")
        raise TableError(f"columns are {frame.columns}, expected {list(schema)}")
    if key is not None and (frame[key].null_count() or frame[key].n_unique() != frame.height):
        raise TableError(f"column {key!r} is not a key: {frame.height} rows, {frame[key].n_unique()} distinct values")
    return frame


def empty(schema: pl.Schema) -> pl.DataFrame:
    """A frame of no rows with the given schema."""
    return pl.DataFrame(schema=schema)


def complete(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """`frame` with the missing columns of `schema` filled with nulls, in the schema's order and types.

    Raises:
        TableError: when the frame has a column that the schema does not know.
    """
    unknown = [name for name in frame.columns if name not in schema]
    if unknown:
        raise TableError(f"unknown columns {unknown}, expected some of {list(schema)}")
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def ledger(rows: pl.DataFrame, stage: str, action: str, table: str = "documents") -> pl.DataFrame:
    """Ledger rows of one stage and action from a frame with any of the other ledger columns.

    Args:
        rows: columns among `LEDGER`'s (`row_id`, `file`, `record`, `rule`, `value`, ...), one row an event.
        stage: name of the stage that decided.
        action: one of `ACTIONS`.
        table: `documents` or `samples`.
    """
    if action not in ACTIONS:
        raise TableError(f"action {action!r}, expected one of {ACTIONS}")
    known = rows.with_columns(stage=pl.lit(stage), action=pl.lit(action), table=pl.lit(table))
    return complete(known, LEDGER)


def content_id(text: str) -> str:
    """xxh3-128 of the text's UTF-8 bytes, 32 hex characters: the same text anywhere has the same id."""
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


def document_id(source: str, file: str, record: int, text: str) -> str:
    """xxh3-128 of data-set name, file, record number and original text, 32 hex characters, unique in a corpus."""
    fields = "\x00".join((source, file, str(record), text))
    return xxhash.xxh3_128_hexdigest(fields.encode("utf-8", "surrogatepass"))


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal text, so it can be hashed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(value: Any) -> str:
    """xxh3-128 of the canonical JSON of a value, 32 hex characters."""
    return content_id(canonical_json(value))


def sample_id(task: str, origin: str, content: Mapping[str, Any], parents: list[str], draw: int = 0) -> str:
    """xxh3-128 of what identifies a sample: task, origin, trainer columns, parents and the number of the draw."""
    return fingerprint([task, origin, dict(content), parents, draw])


def conserve(stage: str, rows_in: int, passed: int, dropped: int, consumed: int) -> None:
    """Assert that every input row is exactly one of passed, dropped or consumed.

    Raises:
        TableError: when rows in != passed + dropped + consumed.
    """
    if rows_in != passed + dropped + consumed:
        raise TableError(
            f"stage {stage!r} lost rows: {rows_in} in, {passed} passed + {dropped} dropped + {consumed} consumed"
        )
