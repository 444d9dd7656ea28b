"""Raw files in, tables of documents out: JSON Lines, Parquet, CSV, text, HTML, WARC, folders of `datasets`.

`plan` says in which pieces the inputs are read and refuses what cannot be, `passed_over` what of folders is not read at
all; `read` gives a piece's partitions.
"""

from collections.abc import Callable, Iterator

from . import arrow, delimited, files, html, jsonl, parquet, plain, warc
from .files import Stream, digest
from .options import Damage, Format, Read, ReadOptions, Slice, check_damage
from .plan import passed_over, plan
from .records import Partition

__all__ = ["Damage", "Read", "ReadOptions", "Slice", "check_damage", "digest", "passed_over", "plan", "read"]


def read(piece: Slice, options: ReadOptions) -> Iterator[Read]:
    """Read a piece of a file as partitions of at most `partition_bytes`, at least one, whose `bytes` add up to its own.

    Raises:
        InputError: for damaged compression or pages; for more damaged records than the options allow, where this piece
            is the whole file (where it is not, `check_damage` is the caller's); with `strict`, for the first one.
    """
    records = damaged = taken = 0
    first: Damage | None = None
    for partition, position in _partitions(piece, options):
        first = first or next((damage for damage in partition.damages if damage.counts), None)
        done = partition.finish(position - taken)
        taken = position
        records += done.records
        damaged += done.damaged
        if options.strict and damaged:
            check_damage(piece.path, records, damaged, options, first)
        yield done
    if piece.whole:
        check_damage(piece.path, records, damaged, options, first)


def _partitions(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions, each with how much of the piece's `bytes` has been taken when it is complete."""
    reader = _WHOLE_FILES.get(piece.format)
    if reader is not None:
        yield from reader(piece, options)
        return
    # Pages name their encodings themselves.
    encoding = "utf-8" if piece.format == "html" else piece.encoding or options.encoding
    size = None if piece.compression or not piece.end else piece.end - piece.start
    with files.opened(piece.path, piece.compression, encoding, piece.start, size) as stream:
        for partition in _STREAMED[piece.format](stream, piece, options):
            yield partition, stream.position() - piece.start


def _nothing(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """The one partition, without records, of an empty file."""
    yield Partition(piece.source, piece.file), piece.bytes


_WHOLE_FILES: dict[Format, Callable[[Slice, ReadOptions], Iterator[tuple[Partition, int]]]] = {
    "parquet": parquet.read,
    "arrow": arrow.read,
    "warc": warc.read,
    "empty": _nothing,
}
_STREAMED: dict[Format, Callable[[Stream, Slice, ReadOptions], Iterator[Partition]]] = {
    "jsonl": jsonl.read,
    "plain": plain.read,
    "csv": delimited.read,
    "tsv": delimited.read,
    "html": html.read,
}
