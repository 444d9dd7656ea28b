"""Arrow IPC, streams and files: what `datasets` writes to a folder with `save_to_disk`. No pickle is ever loaded."""

import contextlib
from collections.abc import Iterator

import pyarrow as pa

from ..errors import InputError
from . import addresses, columns
from .options import ReadOptions, Slice
from .parquet import BATCH
from .records import Partition

_FILE_MAGIC = b"ARROW1"


def plan(path: str, options: ReadOptions) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Runs of record batches of about a partition each: their numbers, the number of the first row, bytes of text.

    A file at an address is one run, without numbers: to find its batches would be to read it twice.

    Raises:
        InputError: when it is no whole Arrow file, there is no such text column, or it holds no text.
    """
    with _opened(path) as (schema, batches):
        columns.text_column(schema, path, options)
        if addresses.is_address(path):
            yield (), 0, 0
            return
        numbers: list[int] = []
        first = row = size = 0
        for number, batch in enumerate(batches):
            grown = batch.column(options.column).nbytes
            if numbers and size + grown > options.partition_bytes:
                yield tuple(numbers), first, size
                numbers, first, size = [], row, 0
            numbers.append(number)
            size += grown
            row += batch.num_rows
        yield tuple(numbers), first, size


def read(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions of some record batches, each with how many of the piece's bytes are read.

    Raises:
        InputError: when the data is damaged.
    """
    with _opened(piece.path) as (schema, batches):
        columns.text_column(schema, piece.path, options)
        yield from columns.partitions(_checked(batches, piece), 0, piece, options)


def _checked(batches: Iterator[pa.RecordBatch], piece: Slice) -> Iterator[pa.RecordBatch]:
    """The piece's batches in parts of a bounded number of rows; offsets that lead out of a buffer are found here."""
    wanted = frozenset(piece.row_groups)
    for number, batch in enumerate(batches):
        if wanted and number not in wanted:
            if number > max(wanted):
                return
            continue
        for start in range(0, batch.num_rows, BATCH):
            part = batch.slice(start, BATCH)
            try:
                for column in part.columns:
                    _as_bytes(column).validate(full=True)
            except pa.ArrowException as error:
                raise _damaged(piece.path, error) from error
            yield part


def _as_bytes(column: pa.Array) -> pa.Array:
    """A column whose texts are not checked for UTF-8: one that is not is damage to its row, not to the file."""
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    return column.view(pa.large_binary()) if pa.types.is_large_string(column.type) else column


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    try:
        with contextlib.ExitStack() as stack:
            if addresses.is_address(path):
                source = stack.enter_context(pa.PythonFile(stack.enter_context(addresses.opened(path)), mode="r"))
            else:
                source = stack.enter_context(pa.memory_map(path))
            is_file = source.read(len(_FILE_MAGIC)) == _FILE_MAGIC
            source.seek(0)
            reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
            yield reader.schema, _batches(reader)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _batches(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from reader


def _damaged(path: str, error: BaseException) -> InputError:
    return InputError(f"{path}: found damaged data ({columns.reason(error)}), expected a whole Arrow IPC file")
