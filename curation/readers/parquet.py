"""Parquet: row groups in slices, read in batches of rows."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from . import addresses, columns, files
from .options import ReadOptions, Slice
from .records import Partition

BATCH = 1024  # rows decoded at a time


def opened(path: str) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises:
        InputError: when its footer cannot be read.
    """
    try:
        return pq.ParquetFile(addresses.opened(path) if addresses.is_address(path) else path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({columns.reason(error)})") from error


def plan(path: str, options: ReadOptions) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Runs of row groups of about a partition each: their numbers, the number of the first row, bytes on disk.

    Raises:
        InputError: when there is no such text column, or it holds no text, naming the columns found; for a row group
            that is a compression bomb.
    """
    with opened(path) as file:
        column = columns.text_column(file.schema_arrow, path, options)
        metadata = file.metadata
        at = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == column)
        groups: list[int] = []
        first = row = size = disk = 0
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            _refuse_bomb(path, number, group, options)
            grown = group.column(at).total_uncompressed_size
            if groups and size + grown > options.partition_bytes:
                yield tuple(groups), first, disk
                groups, first, size, disk = [], row, 0, 0
            groups.append(number)
            size += grown
            disk += sum(group.column(i).total_compressed_size for i in range(group.num_columns))
            row += group.num_rows
        yield tuple(groups), first, disk


def _refuse_bomb(path: str, number: int, group: pq.RowGroupMetaData, options: ReadOptions) -> None:
    """Stop at a row group that says it expands out of all proportion: its pages would be held in memory."""
    for index in range(group.num_columns):
        column = group.column(index)
        size, packed = column.total_uncompressed_size, column.total_compressed_size
        if files.is_bomb(size, packed, options.max_record_bytes):
            raise InputError(
                f"{path}: found {packed} bytes that expand to {size} in row group {number}, column "
                f"{column.path_in_schema!r}, a compression bomb, expected at most {files.BOMB_RATIO} times as many"
            )


def read(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions of some row groups, each with how many of the piece's bytes are read; a record's number is its row's.

    Raises:
        InputError: when the data pages are damaged.
    """
    with opened(piece.path) as file:
        rows = sum(file.metadata.row_group(group).num_rows for group in piece.row_groups)
        yield from columns.partitions(_batches(file, piece), rows, piece, options)


def _batches(file: pq.ParquetFile, piece: Slice) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=BATCH, row_groups=list(piece.row_groups), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{piece.path}: found damaged data pages ({columns.reason(error)}), expected Parquet"
        ) from error
