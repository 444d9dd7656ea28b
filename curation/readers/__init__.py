"""Raw files in, tables of documents out: JSON Lines, Parquet, plain text and Markdown.

`plan` says in which pieces the inputs are read and refuses what cannot be; `read` gives a piece's partitions.
"""

from collections.abc import Iterator

from . import files, jsonl, parquet, plain
from .options import Damage, Read, ReadOptions, Slice, check_damage
from .plan import plan
from .records import Partition

__all__ = ["Damage", "Read", "ReadOptions", "Slice", "check_damage", "plan", "read"]


def read(piece: Slice, options: ReadOptions) -> Iterator[Read]:
    """Read a piece of a file as partitions of at most `partition_bytes`, at least one, whose `bytes` add up to its own.

    Raises:
        InputError: for damaged compression or pages; for more damaged records than the options allow, where this piece
            is the whole file (where it is not, `check_damage` is the caller's); with `strict`, for the first one.
    """
    records = damaged = taken = 0
    first: Damage | None = None
    for partition, position in _partitions(piece, options):
        first = first or next(iter(partition.damages), None)
        done = partition.finish(position - taken)
        taken = position
        records += done.records
        damaged += done.records - done.documents.height
        if options.strict and damaged:
            check_damage(piece.path, records, damaged, options, first)
        yield done
    if piece.whole:
        check_damage(piece.path, records, damaged, options, first)


def _partitions(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions, each with how much of the piece's `bytes` has been taken when it is complete."""
    if piece.format == "parquet":
        yield from parquet.read(piece, options)
        return
    reader = jsonl.read if piece.format == "jsonl" else plain.read
    size = None if piece.compression else piece.end - piece.start
    with files.opened(piece.path, piece.compression, options.encoding, piece.start, size) as stream:
        for partition in reader(stream, piece, options):
            yield partition, stream.position() - piece.start
