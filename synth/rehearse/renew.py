"""A buffer of texts that exists already, written anew by a newer checkpoint where it would no longer write them."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from curation import tables
from curation.boundaries import boundaries
from curation.errors import InputError
from curation.model import Generator, Request, Sampling, Scorer, ScoreRequest

from .. import held_out as held
from .. import likeness
from ..answers import answered
from ..drop import Drop
from ..novelty import NoveltyOptions, novel
from ..synthesised import Synthesised
from .options import ReplayOptions
from .refine import generation_of
from .refresh import event, held_out_event, ledger, summary
from .replay import Piece, languages, read
from .tokens import ModelTokens

TYPICAL = 0.95  # share of a model's own texts that are at least as likely to it as one it could have written
SAMPLES = tables.samples_schema("text")


class Model(Generator, Scorer, Protocol):
    """The newer checkpoint: it writes and scores."""


@dataclass
class _Row:
    """A row, the newer model's continuation of its first sentence, and nats a token of both under that model."""

    row: dict[str, Any]
    piece: Piece | None
    before: float | None = None
    after: float | None = None
    made: dict[str, Any] | None = None
    drop: Drop | None = None  # why the row stays although the model would not write it


def renew(
    buffer: pl.DataFrame,
    latest: Model,
    tokens: ModelTokens,
    options: ReplayOptions,
    seed: int,
    held_out: held.Given = (),
) -> Synthesised:
    """Ask a newer model for the texts of a buffer again, from their first sentences on, and replace what it would no
    longer write.

    A sampled text has no one answer, so that other words say nothing. A row stays where the newer model finds what
    follows its first sentence as likely as what it writes there itself: no more nats a token than 95 % of its own
    continuations have. The others are replaced by its continuation, as `refresh` replaces answers.

    Args:
        buffer: samples of `text`, of `replay` or any other method.
        latest: the newer checkpoint; rows that this very model wrote stay, and are not asked.
        tokens: its tokenizer.
        options: how it is sampled, and which texts are good enough, as for `replay`.
        seed: of what is drawn.
        held_out: prompts of the evaluation, or prompts and texts, which no row may repeat.

    Returns:
        As `refresh`: rows in the buffer's order, less those that repeat what is held out (`refresh.held_out`, `drop`);
        replaced ones have a new id and name the old one, which the ledger has (`refresh.replaced`, `edit`, with nats a
        token and the limit); one whose new text cannot be used, repeats another row or what is held out, and one of a
        single sentence, stays with the reason (`fallback`).

    Raises:
        InputError: for a table that is no buffer of texts.
    """
    check(buffer)
    barred = held.repeats(likeness.turns(buffer), likeness.passages(buffer), held_out, options)
    every = buffer.to_dicts()
    left = [row for row in every if row["sample_id"] not in barred]
    rows = _continued([row for row in left if _author(row) != latest.fingerprint], latest, tokens, options, seed)
    _scored(rows, latest, tokens)
    own = [one.after for one in rows if one.after is not None]
    limit = float(np.quantile(own, TYPICAL, method="higher")) if own else float("inf")
    unlike = [one for one in rows if one.before is not None and (one.before > limit or not own)]
    _replaced(unlike, latest, buffer, options, seed, held_out)
    found = {one.row["sample_id"]: one for one in rows}
    events = [held_out_event(row, barred[name]) for row in every if (name := row["sample_id"]) in barred]
    made, fate = [], Counter[str]()
    for row in left:
        one = found.get(row["sample_id"])
        made.append(row if one is None or one.made is None else one.made)
        if one is not None and one.made is not None:
            detail = {"replaced_by": one.made["sample_id"], "text": row["text"]}
            events.append(event(row, "edit", "replaced", one.before, limit, detail))
            fate["replaced"] += 1
        elif one is not None and one.drop is not None:
            drop = one.drop
            events.append(event(row, "fallback", drop.rule, drop.value, drop.threshold, drop.detail))
            fate[drop.rule] += 1
        else:
            fate["unchanged"] += 1
    samples = tables.check(pl.DataFrame(made, schema=SAMPLES), SAMPLES, "sample_id")
    tables.conserve("refresh", buffer.height, samples.height, len(barred), 0)
    asked = [one.piece.response for one in rows if one.piece is not None]
    facts = summary(left, samples, fate, asked, [], [row["task"] for row in every if row["sample_id"] in barred])
    facts["requests"] = len(asked)
    before = [one.before for one in rows if one.before is not None]
    facts["nats_per_token"] = {"before": _mean(before), "own": _mean(own), "limit": limit if own else None}
    return Synthesised(samples, ledger(events), facts)


