"""CSV and TSV (RFC 4180): a header, then a record a row, whose quoted fields may hold line ends.

The separator follows from the file's name: a comma for .csv, a tab for .tsv. A quote that stands inside a field which
does not begin with one is an ordinary character. A row that cannot be read is damage to its first line alone: reading
goes on with the next line, so one quote too many does not swallow the rows after it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import InputError
from . import columns as columns_of
from . import jsonl
from .files import BLOCK, WORDS, Stream
from .options import Damage, Format, ReadOptions, Slice
from .records import BOM, Partition

_DECODABLE = "text in the file's encoding"
SEPARATORS: dict[Format, str] = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class Row:
    """One row as it was found.

    Attributes:
        number: of its first line in the file, from 0.
        fields: its values, or why it has none.
        start, end: the bytes that it takes, from where the stream began.
    """

    number: int
    fields: list[str] | Damage
    start: int
    end: int


@dataclass(frozen=True)
class _Line:
    """A line without its end, or none where it is too long, and the bytes it takes with it."""

    text: str | None
    size: int


def read(stream: Stream, piece: Slice, options: ReadOptions) -> Iterator[Partition]:
    """Partitions of a stream of rows; each is to be finished before the next is asked for.

    A record's number is that of its first line, from 0. Lines with nothing on them are no records but count.

    Args:
        stream: at the first byte of the file, or of a row where the piece does not begin with the header.
        piece: names the file, its columns and the number of its first line.
        options: partition and record sizes, text column, quote.
    """
    partition = Partition(piece.source, piece.file)
    at = piece.columns.index(options.column)
    found = rows(stream, piece.format, options, piece.first_record)
    if piece.start == 0:
        next(found, None)  # the header
    used = unsettled = 0
    for row in found:
        size = row.end - row.start
        if used and used + size > options.partition_bytes:
            yield partition
            used = unsettled = 0
        used += size
        unsettled += size
        _add(partition, row, piece.columns, at)
        if unsettled > BLOCK:
            partition.settle()
            unsettled = 0
    yield partition


def _add(partition: Partition, row: Row, names: tuple[str, ...], at: int) -> None:
    fields = row.fields
    if isinstance(fields, Damage):
        partition.damaged(fields)
    elif len(fields) != len(names):
        found = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
        partition.damaged(Damage(row.number, found, f"{len(names)} as in the header"))
    else:
        others = {name: value for index, (name, value) in enumerate(zip(names, fields, strict=True)) if index != at}
        partition.add(row.number, fields[at], others)


def columns(stream: Stream, form: Format, options: ReadOptions) -> tuple[str, ...]:
    """The names in a file's header.

    Raises:
        InputError: when there is none that can be read, a name stands there twice, or none is the text column.
    """
    path = stream.path
    first = next(rows(stream, form, options, 0), None)
    if first is None or isinstance(first.fields, Damage):
        found = "no line with text" if first is None or isinstance(first.fields, list) else first.fields.found
        raise InputError(f"{path}: found {found}, expected a header with the names of the columns")
    names = first.fields
    if any("\r" in name for name in names):
        raise InputError(f"{path}: found lines that end in a carriage return alone, expected a line feed")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise InputError(f"{path}: found two columns {twice!r} in the header, expected different names")
    if options.column not in names:
        raise InputError(columns_of.missing_column(path, options.column, names))
    return tuple(names)


def cuts(stream: Stream, form: Format, options: ReadOptions) -> Iterator[tuple[int, int]]:
    """Places where an uncompressed file is cut, all where a row begins and about a partition apart.

    Each is a byte offset and the number of the line that starts there; the first is (0, 0), the end is not among them.
    Rows are found as they are when the whole file is read, so a line end in quotes is never taken for a row's.
    """
    yield 0, 0
    start = 0
    for row in rows(stream, form, options, 0):
        if row.start > start and row.end - start > options.partition_bytes:
            start = row.start
            yield start, row.number


def rows(stream: Stream, form: Format, options: ReadOptions, number: int) -> Iterator[Row]:
    """Rows of a stream, from the line of the given number on; the header, where it is among them, is the first."""
    lines = _lines(stream, options)
    waiting: deque[_Line] = deque()  # read again, since the row that they seemed to belong to was none
    offset = 0

    def following() -> _Line | None:
        return waiting.popleft() if waiting else next(lines, None)

    while (line := following()) is not None:
        taken = [line]
        fields = _fields_of(taken, following, form, options, number)
        if isinstance(fields, Damage) and fields.rule == "reader.damaged" and fields.expected != _DECODABLE:
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
        end = offset + sum(each.size for each in taken)
        if fields is not None:
            yield Row(number, fields, offset, end)
        offset = end
        number += len(taken)


def _fields_of(
    taken: list[_Line], following: Callable[[], _Line | None], form: Format, options: ReadOptions, number: int
) -> list[str] | Damage | None:
    """The fields of the row that begins with a line, to which the further lines of the row are added; none if blank."""
    limit = options.max_record_bytes
    text, size = taken[0].text, taken[0].size
    if text is None:
        return Damage(
            number, f"a record of {size - 1} bytes", f"at most {limit}", "reader.too_large", size - 1.0, limit
        )
    if number == 0:
        text = text.removeprefix(BOM)
    if text in ("", "\r"):
        return None
    row = _Fields(SEPARATORS[form], options.quote)
    row.take(text)
    while row.inside and (more := following()) is not None:
        taken.append(more)
        size += more.size
        if more.text is None or size > limit:
            break
        row.take(more.text)
    fault = row.fault or ("a quoted field without an end" if row.inside else None)
    if fault is not None:
        return Damage(number, fault, f"a row of {WORDS[form]}")
    try:
        "".join(row.values).encode()
    except UnicodeEncodeError:
        return Damage(number, "bytes that are not UTF-8", _DECODABLE)
    return row.values


class _Fields:
    """Splits the lines of a row, given one after another, into its fields."""

    def __init__(self, separator: str, quote: str) -> None:
        self.values: list[str] = []
        self.inside = False  # a quoted field, which goes on in the next line
        self.fault: str | None = None
        self._separator = separator
        self._quote = quote
        self._quoted: list[str] = []

    def take(self, line: str) -> None:
        """Take the next line of the row, without its line end."""
        at = 0
        if self.inside:
            self._quoted.append("\n")
            at = self._close(line, 0)
        while 0 <= at <= len(line):
            if self._quote and line.startswith(self._quote, at):
                self.inside = True
                at = self._close(line, at + 1)
                continue
            if not self._quote or line.find(self._quote, at) < 0:  # nothing quoted is left
                self.values.extend(line[at:].removesuffix("\r").split(self._separator))
                return
            end = line.find(self._separator, at)
            if end < 0:
                self.values.append(line[at:].removesuffix("\r"))
                return
            self.values.append(line[at:end])
            at = end + 1

    def _close(self, line: str, at: int) -> int:
        """Read a quoted field from inside it; where the next field begins, or -1 at the line's end or at a fault."""
        quote = self._quote
        while True:
            end = line.find(quote, at)
            if end < 0:
                self._quoted.append(line[at:])
                return -1
            self._quoted.append(line[at:end])
            if not line.startswith(quote, end + 1):
                break
            self._quoted.append(quote)
            at = end + 2
        self.inside = False
        self.values.append("".join(self._quoted))
        self._quoted.clear()
        if line.startswith(self._separator, end + 1):
            return end + 2
        if line[end + 1 :] not in ("", "\r"):
            self.fault = f"text after the closing quote of field {len(self.values)}"
        return -1


def _lines(stream: Stream, options: ReadOptions) -> Iterator[_Line]:
    """Lines of a stream; bytes that are no UTF-8 become surrogates, which no valid text holds."""
    limit = options.max_record_bytes
    for chunk in jsonl.chunks(stream, min(BLOCK, options.partition_bytes), limit):
        if isinstance(chunk, int):
            yield _Line(None, chunk + 1)
            continue
        for raw in chunk.removesuffix(b"\n").split(b"\n"):
            if len(raw) > limit:
                yield _Line(None, len(raw) + 1)
            else:
                yield _Line(raw.decode("utf-8", "surrogateescape"), len(raw) + 1)
