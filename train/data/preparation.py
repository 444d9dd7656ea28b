"""From the encoded rows of several sources to those of every step: mixed by tokens, counted, in a fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import xxhash
from datasets import Dataset

from curation.errors import InputError

from ..devices import processes
from ..options.run import Source, TrainOptions
from . import mixing


@dataclass(frozen=True)
class Prepared:
    """What the trainer is given.

    Attributes:
        dataset: columns of the method, in the order of training.
        steps: optimiser steps that it makes.
        tokens: int64 of shape (rows,), tokens of each row of the dataset.
        sources: by source name: `rows`, `tokens` and `loss_tokens` seen, `passes`, `available`, `dropped`, `split` and
            the `fingerprint` of its encoded rows.
        ledger: rows that were dropped or split.
        held_out: encoded rows that measure the model and are not trained on, where the method has any.
    """

    dataset: Dataset
    steps: int
    tokens: np.ndarray
    sources: dict[str, dict[str, Any]]
    ledger: pl.DataFrame
    held_out: pl.DataFrame | None = None


@dataclass(frozen=True)
class Part:
    """One source's rows ready to train on, and what became of the others.

    Attributes:
        frame: columns of the method, a row each.
        ids: of the rows.
        tokens: int64 of shape (rows,), tokens of each row.
        loss_tokens: int64 of shape (rows,), those that are learned.
        facts: what the run card says of the source.
        ledger: rows that were dropped or split.
    """

    frame: pl.DataFrame
    ids: list[str]
    tokens: np.ndarray
    loss_tokens: np.ndarray
    facts: dict[str, Any]
    ledger: pl.DataFrame


def part(
    frame: pl.DataFrame,
    ids: list[str],
    tokens: np.ndarray,
    loss_tokens: np.ndarray,
    available: int,
    digest: str,
    ledger: pl.DataFrame,
) -> Part:
    """A source's part with its facts: `available` rows were read, `digest` is of those that are trained on."""
    actions = ledger["action"]
    facts = {
        "fingerprint": digest,
        "available": {"rows": available, "tokens": int(tokens.sum())},
        "dropped": int((actions == "drop").sum()),
        "split": int((actions == "split").sum()),
    }
    return Part(frame, ids, tokens, loss_tokens, facts, ledger)


def named_apart(sources: Sequence[Source]) -> None:
    """Refuse two sources of one name.

    Raises:
        InputError: naming them all.
    """
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise InputError(f"data: sources are called {', '.join(names)}, expected different names")


def mixed(options: TrainOptions, parts: Sequence[Part]) -> Prepared:
    """The rows of every step: of each source its share of the tokens, in an order drawn from the seed.

    Several processes get whole steps: a last one with too few rows is filled up with those that come next.
    """
    weights = [source.weight for source in options.data if source.weight is not None]

    def planned(rows: int | None) -> mixing.Schedule:
        return mixing.schedule(
            [part.ids for part in parts],
            [part.tokens for part in parts],
            weights or None,
            options.seed,
            rows,
            options.epochs,
            [number for number, source in enumerate(options.data) if source.ordered],
        )

    plan = planned(None if options.steps is None else options.steps * options.batch_size)
    if processes.count() > 1 and len(plan) % options.batch_size:
        plan = planned(-(-len(plan) // options.batch_size) * options.batch_size)
    starts = np.cumsum([0, *(len(part.ids) for part in parts)])
    table = Dataset.from_polars(pl.concat([part.frame for part in parts])).select(starts[plan.sources] + plan.rows)
    tokens = np.concatenate([part.tokens for part in parts])[starts[plan.sources] + plan.rows]
    seen = {
        source.name: _seen(part, plan.rows[plan.sources == number])
        for number, (source, part) in enumerate(zip(options.data, parts, strict=True))
    }
    steps = -(-len(plan) // options.batch_size)
    return Prepared(table, steps, tokens, seen, pl.concat([part.ledger for part in parts]))


def digest(frame: pl.DataFrame, columns: Sequence[str]) -> str:
    """xxh3-128 of the lists of token ids that are trained on, in an order that does not depend on the files'."""
    state = xxhash.xxh3_128()
    for column in columns:
        state.update(frame[column].list.len().to_numpy().tobytes())
        state.update(frame[column].explode(empty_as_null=False).to_numpy().tobytes())
    return state.hexdigest()


def _seen(part: Part, rows: np.ndarray) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "tokens": int(part.tokens[rows].sum()),
        "loss_tokens": int(part.loss_tokens[rows].sum()),
        "passes": round(len(rows) / len(part.ids), 4),
        **part.facts,
    }
