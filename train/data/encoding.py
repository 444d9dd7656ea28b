"""Rows as token ids, counted before the trainer sees them: nothing is cut or left out without a ledger row."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation import chat, tables
from curation.errors import InputError

from ..options.run import OutOfOrder, OverLong
from .cells import place

ENCODED = pl.Schema(
    {
        "row_id": pl.String(),
        "input_ids": pl.List(pl.Int32),
        "labels": pl.List(pl.Int32),  # the ids again, IGNORED where a token is not in the loss
    }
)
IGNORED = -100  # the label that the loss passes over
STAGE = "train.encode"
IN_ORDER = "^(system )?user( assistant user)*( assistant)?$"  # roles of a conversation, joined by spaces


@dataclass(frozen=True)
class Encoded:
    """Encoded rows, schema `ENCODED`, and the ledger of those that were dropped or split."""

    rows: pl.DataFrame
    ledger: pl.DataFrame


@dataclass(frozen=True)
class Encoder:
    """Turns rows into token ids for one model.

    Attributes:
        tokenizer: a tokenizer of transformers.
        end_ids: tokens at which the model stops generating; every answer must teach one of them.
        max_tokens: longest row.
        over_long: policy for longer rows.
        out_of_order: policy for conversations in which user and assistant do not take turns.
        embeddings: tokens that the model has an embedding for, if that is known.
    """

    tokenizer: Any
    end_ids: frozenset[int]
    max_tokens: int
    over_long: OverLong
    out_of_order: OutOfOrder = "refuse"
    embeddings: int | None = None

    def encode(self, rows: pl.DataFrame, source: str) -> Encoded:
        """Encode the rows (schema `data.ROWS`) of one source.

        A text row is followed by the end token. A raw completion is too, unless it ends with it; its tokens are those
        that follow the prompt's own, so that training sees the prompt exactly as generation will. In a conversation
        the loss is on the answers as the chat template renders them, their end tokens included. Rows with an answer
        without content, or without an answer, are dropped (`train.empty`), and conversations in which a turn spells
        out a special token, which would end that turn and begin another (`train.special_token`).

        Raises:
            InputError: for turns without a chat template or, under `refuse`, out of order, an answer whose end token
                the template leaves out, a token without an embedding, a row that is too long under `refuse` (or under
                `split`, where it is not plain text), or no row left.
        """
        reason = rows.select(
            pl.when(_empty()).then(pl.lit("train.empty"))
            .when(_misplaced() if self.out_of_order == "drop" else False).then(pl.lit("train.out_of_order"))
            .when(self.spelled(pl.col("turns"))).then(pl.lit("train.special_token"))
        ).to_series()  # fmt: skip
        whole = rows.filter(reason.is_null())
        ledger = [
            tables.ledger(_events(rows.filter(reason == rule), rule), STAGE, "drop", "samples")
            for rule in ("train.empty", "train.out_of_order", "train.special_token")
        ]
        parts: list[pl.DataFrame] = []
        for part in whole.iter_slices(1024):
            ids, labels = zip(*self._sequences(part, source), strict=True)
            counted = part.with_columns(
                input_ids=pl.Series(ids, dtype=pl.List(pl.Int32)),
                labels=pl.Series(labels, dtype=pl.List(pl.Int32)),
                tokens=pl.Series([len(one) for one in ids], dtype=pl.Int64),
            )
            parts.append(counted.filter(pl.col("tokens") <= self.max_tokens).select(list(ENCODED)))
            long = counted.filter(pl.col("tokens") > self.max_tokens)
            if long.height:
                pieces, events = self._over_long(long, source)
                parts.append(pieces)
                ledger.append(events)
        encoded = pl.concat(parts) if parts else tables.empty(ENCODED)
        if encoded.is_empty():
            rules = pl.concat(ledger)["rule"].value_counts().sort("rule")
            counts = ", ".join(f"{count} {rule}" for rule, count in rules.rows())
            raise InputError(f"{source}: none of {rows.height} rows is left to train on ({counts}; the limit is "
                             f"{self.max_tokens} tokens)")  # fmt: skip
        return Encoded(encoded, pl.concat(ledger))

    def sequences(self, rows: pl.DataFrame, source: str) -> Iterator[tuple[list[int], list[int]]]:
        """Ids and labels of each row (schema `data.ROWS`) as `encode` makes them, however long they are.

        Raises:
            InputError: for turns without a chat template or out of order, an answer whose end token the template leaves
                out, or a token without an embedding.
        """
        for part in rows.iter_slices(1024):
            yield from self._sequences(part, source)

    def spelled(self, turns: pl.Expr) -> pl.Expr:
        """Whether a turn of a conversation spells out a special token of the model."""
        special = [str(token) for token in self.tokenizer.added_tokens_decoder.values() if token.special]
        content = pl.element().struct.field("content")
        return turns.list.eval(content.str.contains_any(special)).list.any().fill_null(False)

    def known(self, ids: Sequence[int], row: Mapping[str, Any], source: str) -> None:
        """Refuse a token that the model has no embedding for.

        Raises:
            InputError: naming row and token.
        """
        if self.embeddings is not None and max(ids, default=0) >= self.embeddings:
            token = self.tokenizer.convert_ids_to_tokens(max(ids))
            raise InputError(f"{place(row, source)}: the tokenizer makes token {max(ids)} ({token!r}) of it, the model "
                             f"has embeddings for {self.embeddings} tokens, expected one for each; make the embedding "
                             "larger, or use the tokenizer that the model came with")  # fmt: skip

    def _sequences(self, part: pl.DataFrame, source: str) -> Iterator[tuple[list[int], list[int]]]:
        """Ids and labels of each row, every id with an embedding."""
        rows = list(part.iter_rows(named=True))
        for row, (ids, labels) in zip(rows, self._tokenised(rows, source), strict=True):
            self.known(ids, row, source)
            yield ids, labels

    def _tokenised(self, rows: Sequence[dict[str, Any]], source: str) -> Iterator[tuple[list[int], list[int]]]:
        """Ids and labels of each row; the tokenizer is called once for all raw texts and once for all rendered ones."""
        renderings = [self._renderings(row, source) if row["turns"] is not None else [] for row in rows]
        rendered = self._ids((text for texts in renderings for text in texts), special=False)
        raw = self._ids((text for row in rows for text in _raw(row)), special=True)
        for row, texts in zip(rows, renderings, strict=True):
            if row["text"] is not None:
                ids = self._ended(next(raw))
                yield ids, ids
            elif row["turns"] is not None:
                yield self._conversation([next(rendered) for _ in texts], row, source)
            else:
                asked, both = next(raw), next(raw)
                ids = self._ended(self._joined(asked, both, row["completion"]))
                start = _common(asked, ids)
                yield ids, [IGNORED] * start + ids[start:]

    def _ids(self, texts: Iterable[str], special: bool) -> Iterator[list[int]]:
        batch = list(texts)
        return iter(self.tokenizer(batch, add_special_tokens=special)["input_ids"] if batch else [])

    def _ended(self, ids: list[int]) -> list[int]:
        """The ids with the end token behind them, once."""
        return ids if ids and ids[-1] in self.end_ids else [*ids, self.tokenizer.eos_token_id]

    def _joined(self, asked: list[int], both: list[int], answer: str) -> list[int]:
        """Ids of prompt and answer that begin with the prompt's own ids.

        Where tokens merge across the border (a prompt that ends with a space), the answer is tokenised alone, if that
        spells the same text; else the merged tokens stay, since they are the only spelling.
        """
        if both[: len(asked)] == asked:
            return both
        apart = asked + self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return apart if self.tokenizer.decode(apart) == self.tokenizer.decode(both) else both

    def _renderings(self, row: dict[str, Any], source: str) -> list[str]:
        """A conversation as the chat template writes it: the whole, then of each answer its prompt and itself."""
        if not self.tokenizer.chat_template:
            raise InputError(
                f"{place(row, source)}: found turns, but the model has no chat template; expected strings as prompt "
                "and completion, or a model with a chat template"
            )
        turns = row["turns"]
        roles = [turn["role"] for turn in turns]
        answers = [n for n in range(row["answers_from"], len(turns)) if roles[n] == "assistant"]
        if not answers:
            raise InputError(
                f"{place(row, source)}: found turns of {roles}, expected one of the assistant to learn from"
            )
        # Many templates write any order down, and the model learns from a conversation that it will never see.
        if wrong := first_misplaced(roles):
            raise InputError(f"{place(row, source)}: turn {wrong} is of {roles[wrong - 1]!r} after "
                             f"{', '.join(roles[: wrong - 1][-3:]) or 'nothing'}, expected user and assistant in turn, "
                             "the user first, behind at most one system turn; or set out_of_order to drop")  # fmt: skip
        parts = [(turns, False)]
        for n in answers:
            parts += [(turns[:n], True), (turns[: n + 1], False)]
        try:
            return [chat.render(self.tokenizer, part, prompt) if part else "" for part, prompt in parts]
        except Exception as error:  # templates raise what they like, mostly about the order of roles
            raise InputError(
                f"{place(row, source)}: the chat template refuses the conversation "
                f"({str(error) or type(error).__name__})"
            ) from error

    def _conversation(
        self, rendered: list[list[int]], row: Mapping[str, Any], source: str
    ) -> tuple[list[int], list[int]]:
        """Ids and labels from the ids of `_renderings`; every answer must bring an end token."""
        ids = rendered[0]
        labels = [IGNORED] * len(ids)
        for asked, answered in zip(rendered[1::2], rendered[2::2], strict=True):
            start, end = _common(asked, ids), _common(answered, ids)
            if self.end_ids.isdisjoint(ids[start:end]):
                wanted = self.tokenizer.convert_ids_to_tokens(sorted(self.end_ids))
                raise InputError(
                    f"{place(row, source)}: the chat template writes {self.tokenizer.decode(ids[start:end])!r} without "
                    f"an end token, so that the model would never learn to stop; expected one of {wanted} behind the "
                    "answer"
                )
            labels[start:end] = ids[start:end]
        return ids, labels

    def _over_long(self, long: pl.DataFrame, source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Pieces and ledger rows of rows that are too long."""
        row = next(
            (row for row in long.iter_rows(named=True) if self.over_long != "split" or row["text"] is None), None
        )
        if self.over_long == "refuse" or (self.over_long == "split" and row is not None):
            assert row is not None
            hint = "only plain text can be split, set over_long to drop" if self.over_long == "split" else (
                "set max_tokens, or over_long to drop or split"
            )  # fmt: skip
            raise InputError(f"{place(row, source)}: {row['tokens']} tokens, the limit is {self.max_tokens}; {hint}")
        details: list[str | None] = [None] * long.height
        pieces = tables.empty(ENCODED)
        if self.over_long == "split":
            cut = [
                {"row_id": row["row_id"], "input_ids": ids, "labels": ids}
                for row in long.iter_rows(named=True)
                for ids in _cut(row["input_ids"], self.max_tokens)
            ]
            pieces = pl.DataFrame(cut, schema=ENCODED)
            details = [json.dumps({"pieces": -(-tokens // self.max_tokens)}) for tokens in long["tokens"]]
        events = _events(long, "train.over_long").with_columns(
            value=long["tokens"].cast(pl.Float64),
            threshold=pl.lit(float(self.max_tokens)),
            detail=pl.Series(details, dtype=pl.String),
        )
        return pieces, tables.ledger(events, STAGE, "split" if self.over_long == "split" else "drop", "samples")


def _empty() -> pl.Expr:
    """Whether a row has nothing to learn from: no text, no completion, or an answer without content."""
    blank = [pl.col(name).str.strip_chars() == "" for name in ("text", "completion")]
    role, content = (pl.element().struct.field(name) for name in ("role", "content"))
    learned = pl.col("turns").list.slice(pl.col("answers_from"))
    answer = learned.list.eval((role == "assistant") & (content.str.strip_chars() == "")).list.any()
    silent = ~learned.list.eval(role == "assistant").list.any()
    nothing = pl.col("text").is_null() & (pl.col("prompt").is_null() | pl.col("completion").is_null())
    return (
        pl.any_horizontal(*(expression.fill_null(False) for expression in (*blank, answer, silent)))
        | (nothing & pl.col("turns").is_null())
        | (pl.col("turns").list.len().fill_null(1) == 0)
    )


def _misplaced() -> pl.Expr:
    """Whether the turns of a conversation are out of order."""
    roles = pl.col("turns").list.eval(pl.element().struct.field("role")).list.join(" ")
    return (~roles.str.contains(IN_ORDER)).fill_null(False)


def first_misplaced(roles: Sequence[str]) -> int:
    """Number of the first turn, from 1, whose role is not the one that is due; 0 for none."""
    start = int(bool(roles) and roles[0] == "system")
    due = (("user", "assistant")[n % 2] for n in range(len(roles)))
    return next((n for n, (role, wanted) in enumerate(zip(roles[start:], due, strict=False), start + 1)
                 if role != wanted), 0)  # fmt: skip


def _raw(row: dict[str, Any]) -> tuple[str, ...]:
    if row["text"] is not None:
        return (row["text"],)
    return () if row["turns"] is not None else (row["prompt"], row["prompt"] + row["completion"])


def _events(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    return rows.select("row_id", "file", "record", rule=pl.lit(rule))


def _common(prefix: Sequence[int], ids: Sequence[int]) -> int:
    """Length of the common beginning."""
    if ids[: len(prefix)] == prefix:
        return len(prefix)
    return next((n for n, (left, right) in enumerate(zip(prefix, ids, strict=False)) if left != right),
                min(len(prefix), len(ids)))  # fmt: skip


def _cut(ids: list[int], limit: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), limit):
        yield ids[start : start + limit]
