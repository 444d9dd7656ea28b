"""Comparisons as token ids: one prompt, several answers, none of them cut."""

import json
from dataclasses import dataclass

import polars as pl

from curation import tables
from curation.errors import InputError

from . import rows as data
from .cells import place
from .encoding import IGNORED, Encoder, first_misplaced

ENCODED = pl.Schema(
    {
        "row_id": pl.String(),
        "prompt_ids": pl.List(pl.Int32),  # that all answers of the row follow
        "answers": pl.List(pl.List(pl.Int32)),  # each with its end token; of a pair: the better one, the worse one
        "scores": pl.List(pl.Float64),
    }
)
STAGE = "train.encode"
RULES = ("train.empty", "train.equal", "train.tie", "train.out_of_order", "train.special_token")


@dataclass(frozen=True)
class Encoded:
    """Encoded rows, schema `ENCODED`, and the ledger of those that were dropped."""

    rows: pl.DataFrame
    ledger: pl.DataFrame


def encode(found: pl.DataFrame, source: str, encoder: Encoder) -> Encoded:
    """Encode the comparisons (schema `comparisons.COMPARISONS`) of one source, as `Encoder` encodes each answer alone.

    A row is dropped when an answer of it is empty (`train.empty`), when one answer stands in it with two scores
    (`train.equal`), when it has several answers but no two scores (`train.tie`), when a turn spells out a special token
    (`train.special_token`), and under `drop` when its turns are out of order (`train.out_of_order`) or prompt and
    longest answer too long (`train.over_long`).

    Raises:
        InputError: for the policy `split`, a row that is too long under `refuse`, what `Encoder.sequences` refuses, and
            no row left.
    """
    if encoder.over_long == "split":
        raise InputError("over_long is 'split', expected drop or refuse: an answer that is cut is another answer")
    reason = pl.Series([_reason(*row) for row in found.select("answers", "scores").iter_rows()], dtype=pl.String)
    asked = pl.col("asked")
    turns = asked.list.concat(pl.col("answers").list.eval(pl.struct(role=pl.lit("assistant"), content=pl.element())))
    misplaced = pl.Series([encoder.out_of_order == "drop" and row is not None and first_misplaced(_roles(row)) > 0
                           for row in found["asked"].to_list()], dtype=pl.Boolean)  # fmt: skip
    reason = found.select(
        pl.when(reason.is_not_null()).then(reason)
        .when(misplaced).then(pl.lit("train.out_of_order"))
        .when(asked.is_not_null() & encoder.spelled(turns)).then(pl.lit("train.special_token"))
    ).to_series()  # fmt: skip
    ledger = [_dropped(found.filter(reason == rule), rule) for rule in RULES]
    parts: list[pl.DataFrame] = []
    for part in found.filter(reason.is_null()).iter_slices(512):
        encoded = _encoded(part, source, encoder)
        long = encoded.filter(pl.col("tokens") > encoder.max_tokens)
        for row in long.head(1 if encoder.over_long == "refuse" else 0).iter_rows(named=True):
            raise InputError(f"{place(row, source)}: {row['tokens']} tokens of prompt and longest answer, the limit is "
                             f"{encoder.max_tokens}; set max_tokens, or over_long to drop")  # fmt: skip
        ledger.append(_dropped(long, "train.over_long", float(encoder.max_tokens)))
        parts.append(encoded.filter(pl.col("tokens") <= encoder.max_tokens).select(list(ENCODED)))
    rows, dropped = pl.concat([tables.empty(ENCODED), *parts]), pl.concat(ledger)
    if rows.is_empty():
        counts = ", ".join(f"{count} {rule}" for rule, count in dropped["rule"].value_counts().sort("rule").rows())
        raise InputError(f"{source}: none of {found.height} rows is left to train on ({counts or 'there were none'})")
    return Encoded(rows, dropped)


def lengths(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each encoded row `tokens`, of every answer with the prompt before it, and `loss_tokens`, of the answers."""
    answers = pl.col("answers")
    own = answers.list.eval(pl.element().list.len()).list.sum().cast(pl.Int64)
    asked = pl.col("prompt_ids").list.len().cast(pl.Int64) * answers.list.len().cast(pl.Int64)
    return rows.select(tokens=own + asked, loss_tokens=own)


def _reason(answers: list[str], scores: list[float]) -> str | None:
    """Rule by which a row is dropped before it is encoded, none where it stays."""
    if not all(answer.strip() for answer in answers):
        return "train.empty"
    if len(set(zip(answers, scores, strict=True))) > len(set(answers)):
        return "train.equal"
    return "train.tie" if len(answers) > 1 and len(set(scores)) < 2 else None


def _roles(asked: list[dict[str, str]]) -> list[str]:
    """Of the turns before an answer, and of the answer."""
    return [*(turn["role"] for turn in asked), "assistant"]


def _encoded(part: pl.DataFrame, source: str, encoder: Encoder) -> pl.DataFrame:
    """Schema `ENCODED` with `file`, `record` and `tokens`, those of the longest answer with its prompt."""
    single = part.explode("answers")
    turn = pl.struct(role=pl.lit("assistant"), content=pl.col("answers"))
    asked = pl.col("asked")
    conversation = asked.is_not_null()
    content = single.select(
        "row_id", "file", "record", "prompt",
        completion=pl.when(~conversation).then("answers"),
        turns=pl.when(conversation).then(pl.concat_list(asked, turn)),
        answers_from=pl.when(conversation).then(asked.list.len().cast(pl.Int64)),
    )  # fmt: skip
    sequences = encoder.sequences(tables.complete(content, data.ROWS), source)
    rows = []
    for row in part.iter_rows(named=True):
        found = [next(sequences) for _ in row["answers"]]
        starts = [next(n for n, label in enumerate(labels) if label != IGNORED) for _, labels in found]
        start = min(starts)  # where an answer merges into the prompt, that end of the prompt is compared in all of them
        rows.append({
            "row_id": row["row_id"], "file": row["file"], "record": row["record"], "scores": row["scores"],
            "prompt_ids": found[0][0][:start], "answers": [ids[start:] for ids, _ in found],
            "tokens": max(len(ids) for ids, _ in found),
        })  # fmt: skip
    schema = {**ENCODED, "file": pl.String(), "record": pl.Int64(), "tokens": pl.Int64()}
    return pl.DataFrame(rows, schema=schema)


def _dropped(rows: pl.DataFrame, rule: str, limit: float | None = None) -> pl.DataFrame:
    events = rows.select("row_id", "file", "record", rule=pl.lit(rule))
    if limit is not None:
        events = events.with_columns(value=rows["tokens"].cast(pl.Float64), threshold=pl.lit(limit))
    else:
        details = [json.dumps({"answers": len(answers)}) for answers in rows["answers"]]
        events = events.with_columns(detail=pl.Series(details, dtype=pl.String))
    return tables.ledger(events, STAGE, "drop", "samples")
