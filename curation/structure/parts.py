"""From what a form found in documents to rows of documents or samples, and to the ledger."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import polars as pl

from .. import tables
from ..readers.records import meta_json
from ..stage import Cut

STAGE = "structure"
_REASONS = 10  # named in a ledger row; the rest is counted

Found = TypeVar("Found")
Fields = dict[str, Any]
Turn = dict[str, str]  # role and content


@dataclass(frozen=True)
class Part:
    """A piece of a document that stands alone.

    Attributes:
        text: of the new document.
        headings: what it stands under, outermost first.
        place: what else is known of it, for `meta`.
    """

    text: str
    headings: tuple[str, ...] = ()
    place: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed(Generic[Found]):
    """What a form found in one document.

    Attributes:
        found: pieces, or conversations; none where the document does not have the form.
        left_out: why something of it is in none of them, a reason each.
    """

    found: list[Found]
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sampled:
    """The outcome of a stage that makes samples of documents.

    Attributes:
        rows: table `samples` of kind `prompt_completion`, each naming in `parents` the document it was made of.
        ledger: one `split` row for each document that gave samples, and a `drop` row for each that gave none.
        consumed: number of documents that gave samples.
    """

    rows: pl.DataFrame
    ledger: pl.DataFrame
    consumed: int


def documents(frame: pl.DataFrame, form: str, parse: Callable[[str, Fields], Parsed[Part]], keep: bool) -> Cut:
    """Cut documents into the parts that a form finds in them.

    Args:
        frame: table `documents`.
        form: its name; the rule in the ledger is `structure.` and this.
        parse: of a text and its meta.
        keep: whether documents without the form stay as they are; else they are dropped.

    Returns:
        Parts, in order, with `meta.structure`: `form`, `index` from 0, `of` (how many), `headings` and what the form
        knows of the place.
    """
    rows: list[Fields] = []
    events: list[Fields] = []
    for document in frame.iter_rows(named=True):
        meta = _meta(document["meta"])
        parsed = parse(document["text"], meta)
        if not parsed.found and keep:
            rows.append(document)
            continue
        events.append(_event(document, form, parsed))
        for index, part in enumerate(parsed.found):
            place = {
                "form": form,
                "index": index,
                "of": len(parsed.found),
                "headings": list(part.headings),
                **part.place,
            }
            content = tables.content_id(part.text)
            rows.append(
                {
                    **document,
                    "doc_id": tables.fingerprint([STAGE, form, document["doc_id"], index, content]),
                    "content_id": content,
                    "text": part.text,
                    "meta": meta_json({**meta, STAGE: place}),
                    "parents": [document["doc_id"]],
                }
            )
    ledger, consumed = _ledger(events)
    return Cut(pl.DataFrame(rows, schema=tables.DOCUMENTS), ledger, consumed)


def samples(frame: pl.DataFrame, form: str, parse: Callable[[str, Fields], Parsed[list[Turn]]], task: str) -> Sampled:
    """Make samples of the conversations that a form finds in documents: the last turn is the completion.

    Args:
        frame: table `documents`.
        form: its name; the rule in the ledger is `structure.` and this.
        parse: of a text and its meta; conversations of two turns or more, the last one the assistant's.
        task: name of the task written on the samples.
    """
    rows: list[Fields] = []
    events: list[Fields] = []
    for document in frame.iter_rows(named=True):
        parsed = parse(document["text"], _meta(document["meta"]))
        events.append(_event(document, form, parsed))
        for draw, turns in enumerate(parsed.found):
            content = {"prompt": turns[:-1], "completion": turns[-1:]}
            parents = [document["doc_id"]]
            name = tables.sample_id(task, "human", content, parents, draw)
            rows.append(
                {**content, "sample_id": name, "task": task, "origin": "human", "parents": parents, "checks": []}
            )
    ledger, consumed = _ledger(events)
    schema = tables.samples_schema("prompt_completion")
    made = pl.DataFrame(rows, schema={name: schema[name] for name in rows[0]}) if rows else tables.empty(schema)
    return Sampled(tables.complete(made, schema), ledger, consumed)


def _meta(text: str | None) -> Fields:
    found = json.loads(text) if text else None
    return found if isinstance(found, dict) else {}


def _event(document: Fields, form: str, parsed: Parsed[Any]) -> Fields:
    """A document's ledger row: into how many parts it was cut, and what was left out of them, or why it has none."""
    detail: Fields = {"parts": len(parsed.found)}
    if parsed.left_out:
        detail |= {"left_out": len(parsed.left_out), "reasons": parsed.left_out[:_REASONS]}
    return {
        "row_id": document["doc_id"],
        "file": document["file"],
        "record": document["record"],
        "rule": f"{STAGE}.{form}",
        "value": float(len(parsed.found)),
        "detail": meta_json(detail),
    }


def _ledger(events: list[Fields]) -> tuple[pl.DataFrame, int]:
    if not events:
        return tables.empty(tables.LEDGER), 0
    rows = pl.DataFrame(events, schema={name: tables.LEDGER[name] for name in events[0]})
    split, dropped = rows.filter(pl.col("value") > 0), rows.filter(pl.col("value") == 0)
    ledger = pl.concat([tables.ledger(split, STAGE, "split"), tables.ledger(dropped, STAGE, "drop")])
    return ledger, split.height
