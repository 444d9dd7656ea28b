"""Chunks of documents: at most so many tokens of a given tokenizer, cut where the text lets go most easily.

    cut = chunks.cut(partition, tokens.load(path), ChunkOptions(tokens=512, overlap=64))

The parts that are a chunk's own, one after another, are the document, character for character; an overlap is text
before them that is repeated. Each chunk was tokenised as it stands before it was let through, so that none exceeds the
limit, though a tokenizer may give a piece of text more tokens than it had in the whole.
"""

import json
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import polars as pl

from . import tables, tokens
from .boundaries import HEADING, Boundaries, boundaries
from .errors import InputError
from .packing import Piece, pack
from .readers.records import meta_json
from .stage import Cut
from .tokens import Tokenizer

RULE = "chunk.tokens"
STAGE = "chunk"


@dataclass(frozen=True)
class ChunkOptions:
    """How documents are cut into chunks.

    Attributes:
        tokens: most tokens of a chunk, overlap included, special tokens not.
        overlap: tokens of the text before a chunk that are repeated in it, at most; whole sentences, else whole words.
        headings: whether a chunk ends before a Markdown heading, so that it lies in one section, and an overlap too.
    """

    tokens: int = 512
    overlap: int = 0
    headings: bool = True

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise InputError(f"chunks: tokens is {self.tokens}, expected at least 1")
        if not 0 <= self.overlap < self.tokens:
            raise InputError(f"chunks: overlap is {self.overlap}, expected 0 or more and less than tokens")


def cut(documents: pl.DataFrame, tokenizer: Tokenizer, options: ChunkOptions) -> Cut:
    """Cut the documents that have more tokens than a chunk may have; the others pass as they are.

    Args:
        documents: table `documents`.
        tokenizer: see `tokens.Tokenizer`.
        options: limits.

    Returns:
        Chunks and untouched documents, in the documents' order. A chunk's `meta` is its document's and, under `chunk`:
        `index` from 0, `of` (how many), `begin`, `own` and `end` (characters of the document: the chunk's text is that
        from begin to end, of which that from own on is no repetition), `tokens`, `headings` (titles above the first
        character of its own, outermost first). Ledger: a `split` row for each document that was cut, with its tokens
        and the limit.

    Raises:
        InputError: when a single character has more tokens than the limit, naming the document.
    """
    counted = tokens.counts(documents, tokenizer)["tokens"]
    large = (counted > options.tokens).to_list()
    if not any(large):
        return Cut(documents, tables.empty(tables.LEDGER), 0)
    parts: list[pl.DataFrame] = []
    pieces_of: list[int] = []
    begin = 0
    for at, is_large in enumerate([*large, True]):
        if not is_large:
            continue
        if at > begin:
            parts.append(documents[begin:at])
        if at < documents.height:
            parts.append(_children(documents.row(at, named=True), tokenizer, options))
            pieces_of.append(parts[-1].height)
        begin = at + 1
    events = documents.select("file", "record", row_id="doc_id").with_columns(
        rule=pl.lit(RULE), value=counted.cast(pl.Float64), threshold=pl.lit(float(options.tokens))
    )
    events = events.filter(pl.Series(large)).with_columns(
        detail=pl.format("{} chunks", pl.Series(pieces_of, dtype=pl.Int64))
    )
    return Cut(pl.concat(parts), tables.ledger(events, STAGE, "split"), len(pieces_of))


def _children(document: dict[str, object], tokenizer: Tokenizer, options: ChunkOptions) -> pl.DataFrame:
    """The chunks of one document, table `documents`."""
    text, name = str(document["text"]), str(document["doc_id"])
    places = boundaries(text)
    try:
        pieces = split(text, places, tokenizer, options)
    except InputError as error:
        raise InputError(f"document {name} ({document['file']}, record {document['record']}): {error}") from error
    meta = _meta(document["meta"])
    rows = []
    for index, piece in enumerate(pieces):
        place = {
            "index": index, "of": len(pieces), "begin": piece.begin, "own": piece.own, "end": piece.end,
            "tokens": piece.tokens, "headings": places.path(piece.own),
        }  # fmt: skip
        part = text[piece.begin : piece.end]
        rows.append(
            {
                **document,
                "doc_id": tables.fingerprint([STAGE, name, piece.begin, piece.own, piece.end]),
                "content_id": tables.content_id(part),
                "text": part,
                "meta": meta_json({**meta, "chunk": place}),
                "parents": [name],
            }
        )
    return pl.DataFrame(rows, schema=tables.DOCUMENTS)


def _meta(text: object) -> dict[str, object]:
    """A document's meta as an object; empty where it has none."""
    found = json.loads(text) if isinstance(text, str) else None
    return found if isinstance(found, dict) else {}


