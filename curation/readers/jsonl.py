"""JSON Lines: one object a line, plain or compressed, read as a stream of bounded blocks."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .files import BLOCK, Stream
from .options import Damage, ReadOptions, Slice
from .records import BOM, Partition, kind

BLANK = " \t\r"

# NaN and infinities are no JSON but Python writes them: kept as text, since `meta` must stay JSON.
scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_constant=str).scan_once  # type: ignore[attr-defined]

_OBJECT = "a JSON object"
# What `scan` raises, and `pop` of a value that is no object or has no such key.
_ODD = (StopIteration, ValueError, RecursionError, KeyError, AttributeError, TypeError)


def read(stream: Stream, piece: Slice, options: ReadOptions) -> Iterator[Partition]:
    """Partitions of a stream of JSON Lines; each is to be finished before the next is asked for.

    A record's number is that of its line, from 0; lines of blanks are no records but count. Memory is bounded by
    `partition_bytes` and `max_record_bytes` whatever the stream decompresses to.

    Args:
        stream: at the first byte of the first record.
        piece: names the file and the number of its first record.
        options: partition and record sizes, text column.
    """
    parser = _Parser(piece, options)
    limit = options.partition_bytes
    for chunk in chunks(stream, min(BLOCK, limit), options.max_record_bytes):
        if isinstance(chunk, int):
            parser.too_large(chunk)
            continue
        while chunk:
            room = limit - parser.used
            cut = len(chunk) if len(chunk) <= room else chunk.rfind(b"\n", 0, max(room, 0)) + 1
            if cut == 0 and parser.used:
                parser.used = 0
                yield parser.partition
                continue
            if cut == 0:  # one record fills a partition alone
                cut = chunk.find(b"\n") + 1 or len(chunk)
            parser.parse(chunk[:cut])
            chunk = chunk[cut:]
    yield parser.partition


def chunks(stream: Stream, block: int, limit: int) -> Iterator[bytes | int]:
    """Pieces of a stream that end at a line's end; for a line longer than `limit` only its length.

    Such a line is skipped while it streams by.

    Raises:
        InputError: when it is the line of a compression bomb (`files.Stream.refuse_bomb`).
    """
    carry: list[bytes] = []
    carried = 0
    skipping = False
    since = 0  # where on the disk the line that is being skipped began, or later
    while data := stream.read(block):
        cut = data.rfind(b"\n") + 1
        if cut == 0:
            carried += len(data)
            skipping = skipping or carried > limit
            if skipping:
                carry.clear()
                stream.refuse_bomb(carried, since, limit)
            else:
                carry.append(data)
            continue
        if skipping:
            end = data.find(b"\n")
            yield carried + end
            head = data[end + 1 : cut]
        else:
            head = b"".join([*carry, data[:cut]])
        if head:
            yield head
        rest = data[cut:]
        carry, carried, skipping, since = [rest], len(rest), False, stream.position()
    if skipping:
        yield carried
    elif carried:
        yield b"".join(carry)


class _Parser:
    """Lines in, records of a partition out."""

    def __init__(self, piece: Slice, options: ReadOptions) -> None:
        self.partition = Partition(piece.source, piece.file)
        self.column = options.column
        self.limit = options.max_record_bytes
        self.number = piece.first_record
        self.used = 0

    def too_large(self, size: int) -> None:
        self.partition.damaged(
            Damage(
                self.number,
                f"a record of {size} bytes",
                f"at most {self.limit}",
                rule="reader.too_large",
                value=float(size),
                threshold=float(self.limit),
            )
        )
        self.number += 1

    def parse(self, chunk: bytes) -> None:
        """Parse whole lines. Valid UTF-8 of ordinary size, nearly all there is, is decoded in one go."""
        self.used += len(chunk)
        ended = chunk.endswith(b"\n")
        if len(chunk) > self.limit:
            self._parse_apart(chunk, ended)
            return
        try:
            lines = chunk.decode().split("\n")
        except UnicodeDecodeError:
            self._parse_apart(chunk, ended)
            return
        if ended:
            lines.pop()
        column, add = self.column, self.partition.add
        for number, line in enumerate(lines, self.number):
            try:
                fields, end = scan(line, 0)
                text = fields.pop(column)
            except _ODD:
                self._careful(number, line)
                continue
            if end == len(line) and type(text) is str:
                add(number, text, fields)
            else:
                self._careful(number, line)
        self.number += len(lines)
        self.partition.settle()

    def _parse_apart(self, chunk: bytes, ended: bool) -> None:
        """Parse lines of which some cannot be decoded or are too large."""
        lines = chunk.split(b"\n")
        if ended:
            lines.pop()
        for raw in lines:
            if len(raw) > self.limit:
                self.too_large(len(raw))
                continue
            try:
                self._careful(self.number, raw.decode())
            except UnicodeDecodeError as error:
                found = f"byte 0x{raw[error.start]:02x} at column {error.start + 1}"
                self.partition.damaged(Damage(self.number, found, "UTF-8"))
            self.number += 1
        self.partition.settle()

    def _careful(self, number: int, line: str) -> None:
        """Read a line that is unusual: blank, with a byte order mark or blanks around its object, or damaged."""
        line = line.lstrip(BLANK + BOM).rstrip(BLANK)
        if not line:
            return
        record = parse_object(line)
        if isinstance(record, str):
            self.partition.damaged(Damage(number, record, _OBJECT))
            return
        key = text_key(record, self.column)
        if key is None:
            names = ", ".join(map(repr, record)) or "no columns"
            expected = f"{self.column!r} (name another with --text-column)"
            self.partition.damaged(Damage(number, f"the columns {names}" if record else names, expected))
            return
        text = record.pop(key)
        if not isinstance(text, str):
            self.partition.damaged(Damage(number, f"{kind(text)} in column {key!r}", "text"))
            return
        self.partition.add(number, text, record)


def parse_object(line: str, scan: Callable[[str, int], tuple[Any, int]] = scan) -> dict[str, Any] | str:
    """The JSON object that a line without blanks around it holds, or in words what was found instead."""
    try:
        value, end = scan(line, 0)
    except StopIteration as error:  # its value is where nothing could begin
        return f"broken JSON (no value at column {error.value + 1})" if error.value else "no JSON"
    except json.JSONDecodeError as error:
        return f"broken JSON ({error.msg} at column {error.colno})"
    except (ValueError, RecursionError) as error:
        return "JSON nested too deeply" if isinstance(error, RecursionError) else "a number of thousands of digits"
    if end != len(line):
        return f"more text after the JSON value, at column {end + 1}"
    return value if isinstance(value, dict) else kind(value)


def text_key(record: dict[str, Any], column: str) -> str | None:
    """The record's key for a column, where a byte order mark may have got into the key of the first one."""
    if column in record:
        return column
    return BOM + column if BOM + column in record else None
