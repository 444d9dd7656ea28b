"""Batches of Arrow rows as records: what Parquet and Arrow files have in common."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ..errors import InputError
from .options import Damage, ReadOptions, Slice
from .records import Partition

_TEXT = "text"
# What pyarrow raises for values that Python has no object for: times beyond its years, text that is not UTF-8.
_UNREADABLE = (pa.ArrowException, ValueError, OverflowError, TypeError, NotImplementedError)


def text_column(schema: pa.Schema, path: str, options: ReadOptions) -> str:
    """The name of the text column.

    Raises:
        InputError: when there is none, or it holds no text, naming the columns found.
    """
    if schema.names.count(options.column) != 1:
        raise InputError(missing_column(path, options.column, schema.names))
    dtype = schema.field(options.column).type
    values = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
    if not (pa.types.is_string(values) or pa.types.is_large_string(values) or pa.types.is_string_view(values)):
        raise InputError(
            f"{path}: column {options.column!r} holds {dtype}, expected text; name another with --text-column, of "
            + ", ".join(map(repr, schema.names))
        )
    return options.column


def missing_column(path: str, column: str, found: list[str]) -> str:
    """The message for a file without the text column."""
    names = ", ".join(map(repr, found)) or "none"
    return f"{path}: found no column {column!r}, only {names}; name the one that holds the text with --text-column"


def partitions(
    batches: Iterator[pa.RecordBatch], rows: int, piece: Slice, options: ReadOptions
) -> Iterator[tuple[Partition, int]]:
    """Partitions of a piece's rows, each with how many of the piece's bytes are read; a record's number is its row's.

    Args:
        batches: the rows, in order.
        rows: how many they are, for the progress; 0 where nobody knows.
        piece: names the file and the number of the first row.
        options: text column, partition and record sizes.
    """
    partition = Partition(piece.source, piece.file)
    used = done = 0
    for batch in batches:
        texts = _texts(batch.column(options.column))
        others = _fields(batch.drop_columns([options.column]))
        for text, fields in zip(texts, others, strict=True):
            size = len(text or b"")
            if used and used + size > options.partition_bytes:
                yield partition, piece.bytes * done // rows if rows else 0
                used = 0
            used += size
            _add(partition, piece.first_record + done, text, fields, options)
            done += 1
        partition.settle()
    yield partition, piece.bytes


def _texts(column: pa.Array) -> list[bytes | None]:
    """Texts as bytes: Arrow promises UTF-8 but does not check what a file holds."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.binary_view())
    return column.cast(pa.large_binary()).to_pylist()


def _fields(batch: pa.RecordBatch) -> list[dict[str, Any] | str]:
    """The other columns of each row; where Python has no object for a value, the name of its column."""
    if batch.num_columns == 0:
        return [{} for _ in range(batch.num_rows)]
    try:
        return batch.to_pylist()
    except _UNREADABLE:
        return [_row(batch, number) for number in range(batch.num_rows)]


def _row(batch: pa.RecordBatch, number: int) -> dict[str, Any] | str:
    fields = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            fields[name] = column[number].as_py()
        except _UNREADABLE:
            return name
    return fields


def _add(
    partition: Partition, number: int, raw: bytes | None, fields: dict[str, Any] | str, options: ReadOptions
) -> None:
    if raw is None:
        partition.damaged(Damage(number, f"null in column {options.column!r}", _TEXT))
        return
    if isinstance(fields, str):
        partition.damaged(Damage(number, f"a value in column {fields!r} that cannot be read", "a value of its type"))
        return
    limit = options.max_record_bytes
    if len(raw) > limit:
        found = f"a record of {len(raw)} bytes"
        partition.damaged(Damage(number, found, f"at most {limit}", "reader.too_large", float(len(raw)), float(limit)))
        return
    try:
        partition.add(number, raw.decode(), fields)
    except UnicodeDecodeError as error:
        partition.damaged(Damage(number, f"byte 0x{raw[error.start]:02x} at byte {error.start + 1}", "UTF-8"))


def reason(error: BaseException) -> str:
    """What Arrow says, in one line."""
    return " ".join(str(error).split()).rstrip(".")
