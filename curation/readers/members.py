"""Gzip files of many members, as WARC has them: read member by member, and beyond a damaged one.

A record-compressed WARC holds each record in a gzip member of its own (WARC 1.1, annex D), so a member's place on the
disk is where reading can begin, and a damaged member is the loss of one record.
"""

import zlib
from typing import BinaryIO

from .files import Stream

_MAGIC = b"\x1f\x8b\x08"
_BLOCK = 64 << 10  # bytes read off the disk at a time
_GROWTH = 1 << 20  # bytes decompressed at a time, whatever they expand to


class Broken(Exception):
    """Compressed data that cannot be read; `resume` looks for what follows it."""


class Blocks:
    """An uncompressed or Zstandard file."""

    def __init__(self, stream: Stream, start: int | None) -> None:
        """Read a stream that is at an offset on the disk, none for one whose bytes are not those on the disk."""
        self._stream = stream
        self._at = start
        self.origin: int | None = None

    def read(self) -> bytes:
        """More bytes, empty at the end. `origin` is then where the first of them is on the disk."""
        self.origin = self._at
        data = self._stream.read(_GROWTH)
        if self._at is not None:
            self._at += len(data)
        return data

    def position(self) -> int:
        """Offset on the disk up to which the file has been read."""
        return self._stream.position()

    def resume(self) -> bool:
        """Nothing is broken here that could be passed: what follows damage is found in the bytes themselves."""
        return False


class Members:
    """A gzip file: the decompressed bytes of one member after another."""

    def __init__(self, raw: BinaryIO, start: int, end: int | None) -> None:
        """Read from the member at `start` up to the one at `end`, none for all."""
        self._raw = raw
        self._at = start  # of what is in hand
        self._end = end
        self._held = b""
        self._member = start
        self._decompressor: zlib._Decompress | None = None
        self.origin: int | None = None
        if start:
            raw.seek(start)

    def position(self) -> int:
        """Offset on the disk up to which the file has been read."""
        return self._at

    def read(self) -> bytes:
        """More bytes, empty at the end. `origin` is then where their member begins, none where they are not its first.

        Raises:
            Broken: when the data is damaged, or ends early.
        """
        while True:
            self.origin = None
            if self._decompressor is None:
                if not self._begin():
                    return b""
                self.origin = self._member
            data = self._expand()
            if data:
                return data

    def _begin(self) -> bool:
        """Begin the next member, past the zeros that may stand between two; false at the end."""
        while True:
            self._fill(len(_MAGIC))
            kept = self._held.lstrip(b"\x00")
            self._at += len(self._held) - len(kept)
            if len(kept) == len(self._held):
                break
            self._held = kept
        if not self._held:
            return False
        self._member = self._at
        if not self._held.startswith(_MAGIC):
            raise Broken("bytes that are no gzip member")
        self._decompressor = zlib.decompressobj(wbits=31)
        return True

    def _fill(self, size: int) -> None:
        """Hold at least so many bytes, unless the file or the piece ends before."""
        while len(self._held) < size:
            at = self._at + len(self._held)
            room = _BLOCK if self._end is None else min(_BLOCK, self._end - at)
            more = self._raw.read(room) if room > 0 else b""
            if not more:
                return
            self._held += more

    def _expand(self) -> bytes:
        """More of the member in hand; empty when it ended before there was any."""
        decompressor = self._decompressor
        assert decompressor is not None
        while True:
            self._fill(1)
            if not self._held:
                raise Broken("data that ends early")
            try:
                data = decompressor.decompress(self._held, _GROWTH)
            except zlib.error as error:
                raise Broken(f"damaged data ({error})") from error
            left = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            self._at += len(self._held) - len(left)
            self._held = left
            if decompressor.eof:
                self._decompressor = None
            if data or decompressor.eof:
                return data

    def resume(self) -> bool:
        """Go to the next member after the one that is broken, if there is one whose data can be read as it begins."""
        self._decompressor = None
        self._seek(self._member + 1)
        while True:
            self._fill(_BLOCK)
            found = self._held.find(_MAGIC)
            if found < 0:
                kept = len(_MAGIC) - 1 if len(self._held) >= _BLOCK else 0
                self._at += len(self._held) - kept
                if not kept:
                    return False
                self._held = self._held[-kept:]
                continue
            self._at += found
            self._held = self._held[found:]
            self._fill(_BLOCK)
            self._member = self._at
            if _begins_record(self._held):
                return True
            self._at += 1
            self._held = self._held[1:]

    def _seek(self, offset: int) -> None:
        self._raw.seek(offset)
        self._at = offset
        self._held = b""


def _begins_record(data: bytes) -> bool:
    """Whether a gzip member begins here whose data is a WARC record."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, 5) == b"WARC/"
    except zlib.error:
        return False
