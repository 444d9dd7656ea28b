"""Replay without demonstrations: what a model was trained on, sampled from the model alone.

`replay` does all of it with one engine; `drawn` and `settled` are its steps, for a model that answers other than the
one that asks.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from curation import tables
from curation.checks import typed
from curation.languages import identify
from curation.model import Generator, Request, Response, Sampling
from curation.sample import hashes

from ..answers import answered
from ..drop import Drop, ledger
from ..held_out import Given
from ..novelty import NoveltyOptions, novel
from ..outliers import outliers
from ..synthesised import Synthesised
from .budget import held
from .endings import trimmed
from .markers import role_marker
from .options import ReplayOptions
from .refine import generation_of, unusable
from .tokens import ModelTokens

STAGE = "replay"
TASK = "replay"


@dataclass
class Piece:
    """One request and what became of it: the text, and for a chat model the answer to it."""

    prefix: str
    request: Request
    response: Response
    text: str = ""
    trimmed: int = 0  # characters after the last whole sentence
    answer: str = ""
    answered: dict[str, Any] | None = None
    drop: Drop | None = None

    @property
    def key(self) -> str:
        """Id of the request and number of the sample."""
        return f"{self.request.id}-{self.request.sample}"


def replay(
    generator: Generator,
    tokens: ModelTokens,
    options: ReplayOptions,
    seed: int,
    held_out: Given = (),
) -> Synthesised:
    """Sample a model and keep what is whole, varied and clean; see `ReplayOptions`.

    Args:
        generator: the model whose knowledge is to be kept.
        tokens: its tokenizer.
        options: see there.
        seed: of everything drawn.
        held_out: prompts of the evaluation, or prompts and texts, which no sample may repeat.

    Returns:
        Samples, `text` or `prompt_completion` by `kind`, sorted by id; a ledger row for every draw that is in none;
        the report: yield by reason, tokens, lengths.
    """
    return settled(drawn(generator, tokens, options, seed), generator, generator, tokens, options, seed, held_out)


def drawn(generator: Generator, tokens: ModelTokens, options: ReplayOptions, seed: int) -> list[Piece]:
    """Documents or users' turns as the model wrote them, each whole one checked by itself; in the order of keys.

    Raises:
        InputError: for chats of a model without a chat template.
    """
    opening = tokens.opening() if options.kind == "chat" else None
    stop = (opening.stop,) if opening is not None and opening.stop else ()
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, stop=stop, seed=seed)
    start = tokens.start() if opening is None else opening.text
    prefixes = [""] if opening is not None else list(dict.fromkeys(options.prefixes))
    requests = []
    for number in range(options.draws):
        prefix = prefixes[number % len(prefixes)]
        name = tables.fingerprint([STAGE, options.kind, prefix])
        requests.append((prefix, Request(name, start + prefix, sampling, number // len(prefixes))))
    responses = answered([request for _, request in requests], generator)
    pieces = [Piece(prefix, request, responses[request.id, request.sample]) for prefix, request in requests]
    for piece in pieces:
        read(piece, tokens, options)
    languages([piece for piece in pieces if piece.drop is None], options)
    return sorted(pieces, key=lambda piece: piece.key)


def settled(
    pieces: list[Piece],
    generator: Generator,
    latest: Generator,
    tokens: ModelTokens,
    options: ReplayOptions,
    seed: int,
    held_out: Given = (),
) -> Synthesised:
    """Answers to users' turns, duplicates out, and what the budget holds; only the name of `generator` is used."""
    if options.kind == "chat":
        _answer([piece for piece in pieces if piece.drop is None], latest, tokens, options)
    kind = "text" if options.kind == "text" else "prompt_completion"
    schema = tables.samples_schema(kind)
    left = [piece for piece in pieces if piece.drop is None]
    rows = pl.DataFrame([_sample(piece, generator, options) for piece in left], schema=schema)
    by_id = dict(zip(rows["sample_id"], left, strict=True))
    limits = NoveltyOptions(near_duplicate=options.near_duplicate, long_words=options.long_words)
    split = novel(rows, (), held_out, limits, seed)
    for row in split.ledger.iter_rows(named=True):
        twin = by_id.get(row["duplicate_of"] or "")
        detail = {"repeats": json.loads(row["detail"]).get("repeats")}
        by_id[row["row_id"]].drop = Drop(row["rule"], row["value"], row["threshold"],
                                         None if twin is None else twin.key, row["similarity"], detail)  # fmt: skip
    fresh = [by_id[name] for name in split.kept.sort("sample_id")["sample_id"]]
    texts = [piece.text for piece in fresh]
    odd = outliers(texts, (), options.clusters, options.outliers, options.dimensions, seed)
    for at, drop in odd.drops.items():
        fresh[at].drop = drop
    names = [name for name, piece in by_id.items() if piece.drop is None]
    spent = _within_budget(sorted(names), by_id, tokens, options, seed)
    names = [name for name, piece in by_id.items() if piece.drop is None]
    samples = tables.check(rows.filter(pl.col("sample_id").is_in(names)).sort("sample_id"), schema, "sample_id")
    dropped = _dropped(pieces)
    tables.conserve(STAGE, len(pieces), samples.height, dropped.height, 0)
    return Synthesised(samples, dropped, _report(pieces, spent, options, odd.not_judged))


