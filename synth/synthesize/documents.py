"""Documents that a method reads: those of an earlier step, or texts in files of the user's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation import tables
from curation.errors import InputError
from curation.readers import Damage, rows


@dataclass(frozen=True)
class Documents:
    """Documents that were read (table `documents`), and a ledger row for each record that was damaged."""

    rows: pl.DataFrame
    ledger: pl.DataFrame
    records: int


def load(paths: Sequence[Path], column: str = "text", max_damaged: float = 0.001) -> Documents:
    """Read documents from JSON Lines, arrays of JSON and Parquet (`curation.readers.rows`).

    A record has its text in `column`. What a curate step wrote keeps its ids; other documents get theirs by source
    (the file's name), number and text. A text that is there twice under one id is one document, read once.

    Args:
        paths: files, or folders of files.
        column: key of the text.
        max_damaged: share of damaged records a file may have, at least one record; 0 allows none.

    Raises:
        InputError: for a missing, empty or mislabelled file, or too many damaged records, naming the first one's line.
    """
    kept: dict[str, dict[str, Any]] = {}
    damaged: list[dict[str, Any]] = []
    records = 0
    for file, name in (found for path in paths for found in rows.files_of(path)):
        read = 0
        bad: list[dict[str, Any]] = []
        for number, record in rows.records(file):
            read += 1
            row = _document(record, column, name, number)
            if isinstance(row, str):
                bad.append({"file": name, "record": number, "rule": "read.row", "detail": row})
            elif row["doc_id"] in kept:
                damaged.append(
                    {"file": name, "record": number, "rule": "read.repeated", "detail": f"read as {row['doc_id']}"}
                )
            else:
                kept[row["doc_id"]] = row
        if len(bad) > (max(1, int(max_damaged * read)) if max_damaged else 0) or len(bad) == read:
            first = bad[0]
            where = rows.where(file, first["record"])
            raise InputError(f"{where}: {first['detail']} ({len(bad)} of {read} records are damaged)")
        damaged.extend(bad)
        records += read
    frame = pl.DataFrame(list(kept.values()), schema=tables.DOCUMENTS)
    schema = pl.Schema({key: tables.LEDGER[key] for key in ("file", "record", "rule", "detail")})
    ledger = tables.ledger(pl.DataFrame(damaged, schema=schema), "read", "drop")
    tables.conserve("read", records, frame.height, ledger.height, 0)
    return Documents(tables.check(frame, tables.DOCUMENTS, "doc_id"), ledger, records)


def _document(record: Any, column: str, file: str, number: int) -> dict[str, Any] | str:
    """A row of the table, or what is wrong with a record."""
    if isinstance(record, Damage):
        return record.difference()
    text = record.get(column)
    if not isinstance(text, str) or not text.strip():
        found = f"the keys {', '.join(map(repr, record))}" if column not in record else f"{column!r} without text"
        return f"found {found}, expected a text under {column!r}"
    source = Path(file).name.split(".")[0]
    made = {
        "doc_id": tables.document_id(source, file, number, text),
        "content_id": tables.content_id(text),
        "text": text,
        "source": source,
        "file": file,
        "record": number,
        "lang": None,
        "meta": "{}",
        "parents": [],
    }
    known = {key: record[key] for key in made if record.get(key) is not None} if "doc_id" in record else {}
    return {**made, **known, "text": text}
