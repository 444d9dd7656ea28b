"""Documents as passages that fit into a prompt, asked about, and how questions may not speak of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import re2

from curation import chunks
from curation.chunks import ChunkOptions
from curation.errors import InputError
from curation.model import Generator, Request, Sampling
from curation.tokens import Tokenizer

from . import own, parsed, plain
from .attempt import Ask, Attempt, Source, attempted, language_of


@dataclass(frozen=True)
class Passage:
    """A document, or a part of one.

    Attributes:
        id: of the document or chunk.
        source: the whole document, which samples name as their parent.
        number: of the passage in its document, from 0; two passages may say the same.
        text: without white space around it.
    """

    id: str
    source: Source
    number: int
    text: str


def passages(documents: pl.DataFrame, tokenizer: Tokenizer | None, most: int, method: str) -> list[Passage]:
    """The passages of documents, in order of their documents' ids.

    Args:
        documents: table `documents`.
        tokenizer: of the model; without one every document is one passage.
        most: tokens of a passage.
        method: what errors call it.

    Raises:
        InputError: when there are no documents.
    """
    if not documents.height:
        raise InputError(f"{method}: found no documents, expected at least one")
    ordered = documents.sort("doc_id")
    sources = {row["doc_id"]: _source(row) for row in ordered.iter_rows(named=True)}
    rows = ordered if tokenizer is None else chunks.cut(ordered, tokenizer, ChunkOptions(tokens=most)).rows
    made: list[Passage] = []
    for row in rows.iter_rows(named=True):
        # A chunk names the one document it was cut from; an uncut one may have parents of an earlier step.
        source = sources.get(row["doc_id"]) or sources[row["parents"][0]]
        number = made[-1].number + 1 if made and made[-1].source.id == source.id else 0
        made.append(Passage(row["doc_id"], source, number, row["text"].strip()))
    return made


def asked(
    method: str,
    shown: list[Passage],
    generator: Generator,
    sampling: Sampling,
    count: int,
    language: str,
    templates: Mapping[str, str],
) -> list[tuple[Passage, str, Attempt]]:
    """Show each passage in the method's template `METHOD_ask`, and ask for `count` samples of what it asks for.

    Args:
        method: name of the method.
        shown: passages.
        generator: asked once, for all of them.
        sampling: of every request.
        count: samples a passage.
        language: of the templates, or `auto` for that of each passage.
        templates: forms of the user's own by name.

    Returns:
        Each request with its passage and language, in the order of the passages and samples.
    """
    asks, kinds = [], []
    for passage in shown:
        spoken = language_of(passage.text, language)
        template = own.form(method, "ask", spoken, templates)
        prompt = plain.prompt(template, {"document": passage.text})
        for number in range(count):
            request = Request(parsed.named(method, "ask", passage.id), prompt, sampling, number)
            asks.append(Ask(passage.source, request, template))
            kinds.append((passage, spoken))
    found = attempted(asks, generator)
    return [(passage, spoken, one) for (passage, spoken), one in zip(kinds, found, strict=True)]


def sources(documents: pl.DataFrame) -> list[Source]:
    """All documents as sources, by id."""
    return [_source(row) for row in documents.sort("doc_id").iter_rows(named=True)]


def _source(row: dict[str, Any]) -> Source:
    return Source(row["doc_id"], row["source"], row["file"], row["record"])


_NOUN = r"(?:documents?|passages?|texts?|articles?|paragraphs?|excerpts?|snippets?)"
_WIDE = rf"(?:{_NOUN}|extracts?|contexts?|sections?|writings?|readings?|stor(?:y|ies)|pages?|chapters?|information)"
# Speaking of something that a reader of the question alone does not have. `the text of the treaty` names its text, so
# that a noun with `of` and the like after it does not count, unless it is pointed at (`this text`, `the above text`).
_POINTING = re2.compile(
    rf"(?i)\b(?:this|these|above|following|given|provided|preceding|presented|accompanying) {_WIDE}\b"
    rf"|\b{_WIDE} (?:above|below|provided|given|presented)\b"
    r"|\b(?:mentioned|described|stated|discussed|given|shown|listed|provided) (?:above|below|here)\b"
    rf"|\baccording to (?:the|this|that|an?) (?:\w+ )?{_NOUN}\b"
    r"|(?:^|[^\p{Hangul}])(?:이|그|위|본|해당|다음|아래|주어진|제시된|제공된|앞의|윗) ?"
    r"(?:글|문서|지문|본문|문단|문장|기사|자료|내용|텍스트|단락|예문)"
    r"|(?:^|[^\p{Hangul}])(?:본문|지문|윗글|글쓴이|필자|화자|문서|텍스트)"
    r"(?:은|는|이|가|을|를|에|에서|의|에는|에서는|에 따르면)(?:[^\p{Hangul}]|$)"
    r"|(?:위에서|앞에서|여기서|여기에) (?:언급|설명|말한|제시|소개|나온|서술)"
)
_NAMED = re2.compile(
    rf"(?i)\bthe (?:{_NOUN}|author|writer|narrator)(?:'s)?(\s+(?:of|that|which|who|titled|called|named)\b)?"
)


def points(text: str) -> str | None:
    """Where a question or instruction speaks of a document that its reader does not have, English or Korean."""
    found = _POINTING.search(text)
    if found is not None:
        return str(found.group().strip())
    return next((str(found.group()) for found in _NAMED.finditer(text) if not found.group(1)), None)