def read(piece: Piece, tokens: ModelTokens, options: ReplayOptions) -> None:
    """The text of an answer, or why there is none."""
    response = piece.response
    if response.finish_reason == "refused":
        piece.drop = Drop("refused", detail={"why": response.error})
        return
    said, ended = tokens.document(response)
    text = (piece.prefix + said).strip()
    if not ended:
        if options.kind == "chat" or options.unfinished == "drop":
            piece.drop = Drop("truncated", float(len(response.token_ids)), float(options.max_tokens))
            return
        whole = trimmed(text)
        piece.trimmed, text = len(text) - len(whole), whole
    least = options.min_characters if options.kind == "text" else options.min_characters // 10
    piece.text = text
    loop = typed.check("repetition", "", text)
    if not text:
        piece.drop = Drop("empty" if ended else "no_whole_sentence")
    elif (marker := role_marker(text, tokens.markers)) is not None:
        piece.drop = Drop("role_marker", detail={"why": marker})
    elif "\ufffd" in text:  # bytes that are no character: a tokenizer of bytes lets a weak model write such
        piece.drop = Drop("undecodable")
    elif len(text) < least:
        piece.drop = Drop("length", float(len(text)), float(least))
    elif not loop.passed:
        piece.drop = Drop("repetition", loop.score, loop.threshold)


def languages(pieces: list[Piece], options: ReplayOptions) -> None:
    """Drop what is in none of the languages wanted."""
    if not options.languages or not pieces:
        return
    found = identify(pl.Series("text", [piece.text for piece in pieces], dtype=pl.String))
    for piece, (code, score) in zip(pieces, found.select("lang", "lang_score").iter_rows(), strict=True):
        if code not in options.languages:
            piece.drop = Drop("language", score, detail={"why": code})


def _answer(pieces: list[Piece], latest: Generator, tokens: ModelTokens, options: ReplayOptions) -> None:
    requests = [
        Request(f"{piece.key}-answer", (("user", piece.text),), Sampling(options.max_tokens)) for piece in pieces
    ]
    responses = answered(requests, latest)
    for piece, request in zip(pieces, requests, strict=True):
        response = responses[request.id, request.sample]
        piece.answered = generation_of(request, response, latest, None)
        drop = unusable(response, tokens.markers)
        if drop is None:
            piece.answer = response.text.strip()
        else:
            piece.drop = Drop(f"answer.{drop.rule}", drop.value, drop.threshold, detail=drop.detail)