def check(buffer: pl.DataFrame) -> None:
    """Refuse what is no buffer of texts.

    Raises:
        InputError: saying what was found.
    """
    if buffer.schema != SAMPLES:
        raise InputError(f"refresh: found columns {', '.join(buffer.columns)}, expected samples of text")
    if not buffer.height:
        raise InputError("refresh: found no rows, expected a buffer")


def _author(row: dict[str, Any]) -> str | None:
    """Fingerprint of the model that wrote a row, none where that is not known."""
    name = json.loads(row["generation"]).get("model") if row["generation"] else None
    return str(name) if name is not None else None


def _opening(text: str) -> str:
    """The first sentence of a text without white space before it, as `read` gives it; empty where nothing follows."""
    text = text.lstrip()
    places = [place for place in boundaries(text).places if text[place:].strip()]
    return text[: places[0]].rstrip() if places else ""


def _continued(
    rows: list[dict[str, Any]], latest: Generator, tokens: ModelTokens, options: ReplayOptions, seed: int
) -> list[_Row]:
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, seed=seed)
    openings = [_opening(row["text"]) for row in rows]
    requests = [
        Request(f"{row['sample_id']}-refreshed", tokens.start() + opening, sampling) if opening else None
        for row, opening in zip(rows, openings, strict=True)
    ]
    responses = answered([request for request in requests if request is not None], latest)
    found = []
    for row, opening, request in zip(rows, openings, requests, strict=True):
        one = _Row(row, None, drop=Drop("one_sentence"))
        if request is not None:
            piece = Piece(opening, request, responses[request.id, 0])
            read(piece, tokens, options)
            one = _Row(row, piece)
        found.append(one)
    languages([one.piece for one in found if one.piece is not None and one.piece.drop is None], options)
    return found


def _scored(rows: list[_Row], latest: Scorer, tokens: ModelTokens) -> None:
    """Nats a token of what follows the first sentence, of the row and of the newer model's own text."""
    requests = []
    for number, one in enumerate(rows):
        if one.piece is None:
            continue
        context, size = tokens.start() + one.piece.prefix, len(one.piece.prefix)
        requests.append(ScoreRequest(f"{number}-before", context, one.row["text"].lstrip()[size:]))
        if one.piece.drop is None and one.piece.text[size:].strip():
            requests.append(ScoreRequest(f"{number}-after", context, one.piece.text[size:]))
    for score in latest.score(requests) if requests else ():
        place, _, side = score.id.partition("-")
        one = rows[int(place)]
        nats = -score.total / len(score.logprobs) if score.logprobs else None
        if nats is None:
            one.drop = Drop("not_scored", detail={"why": score.error})
        elif side == "before":
            one.before = nats
        else:
            one.after = nats


def _replaced(
    rows: list[_Row], latest: Generator, buffer: pl.DataFrame, options: ReplayOptions, seed: int, held_out: held.Given
) -> None:
    """New rows, or why there are none: the text is unusable, or repeats what is held out or another text."""
    for one in rows:
        assert one.piece is not None
        if one.piece.drop is not None:
            one.drop = one.piece.drop
        elif one.after is None:
            one.drop = one.drop or Drop("empty")
    usable = {str(row["sample_id"]): one for one in rows if one.drop is None for row in [_made(one, latest)]}
    new = pl.DataFrame([one.made for one in usable.values()], schema=SAMPLES)
    limits = NoveltyOptions(near_duplicate=options.near_duplicate, long_words=options.long_words)
    for row in novel(new, (), held_out, limits, seed).ledger.iter_rows(named=True):
        one = usable[row["row_id"]]
        one.drop = Drop(row["rule"].removeprefix("novelty."), row["value"], row["threshold"])
    old = dict(buffer.select("text", "sample_id").iter_rows())
    for name, repeat in likeness.repeats(likeness.turns(new), list(old), options).items():
        if old[repeat.text] != usable[name].row["sample_id"]:
            detail = {"why": repeat.text}
            usable[name].drop = Drop("repeats_row", repeat.similarity, repeat.threshold, detail=detail)
    for one in usable.values():
        if one.drop is not None:
            one.made = None


def _made(one: _Row, latest: Generator) -> dict[str, Any]:
    assert one.piece is not None
    row, piece = one.row, one.piece
    content = {"text": piece.text}
    parents = [*dict.fromkeys([*row["parents"], row["sample_id"]])]
    said = {"method": "refresh", "prefix": piece.prefix, "trimmed": piece.trimmed, "replaces": row["sample_id"]}
    one.made = {
        **row,
        **content,
        "sample_id": tables.sample_id(row["task"], row["origin"], content, parents),
        "parents": parents,
        "generation": tables.canonical_json({**said, **generation_of(piece.request, piece.response, latest, None)}),
        "checks": [],
    }
    return one.made


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
