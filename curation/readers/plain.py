"""Plain text and Markdown: a file is one document."""

from collections.abc import Iterator

from .files import Stream
from .options import Damage, ReadOptions, Slice
from .records import Partition


def read(stream: Stream, piece: Slice, options: ReadOptions) -> Iterator[Partition]:
    """The one partition of a file. A byte order mark at its start is no part of the text."""
    partition = Partition(piece.source, piece.file)
    data = bounded(stream, options.max_record_bytes)
    if isinstance(data, int):
        limit = options.max_record_bytes
        partition.damaged(
            Damage(0, f"more than {limit} bytes", f"at most {limit}", "reader.too_large", float(data), float(limit))
        )
        yield partition
        return
    try:
        partition.add(0, data.decode("utf-8-sig"), {})
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        partition.damaged(Damage(0, f"byte 0x{data[error.start]:02x} at offset {error.start} (line {line})", "UTF-8"))
    yield partition


def bounded(stream: Stream, limit: int) -> bytes | int:
    """The bytes of a stream, or how many had been read when the limit was passed."""
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            return size
    return b"".join(pieces)
