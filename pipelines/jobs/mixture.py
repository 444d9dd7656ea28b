"""What a source of training rows is cut or put together from: rows of some tiers, questions with their documents."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import storage, tables
from curation.errors import InputError
from curation.readers import rows


@dataclass(frozen=True)
class Reading:
    """One source of a train step: what is read, and how it is made of it.

    Attributes:
        path: rows, a file or a folder.
        name: for people.
        weight: share of the tokens.
        tiers: of the rows that are taken, none for all.
        documents: that are read after the rows which ask about them, none without.
        key: that a row and its document share; none: the documents' ids are among the rows' parents.
    """

    path: Path
    name: str
    weight: float
    tiers: tuple[str, ...] = ()
    documents: Path | None = None
    key: str | None = None


def made(reading: Reading, out: Path, seed: int) -> tuple[Path, pl.DataFrame]:
    """The rows of a source as training reads them, itself or a file made of it (`out`).

    Returns:
        Where they are, and ledger rows of those that are of none of the tiers.

    Raises:
        InputError: when no row is of the tiers, or a row has no document.
    """
    if not reading.tiers and reading.documents is None:
        return reading.path, tables.empty(tables.LEDGER)
    found = list(_records(reading.path))
    others = [one for one in found if reading.tiers and one.row.get("tier") not in reading.tiers]
    kept = [(one.where, one.row) for one in found if not reading.tiers or one.row.get("tier") in reading.tiers]
    if not kept:
        tiers = ", ".join(sorted({str(one.row.get("tier")) for one in found}))
        raise InputError(f"{reading.name}: no row of the tier {' or '.join(reading.tiers)}, found {tiers}")
    taken = [row for _, row in kept] if reading.documents is None else _arranged(kept, reading, seed)
    storage.write_parquet(pl.DataFrame(taken, infer_schema_length=None), out)
    return out, _left(others)


@dataclass(frozen=True)
class _Record:
    """A row, the name of its file in the source, and its number there, from 0."""

    row: dict[str, Any]
    file: str
    number: int
    where: str  # for people


def _records(path: Path) -> Iterator[_Record]:
    for file, name in rows.files_of(path):
        for number, row in rows.sound_records(file):
            yield _Record(row, name, number, rows.where(file, number))


def _left(others: list[_Record]) -> pl.DataFrame:
    """Ledger rows of what is of another tier: the recipe sends it elsewhere, or nowhere."""
    events = [
        {"row_id": one.row.get("sample_id"), "file": one.file, "record": one.number, "rule": "train.tier",
         "detail": str(one.row.get("tier"))}
        for one in others
    ]  # fmt: skip
    columns = ("row_id", "file", "record", "rule", "detail")
    frame = pl.DataFrame(events, schema={name: tables.LEDGER[name] for name in columns})
    return tables.ledger(frame, "train", "drop", "samples")


def _question(where: str, row: dict[str, Any]) -> dict[str, Any]:
    """What training reads of a row of prompt and completion."""
    if row.get("prompt") is None or row.get("completion") is None:
        raise InputError(f"{where}: found the keys {', '.join(row)}, expected a prompt and a completion")
    content = {"prompt": row["prompt"], "completion": row["completion"]}
    return {"sample_id": row.get("sample_id") or tables.fingerprint(content), **content}


def _arranged(kept: list[tuple[str, dict[str, Any]]], reading: Reading, seed: int) -> list[dict[str, Any]]:
    """Documents in an order drawn from the seed, each right after its questions (arXiv 2402.12847, section 4)."""
    from train.data import mixing

    assert reading.documents is not None
    ids, texts, names = _documents(reading.documents, reading.key)
    places = {name: place for place, name in enumerate(names)}
    asked: list[list[dict[str, Any]]] = [[] for _ in ids]
    for where, row in kept:
        of = row.get("parents") or [] if reading.key is None else [str(row.get(reading.key))]
        place = next((places[name] for name in of if name in places), None)
        if place is None:
            said = "its parents are" if reading.key is None else f"its {reading.key!r} is"
            raise InputError(f"{where}: {said} {', '.join(of) or 'none'}, expected a document of "
                             f"{reading.documents.name}")  # fmt: skip
        asked[place].append({**_question(where, row), "text": None})
    return [
        row
        for place in mixing.order(ids, seed, 0)
        for row in [
            *asked[place],
            {"sample_id": ids[place], "prompt": None, "completion": None, "text": texts[place]},
        ]
    ]


def _documents(path: Path, key: str | None) -> tuple[list[str], list[str], list[str]]:
    """Ids and texts of documents, and what the rows that ask about them call them by."""
    from synth.synthesize import documents

    if key is None:
        read = documents.load([path]).rows
        ids = read["doc_id"].to_list()
        return ids, read["text"].to_list(), ids
    found: dict[str, str] = {}
    for one in _records(path):
        where, record = one.where, one.row
        name = record.get(key, json.loads(record.get("meta") or "{}").get(key))
        text = record.get("text")
        if name is None or not isinstance(text, str):
            raise InputError(f"{where}: found the keys {', '.join(record)}, expected a text and {key!r}")
        if str(name) in found:
            raise InputError(f"{where}: {key!r} is {name} as in an earlier document, expected one document of each")
        found[str(name)] = text
    return [tables.content_id(text) for text in found.values()], list(found.values()), list(found)