def split(text: str, places: Boundaries, tokenizer: Tokenizer, options: ChunkOptions) -> list[Piece]:
    """The chunks of one text, in order: their own parts are the text, none has more tokens than the limit."""
    starts, strengths, sizes = _units(text, places, tokenizer, options.tokens)
    if not options.headings:
        strengths = [min(strength, HEADING - 1) for strength in strengths]
    pieces = pack(starts, strengths, sizes, len(text), options.tokens, options.overlap)
    if options.overlap:
        pieces = _with_tails(text, pieces, starts, strengths, tokenizer, options)
    done: list[Piece] = []
    waiting = pieces[::-1]
    while waiting:
        batch = waiting[-64:][::-1]
        del waiting[-64:]
        found = tokenizer.counts([text[piece.begin : piece.end] for piece in batch])
        again: list[Piece] = []
        for piece, count in zip(batch, found, strict=True):
            if count <= options.tokens and not again:
                done.append(Piece(piece.begin, piece.own, piece.end, int(count)))
            elif count <= options.tokens:
                again.append(piece)
            else:
                again += _smaller(text, piece, places, int(count), options.tokens)
        waiting += again[::-1]
    return done


def _smaller(text: str, piece: Piece, places: Boundaries, count: int, limit: int) -> list[Piece]:
    """A piece that is too large after all: without its overlap, or in two parts at the best place near its middle."""
    if piece.begin < piece.own:
        return [Piece(piece.own, piece.own, piece.end, 0)]
    length = piece.end - piece.begin
    if length == 1:
        raise InputError(f"character {piece.begin} alone has {count} tokens, expected at most {limit}")
    low = bisect_right(places.places, max(piece.begin, piece.begin + length // 4 - 1))
    high = bisect_left(places.places, min(piece.end, piece.end - length // 4 + 1))
    inside = [
        (strength, -abs(2 * place - piece.begin - piece.end), place)
        for place, strength in zip(places.places[low:high], places.strengths[low:high], strict=True)
    ]
    middle = max(inside)[2] if inside else whole_character(text, piece.begin + length // 2, piece.begin)
    return [Piece(piece.begin, piece.begin, middle, 0), Piece(middle, middle, piece.end, 0)]


def _units(text: str, places: Boundaries, tokenizer: Tokenizer, limit: int) -> tuple[list[int], list[int], list[int]]:
    """Where each unit, a sentence or a part of a large one, begins; how well it parts from the one before; its size."""
    edges = [0, *places.places, len(text)]
    texts = [text[begin:end] for begin, end in zip(edges[:-1], edges[1:], strict=True)]
    strengths = [0, *places.strengths]
    starts, found, sizes = [], [], []
    for begin, strength, unit, size in zip(edges, strengths, texts, tokenizer.counts(texts), strict=False):
        if size <= limit:
            starts.append(begin)
            found.append(strength)
            sizes.append(int(size))
            continue
        cuts = _within(unit, tokenizer, max(1, limit // 2))
        parts = [unit[one:other] for one, other in zip(cuts, [*cuts[1:], len(unit)], strict=True)]
        starts += [begin + at for at in cuts]
        found += [strength] + [0] * (len(cuts) - 1)
        sizes += [min(limit, int(count)) for count in tokenizer.counts(parts)]
    return starts, found, sizes


def _within(unit: str, tokenizer: Tokenizer, limit: int) -> list[int]:
    """Where to cut a sentence that is too large, 0 first: after about `limit` tokens, at a word's beginning if any."""
    spans = tokenizer.spans([unit])[0]
    cuts, token = [0], limit
    while token < len(spans):
        at = int(spans[token][0])
        for back in range(token, max(token - limit // 2, 0), -1):
            place = _word_start(unit, int(spans[back][0]))
            if place > cuts[-1]:
                at = place
                token = back
                break
        if at < len(unit):
            at = whole_character(unit, at, cuts[-1])
        if cuts[-1] < at < len(unit):
            cuts.append(at)
        token += limit
    return cuts


def _word_start(text: str, at: int) -> int:
    """`at` if a word begins there, the next place if `at` is the space before one; else -1."""
    if 0 < at < len(text) and not text[at].isspace():
        return at if text[at - 1].isspace() else -1
    return at + 1 if at + 1 < len(text) and not text[at + 1].isspace() else -1


def whole_character(text: str, at: int, after: int) -> int:
    """The nearest place at or before `at`, but after `after`, that parts no character as people see it; else `at`.

    Accents, joined emoji and the vowels and finals of decomposed Korean stay with what they belong to.
    """
    place = at
    while place > after and (
        unicodedata.category(text[place])[0] == "M"
        or "\u1160" <= text[place] <= "\u11ff"
        or text[place] == "\u200d"
        or text[place - 1] == "\u200d"
    ):
        place -= 1
    return place if place > after else at


def _with_tails(
    text: str,
    pieces: list[Piece],
    starts: list[int],
    strengths: list[int],
    tokenizer: Tokenizer,
    options: ChunkOptions,
) -> list[Piece]:
    """Where no whole sentence fits into the overlap of a piece, the last words of the one before it."""
    numbers = {start: number for number, start in enumerate(starts)}
    found = []
    for piece in pieces:
        unit = numbers[piece.own]
        room = min(options.overlap, options.tokens - piece.tokens)
        if piece.begin < piece.own or unit == 0 or room < 1 or strengths[unit] == HEADING:
            found.append(piece)
            continue
        before = starts[unit - 1]
        spans = tokenizer.spans([text[before : piece.own]])[0]
        begin = piece.own
        for begins, _ in spans[max(0, len(spans) - room) :]:
            place = _word_start(text, before + int(begins))
            if before < place < piece.own:
                begin = place
                break
        found.append(Piece(begin, piece.own, piece.end, piece.tokens))
    return found
