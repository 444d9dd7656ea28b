"""WARC (ISO 28500, WARC 1.0 and 1.1): archived responses of web servers, a record each, read as a stream.

Records are found by their lengths; after damage reading goes on with the next place where one begins. What a record
says is then taken from it by `captures`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import InputError
from . import captures, files, html
from .members import Blocks, Broken, Members
from .options import Compression, Damage, ReadOptions, Slice
from .records import Partition

_HEADER = 64 << 10  # bytes a record's header may have
_MARK = b"WARC/"


@dataclass(frozen=True)
class Record:
    """One record as it was found.

    Attributes:
        content: header and block, or why there is none.
        origin: place on the disk where reading could begin with it, none inside compressed data.
        size: bytes of it that were read.
    """

    content: bytes | Damage
    origin: int | None
    size: int


def read(piece: Slice, options: ReadOptions) -> Iterator[tuple[Partition, int]]:
    """Partitions of a piece, each with how many of the piece's bytes are read; records are numbered from 0.

    Every record is either a document or a ledger row that says why it is none.

    Raises:
        InputError: for damaged Zstandard data, or a compression bomb.
    """
    html.require()
    partition = Partition(piece.source, piece.file)
    used = number = 0
    end = None if piece.end == 0 else piece.end
    with _source(piece.path, piece.compression, piece.start, end) as source:
        for number, record in enumerate(records(source, options, piece.path, piece.first_record), piece.first_record):
            if used and used + record.size > options.partition_bytes:
                yield partition, max(0, source.position() - piece.start - record.size)
                used = 0
            used += record.size
            if isinstance(record.content, Damage):
                partition.damaged(record.content)
            else:
                captures.add(partition, number, record.content, options)
        yield partition, source.position() - piece.start


def cuts(path: str, compression: Compression | None, options: ReadOptions) -> Iterator[tuple[int, int]]:
    """Places where a file is cut, all where a record begins and about a partition apart.

    Each is a byte offset on the disk and the number of the record that starts there; the first is (0, 0), the end is
    not among them. A file compressed as a whole has no others.
    """
    yield 0, 0
    used = 0
    with _source(path, compression, 0, None) as source:
        for number, record in enumerate(records(source, options, path, 0)):
            if record.origin and used and used + record.size > options.partition_bytes:
                yield record.origin, number
                used = 0
            used += record.size


@contextlib.contextmanager
def _source(path: str, compression: Compression | None, start: int, end: int | None) -> Iterator[Blocks | Members]:
    if compression == "gz":
        with files.opened_raw(path) as raw:
            yield Members(raw, start, end)
        return
    size = None if compression or end is None else end - start
    with files.opened(path, compression, start=start, size=size) as stream:
        yield Blocks(stream, None if compression else start)


def records(source: Blocks | Members, options: ReadOptions, path: str, number: int) -> Iterator[Record]:
    """Records of a file or of a piece, the first of which has the given number."""
    framing = _Framing(source, options.max_record_bytes, path)
    while True:
        try:
            record = framing.following(number)
        except Broken as error:
            where = framing.where()
            framing.pass_damage()
            record = Record(Damage(number, f"{error} {where}", "a whole gzip member"), None, 0)
        if record is None:
            return
        yield record
        number += 1


class _Framing:
    """Cuts a stream of bytes into records."""

    def __init__(self, source: Blocks | Members, limit: int, path: str) -> None:
        self._source = source
        self._limit = limit
        self._path = path
        self._held = bytearray()
        self._origin: int | None = None  # of the first byte held, where reading could begin there
        self._ended = False

    def where(self) -> str:
        """About where the reading is, in words."""
        return f"near byte {self._source.position()}"

    def following(self, number: int) -> Record | None:
        """The next record, none at the end.

        Raises:
            Broken: when compressed data is damaged.
        """
        self._skip_blanks()
        if not self._held:
            return None
        origin = self._origin
        head = self._header()
        if head is None:
            found = f"no header of a record {self.where()}"
            self._find_record()
            return Record(Damage(number, found, "a WARC record"), origin, 0)
        length = _length(bytes(self._held[:head]))
        if length is None:
            found = f"a header without a Content-Length {self.where()}"
            self._find_record(1)
            return Record(Damage(number, found, "a WARC record"), origin, head)
        size = head + length
        if size > self._limit:
            return self._too_large(number, origin, size)
        self._hold(size)
        if len(self._held) < size:
            found = f"the end after {len(self._held)} bytes of a record of {size}"
            self._take(len(self._held))
            return Record(Damage(number, found, "a whole WARC record"), origin, size)
        content = bytes(self._held[:size])
        self._take(size)
        return Record(content, origin, size)

    def pass_damage(self) -> None:
        """Go on behind compressed data that is broken."""
        self._held.clear()
        self._ended = not self._source.resume()

    def _more(self) -> bool:
        """Hold more bytes; false at the end."""
        if self._ended:
            return False
        data = self._source.read()
        if not self._held:
            self._origin = self._source.origin
        self._held += data
        self._ended = not data
        return bool(data)

    def _hold(self, size: int) -> None:
        while len(self._held) < size and self._more():
            pass

    def _take(self, size: int) -> None:
        del self._held[:size]
        # Within compressed data no place can be begun at; elsewhere every byte has its own.
        inside = isinstance(self._source, Members) or self._origin is None
        self._origin = None if inside else (self._origin or 0) + size

    def _skip_blanks(self) -> None:
        """Go to where the next record begins: records end with two empty lines."""
        while self._held or self._more():
            blank = len(self._held) - len(self._held.lstrip(b"\r\n"))
            if blank < len(self._held):
                if blank:
                    self._take(blank)
                return
            self._take(blank)

    def _header(self) -> int | None:
        """The length of the header that begins here, none where none does."""
        while True:
            if not self._held[: len(_MARK)].startswith(_MARK[: len(self._held)]):
                return None
            end = self._held.find(b"\r\n\r\n", 0, _HEADER)
            if end >= 0:
                return end + 4
            if len(self._held) > _HEADER or not self._more():
                return None

    def _find_record(self, start: int = 0) -> None:
        """Pass bytes up to the next line that begins like a record."""
        began, passed = self._source.position(), 0
        while True:
            found = self._held.find(b"\n" + _MARK, start)
            if found >= 0:
                self._take(found + 1)
                return
            taken = max(0, len(self._held) - len(_MARK))
            self._take(taken)
            passed += taken
            self._refuse_bomb(passed, began)
            start = 0
            if not self._more():
                self._take(len(self._held))
                return

    def _too_large(self, number: int, origin: int | None, size: int) -> Record:
        """A record over the limit, passed without being held."""
        limit, left = self._limit, size
        began = self._source.position()
        while left:
            if not self._held and not self._more():
                break
            taken = min(left, len(self._held))
            self._take(taken)
            left -= taken
            self._refuse_bomb(size - left, began)
        found = f"a record of {size} bytes"
        damage = Damage(number, found, f"at most {limit}", "reader.too_large", float(size), float(limit))
        return Record(damage, origin, 0)

    def _refuse_bomb(self, passed: int, began: int) -> None:
        if files.is_bomb(passed, self._source.position() - began, self._limit):
            raise InputError(files.bomb(self._path, passed, self._limit))


def _length(header: bytes) -> int | None:
    """The length of the block that a header names."""
    for line in header.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        value = value.strip()
        if colon and name.strip().lower() == b"content-length" and value.isdigit() and len(value) < 19:
            return int(value)
    return None
