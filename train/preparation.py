"""From sources to the rows of every step: read, encoded, packed, mixed by tokens and counted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import xxhash
from datasets import Dataset
from trl import pack_dataset

from curation import tables
from curation.errors import InputError

from . import data, mixing
from .encoding import IGNORED, Encoder
from .options import Source, TrainOptions


@dataclass(frozen=True)
class Prepared:
    """What the trainer is given.

    Attributes:
        dataset: `input_ids`, `labels` and, packed, `seq_lengths`, in the order of training.
        steps: optimiser steps that it makes.
        tokens: int64 of shape (rows,), tokens of each row of the dataset.
        sources: by source name: `rows`, `tokens` and `loss_tokens` seen, `passes`, `available`, `dropped`, `split` and
            the `fingerprint` of its encoded rows.
        ledger: rows that were dropped or split.
    """

    dataset: Dataset
    steps: int
    tokens: np.ndarray
    sources: dict[str, dict[str, Any]]
    ledger: pl.DataFrame


@dataclass(frozen=True)
class _Part:
    """One source's rows ready to train on, and what became of the others."""

    frame: pl.DataFrame
    ids: list[str]
    tokens: np.ndarray
    loss_tokens: np.ndarray
    facts: dict[str, Any]
    ledger: pl.DataFrame


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode, pack and mix the sources of a run.

    Raises:
        InputError: for rows that cannot be read or trained on, and for two sources of one name.
    """
    names = [source.name for source in options.data]
    if len(set(names)) < len(names):
        raise InputError(f"data: sources are called {', '.join(names)}, expected different names")
    parts = [_part(source, options, encoder) for source in options.data]
    weights = [source.weight for source in options.data if source.weight is not None]
    plan = mixing.schedule(
        [part.ids for part in parts],
        [part.tokens for part in parts],
        weights or None,
        options.seed,
        None if options.steps is None else options.steps * options.batch_size,
        options.epochs,
    )
    starts = np.cumsum([0, *(len(part.ids) for part in parts)])
    table = Dataset.from_polars(pl.concat([part.frame for part in parts])).select(starts[plan.sources] + plan.rows)
    tokens = np.concatenate([part.tokens for part in parts])[starts[plan.sources] + plan.rows]
    seen = {name: _seen(parts[n], plan.rows[plan.sources == n]) for n, name in enumerate(names)}
    steps = -(-len(plan) // options.batch_size)
    return Prepared(table, steps, tokens, seen, pl.concat([part.ledger for part in parts]))


def _part(source: Source, options: TrainOptions, encoder: Encoder) -> _Part:
    rows = data.load(source.path, source.text_column)
    if options.method == "cpt" and rows["text"].null_count():
        raise InputError(f"{source.path}: found prompts and completions, expected a column 'text' for the method cpt")
    encoded = encoder.encode(rows, source.name)
    frame = encoded.rows
    frame = frame[mixing.order(frame["row_id"].to_list(), options.seed, 0)]
    digest = _digest(frame)
    if options.method == "cpt":
        frame = _packed(frame, encoder.max_tokens)
        ids = [str(number) for number in range(frame.height)]
    else:
        ids = frame["row_id"].to_list()
    lengths = frame["input_ids"].list.len().cast(pl.Int64).to_numpy()
    ignored = frame["labels"].list.count_matches(IGNORED).cast(pl.Int64).to_numpy()
    actions = encoded.ledger["action"]
    facts = {
        "fingerprint": digest,
        "available": {"rows": rows.height, "tokens": int(lengths.sum())},
        "dropped": int((actions == "drop").sum()),
        "split": int((actions == "split").sum()),
    }
    return _Part(frame.drop("row_id", strict=False), ids, lengths, lengths - ignored, facts, encoded.ledger)


def _packed(frame: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """Rows put together, none cut (all fit already), up to `max_tokens`; `seq_lengths` keeps attention inside each."""
    whole = Dataset.from_polars(frame.drop("row_id"))
    packed = pack_dataset(whole, max_tokens, "bfd_split").to_polars()
    before, after = (int(part["input_ids"].list.len().sum()) for part in (frame, packed))
    if before != after:
        raise tables.TableError(f"packing changed {before} tokens into {after}")
    return packed


def _seen(part: _Part, rows: np.ndarray) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "tokens": int(part.tokens[rows].sum()),
        "loss_tokens": int(part.loss_tokens[rows].sum()),
        "passes": round(len(rows) / len(part.ids), 4),
        **part.facts,
    }


def _digest(frame: pl.DataFrame) -> str:
    """xxh3-128 of what is trained on, in an order that does not depend on the files'."""
    state = xxhash.xxh3_128()
    for column in ("input_ids", "labels"):
        state.update(frame[column].list.len().to_numpy().tobytes())
        state.update(frame[column].explode(empty_as_null=False).to_numpy().tobytes())
    return state.hexdigest()
