"""From records to the documents table: identifiers, the text, and the other fields as JSON."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import xxhash

from .. import tables
from .options import EXPECTED, Damage, Read

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"

# Built once: json.dumps builds an encoder for every call with options.
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_escaped = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


def meta_json(fields: dict[str, Any]) -> str:
    """JSON text of a record's other fields, in their order.

    What JSON cannot say is written as text: NaN and infinities by their Python names, dates in ISO 8601, bytes as hex.
    Lone surrogates stay as escapes.
    """
    try:
        text = _compact(fields)
    except (ValueError, TypeError):
        text = _compact(_sayable(fields))
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _escaped(_sayable(fields))
    return text


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _sayable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0.0 else repr(value)
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    isoformat: Callable[[], str] | None = getattr(value, "isoformat", None)
    return isoformat() if isoformat is not None else str(value)


def kind(value: Any) -> str:
    """What a JSON value is, in words, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


class Partition:
    """Collects records of one file into the rows of one partition.

    Python objects are turned into columns whenever `settle` is called, so that a partition costs about its text.
    """

    def __init__(self, source: str, file: str) -> None:
        self.source = source
        self.file = file
        self._prefix = f"{source}\x00{file}\x00".encode()
        self._frames: list[pl.DataFrame] = []
        self._texts: list[str] = []
        self._metas: list[str] = []
        self._records: list[int] = []
        self._doc_ids: list[str] = []
        self._content_ids: list[str] = []
        self._edits: list[dict[str, Any]] = []
        self.damages: list[Damage] = []

    def add(self, record: int, text: str, fields: dict[str, Any]) -> None:
        """Add a record with its number in the file, its text and its other fields."""
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            self._add_unpaired(record, text, fields)
            return
        self._append(record, text, raw, meta_json(fields) if fields else "{}")

    def _add_unpaired(self, record: int, text: str, fields: dict[str, Any]) -> None:
        """A text with lone surrogates (JSON can escape them, UTF-8 has none): they become U+FFFD, and a ledger row."""
        count = sum("\ud800" <= character <= "\udfff" for character in text)
        raw = text.encode("utf-8", "surrogatepass")
        clean = "".join(REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)
        self._append(record, clean, raw, meta_json(fields))
        self.edited("reader.lone_surrogate", count, {"lone_surrogates": count})

    def edited(self, rule: str, count: int, detail: dict[str, Any]) -> None:
        """Say that the text of the record added last is not wholly what the file holds, at `count` places."""
        self._edits.append(
            {
                "row_id": self._doc_ids[-1],
                "file": self.file,
                "record": self._records[-1],
                "rule": rule,
                "value": float(count),
                "detail": tables.canonical_json(detail),
            }
        )

    def _append(self, record: int, text: str, raw: bytes, meta: str) -> None:
        self._texts.append(text)
        self._metas.append(meta)
        self._records.append(record)
        self._doc_ids.append(xxhash.xxh3_128_hexdigest(b"%s%d\x00%s" % (self._prefix, record, raw)))
        self._content_ids.append(xxhash.xxh3_128_hexdigest(raw))

    def damaged(self, damage: Damage) -> None:
        """Add a record that could not be read, or is no document."""
        self.damages.append(damage)

    def settle(self) -> None:
        """Turn the rows collected so far into columns."""
        if not self._texts:
            return
        frame = pl.DataFrame(
            {
                "doc_id": self._doc_ids,
                "content_id": self._content_ids,
                "text": self._texts,
                "record": self._records,
                "meta": self._metas,
            },
            schema={name: tables.DOCUMENTS[name] for name in ("doc_id", "content_id", "text", "record", "meta")},
        )
        self._frames.append(frame)
        self._texts, self._metas, self._records, self._doc_ids, self._content_ids = [], [], [], [], []

    def finish(self, size: int) -> Read:
        """The partition, which took `size` bytes of its file; the collector is empty again."""
        self.settle()
        rows = pl.concat(self._frames, rechunk=True) if self._frames else tables.empty(tables.DOCUMENTS)
        if self._frames:
            nothing = pl.lit([], dtype=tables.IDS)
            rows = rows.with_columns(source=pl.lit(self.source), file=pl.lit(self.file), parents=nothing)
            rows = tables.complete(rows, tables.DOCUMENTS)
        damaged = sum(damage.counts for damage in self.damages)
        read = Read(rows, self._ledger(), rows.height + len(self.damages), size, damaged)
        self._frames, self._edits, self.damages = [], [], []
        return read

    def _ledger(self) -> pl.DataFrame:
        drops = [
            {
                "file": self.file,
                "record": damage.record,
                "rule": damage.rule,
                "value": damage.value,
                "threshold": damage.threshold,
                "detail": tables.canonical_json(
                    {"line": damage.record + 1, "found": damage.found, EXPECTED: damage.expected}
                ),
            }
            for damage in self.damages
        ]
        return pl.concat([_events(drops, "drop"), _events(self._edits, "edit")])


def _events(rows: list[dict[str, Any]], action: str) -> pl.DataFrame:
    if not rows:
        return tables.empty(tables.LEDGER)
    schema = {name: tables.LEDGER[name] for name in rows[0]}
    return tables.ledger(pl.DataFrame(rows, schema=schema), "read", action)
