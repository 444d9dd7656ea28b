"""Parquet: row groups in slices, read in batches of rows."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from .options import Damage, ReadOptions, Slice
from .records import Partition

BATCH = 1024  # rows decoded at a time


def opened(path: str) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises:
        InputError: when its footer cannot be read.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({_reason(error)})") from error


def plan(path: str, options: ReadOptions) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Runs of row groups of about a partition each: their numbers, the number of the first row, bytes on disk.

    Raises:
        InputError: when there is no such text column, or it holds no text, naming the columns found.
    """
    with opened(path) as file:
        column = _text_column(file.schema_arrow, path, options)
        metadata = file.metadata
        at = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == column)
        groups: list[int] = []
        first = row = size = disk = 0
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            grown = group.column(at).total_uncompressed_size
            if groups and size + grown > options.partition_bytes:
                yield tuple(groups), first, disk
                groups, first, size, disk = [], row, 0, 0
            groups.append(number)
            size += grown
            disk += sum(group.column(i).total_compressed_size for i in range(group.num_columns))
            row += group.num_rows
        yield tuple(groups), first, disk


def _text_column(schema: pa.Schema, path: str, options: ReadOptions) -> str:
    if options.column not in schema.names:
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


def read(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions of some row groups, each with how many of the piece's bytes are read; a record's number is its row's.

    Raises:
        InputError: when the data pages are damaged.
    """
    partition = Partition(piece.source, piece.file)
    used = done = 0
    with opened(piece.path) as file:
        rows = sum(file.metadata.row_group(group).num_rows for group in piece.row_groups)
        for batch in _batches(file, piece):
            texts = _texts(batch.column(options.column))
            others = _fields(batch.drop_columns([options.column]))
            for text, fields in zip(texts, others, strict=True):
                size = len(text or b"")
                if used and used + size > options.partition_bytes:
                    yield partition, piece.bytes * done // rows
                    used = 0
                used += size
                _add(partition, piece.first_record + done, text, fields, options)
                done += 1
            partition.settle()
    yield partition, piece.bytes


def _batches(file: pq.ParquetFile, piece: Slice) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=BATCH, row_groups=list(piece.row_groups), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{piece.path}: found damaged data pages ({_reason(error)}), expected Parquet") from error


def _texts(column: pa.Array) -> list[bytes | None]:
    """Texts as bytes: Arrow promises UTF-8 but does not check what a file holds."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_binary()).to_pylist()


def _fields(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    if batch.num_columns == 0:
        return [{} for _ in range(batch.num_rows)]
    return batch.to_pylist()


def _add(partition: Partition, number: int, raw: bytes | None, fields: dict[str, Any], options: ReadOptions) -> None:
    if raw is None:
        partition.damaged(Damage(number, f"null in column {options.column!r}", "text"))
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


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