def _sample(piece: Piece, generator: Generator, options: ReplayOptions) -> dict[str, Any]:
    made = {"method": STAGE, "prefix": piece.prefix, "trimmed": piece.trimmed}
    said = {**made, **generation_of(piece.request, piece.response, generator, None)}
    content: dict[str, Any] = {"text": piece.text}
    if options.kind == "chat":
        content = {
            "prompt": [{"role": "user", "content": piece.text}],
            "completion": [{"role": "assistant", "content": piece.answer}],
        }
        said = {"method": STAGE, **(piece.answered or {}), "instance": said}
    return {
        **content,
        "sample_id": tables.sample_id(TASK, STAGE, content, [], piece.request.sample),
        "task": TASK,
        "origin": STAGE,
        "tier": None,
        "parents": [],
        "generation": tables.canonical_json({**said, "key": piece.key}),
        "checks": [],
    }


def _within_budget(
    names: list[str], pieces: dict[str, Piece], tokens: ModelTokens, options: ReplayOptions, seed: int
) -> int:
    """Drop what the budget does not hold, in an order drawn by id: a model's samples are drawn at random, and what is
    kept of them is too, from all or from every cluster its part. The tokens of what is kept."""
    order = pl.DataFrame({"name": names, "place": hashes(pl.Series(names, dtype=pl.String), seed)})
    drawn = [pieces[name] for name in order.sort("place", "name")["name"]]
    costs = np.array([_cost(piece, tokens, options) for piece in drawn], dtype=np.int64)
    found = held([piece.text for piece in drawn], costs, options, seed)
    for at in np.setdiff1d(np.arange(len(drawn)), found.rows):
        cluster = int(found.clusters[at]) if options.clusters else None
        drawn[at].drop = Drop("not_selected", float(costs[at]), cluster=cluster)
    return int(costs[found.rows].sum())


def _cost(piece: Piece, tokens: ModelTokens, options: ReplayOptions) -> int:
    """Tokens that a sample is trained on."""
    if options.kind == "text":
        return tokens.count_text(piece.text)
    return tokens.count([{"role": "user", "content": piece.text}, {"role": "assistant", "content": piece.answer}])


def _dropped(pieces: list[Piece]) -> pl.DataFrame:
    return ledger(
        [
            piece.drop.event(STAGE, piece.key, {"text": piece.text or piece.response.text})
            for piece in pieces
            if piece.drop is not None
        ],
        STAGE,
    )


def _report(pieces: list[Piece], spent: int, options: ReplayOptions, not_judged: Mapping[str, int]) -> dict[str, Any]:
    kept = [piece for piece in pieces if piece.drop is None]
    dropped = Counter(piece.drop.rule for piece in pieces if piece.drop is not None)
    by_reason = dict(sorted(dropped.items(), key=lambda pair: (-pair[1], pair[0])))
    lengths = sorted(len(piece.text) for piece in kept)
    wanted = options.rows if options.rows is not None else options.budget_tokens
    got = len(kept) if options.rows is not None else spent
    short = 0 if wanted is None or dropped["not_selected"] else wanted - got
    task = {
        "requests": len(pieces),
        "wanted": wanted,
        "kept": len(kept),
        "shortfall": short,
        "dropped": by_reason,
        "different_inputs": len({piece.text for piece in pieces if piece.text}),
        **({"not_judged": sum(not_judged.values())} if options.outliers else {}),
    }
    return {
        "unit": "rows" if options.rows is not None or options.budget_tokens is None else "tokens",
        "kind": options.kind,
        "requests": len(pieces),
        "samples": len(kept),
        "spent": spent,
        "dropped": by_reason,
        **({"not_judged": dict(not_judged)} if options.outliers else {}),
        "shortfall": {TASK: short} if short else {},
        "trimmed": sum(piece.trimmed > 0 for piece in kept),
        "characters": {"shortest": lengths[0], "median": lengths[len(lengths) // 2], "longest": lengths[-1]}
        if lengths
        else None,
        "tokens": {
            "prompt": sum(piece.response.prompt_tokens for piece in pieces),
            "generated": sum(len(piece.response.token_ids) for piece in pieces),
            "answers_generated": sum(piece.answered["tokens"] for piece in pieces if piece.answered),
        },
        "tasks": {TASK: task},
    }
