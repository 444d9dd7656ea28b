"""Files as streams of bytes: decompression, encodings, and whether a file is what its name says."""

import codecs
import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ..errors import InputError
from .options import Compression, Format

HEAD = 64 << 10  # bytes looked at to recognise a file
BLOCK = 4 << 20  # bytes decompressed and parsed at a time

FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "plain",
    ".md": "plain",
}
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
READABLE = "jsonl, ndjson or json (JSON Lines), txt, md, each also with .gz or .zst, or parquet"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"%PDF", "PDF"),
    (b"ARROW1", "Arrow IPC"),
    (b"Obj\x01", "Avro"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a PNG image"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)
_UNICODE_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b")


def format_of(name: str) -> tuple[Format, Compression | None] | None:
    """Format and compression that a file's name says, none for a name that no reader knows."""
    stem = Path(name)
    compression = COMPRESSIONS.get(stem.suffix.lower())
    if compression is not None:
        stem = stem.with_suffix("")
    known = FORMATS.get(stem.suffix.lower())
    if known is None or (known == "parquet" and compression is not None):
        return None
    return known, compression


def recognise(head: bytes) -> str | None:
    """What the first bytes of a file are, in words, by their magic number; none for anything else, text above all."""
    return next((what for magic, what in _MAGIC if head.startswith(magic)), None)


def describe(head: bytes) -> str:
    """What the first bytes of a file are, in words."""
    what = recognise(head)
    if what is not None:
        return what
    other = other_encoding(head)
    if other is not None:
        return f"{other} text"
    return "binary data" if is_binary(head) else "text"


def is_binary(head: bytes) -> bool:
    """Whether bytes are no text in any encoding: in most lines a twentieth or more are control characters.

    Lines are judged apart, since what a crash leaves in a file, one run of zero bytes, is damage to a single one.
    """
    lines = [line for line in head.split(b"\n") if line]
    broken = sum(20 * sum(byte in _CONTROLS for byte in line) >= len(line) for line in lines)
    return 2 * broken > len(lines)


def other_encoding(head: bytes, lines_are_records: bool = False) -> str | None:
    """Name of the encoding other than UTF-8 that text seems to be in, none where most of it is UTF-8.

    Lines are judged apart, since a few damaged ones do not change the encoding of a file. Where lines are records, one
    alone that is not UTF-8 among others that are is a damaged record.
    """
    for mark, name in _UNICODE_MARKS:
        if head.startswith(mark):
            return name
    for offset, name in ((1, "UTF-16 (little-endian)"), (0, "UTF-16 (big-endian)")):
        half = head[offset::2]
        if len(half) >= 8 and half.count(0) > 0.4 * len(half) and head[1 - offset :: 2].count(0) < 0.1 * len(half):
            return name
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    if len(lines) > 1:
        lines.pop()  # the head may have cut it
    broken = [line for line in lines if not _decodes(line, "utf-8")]
    if not broken or 2 * len(broken) <= len(lines) or is_binary(head):
        return None
    if lines_are_records and len(broken) == len(lines) == 1 and len(head.splitlines()) > 1:
        return None
    return _legacy(b"\n".join(broken))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        # An incremental decoder, not final, takes a character that the end of the head has cut.
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _legacy(data: bytes) -> str:
    """Name of the legacy encoding that text beyond UTF-8 is probably in."""
    if _decodes(data, "cp949"):
        text = data.decode("cp949", "ignore")
        beyond = [character for character in text if not character.isascii()]
        # Only syllables of EUC-KR count: those that cp949 adds are rare, and what Japanese in Shift JIS looks like.
        common = sum("가" <= character <= "힣" and min(character.encode("cp949")) > 0xA0 for character in beyond)
        if 2 * common > len(beyond):
            return "EUC-KR (cp949)"
    for encoding, name in (("shift_jis", "Shift JIS"), ("gb18030", "GB 18030")):
        text = data.decode(encoding, "ignore") if _decodes(data, encoding) else ""
        beyond = [character for character in text if not character.isascii()]
        if beyond and 4 * sum("぀" <= character <= "鿿" for character in beyond) > 3 * len(beyond):
            return name
    return "a legacy 8-bit encoding such as Windows-1252"


class Stream:
    """An open file as its decompressed bytes, re-encoded to UTF-8 where it is in another encoding."""

    def __init__(
        self, path: str, raw: BinaryIO, compression: Compression | None, encoding: str, size: int | None
    ) -> None:
        self.path = path
        self._raw = raw
        self._compression = compression
        self._stream = _decompressed(raw, compression)
        self._encoding = encoding
        self._decoder = None if is_utf8(encoding) else codecs.getincrementaldecoder(encoding)()
        self._left = size
        self._at = 0

    def position(self) -> int:
        """Offset in the file, on the disk, up to which it has been read."""
        return self._raw.tell()

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes (some more where characters are re-encoded), empty at the end.

        Raises:
            InputError: when the compressed data is damaged or ends early, or the encoding does not fit.
        """
        while True:
            data = self._decompress(size)
            if self._decoder is None:
                return data
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{self.path}: found bytes near offset {self._at} that are not {self._encoding} ({error.reason})"
                ) from error
            self._at += len(data)
            if text or not data:
                return text.encode("utf-8", "surrogatepass")

    def _decompress(self, size: int) -> bytes:
        if self._left is not None:
            size = self._left if size < 0 else min(size, self._left)
        try:
            data = self._stream.read(size)
        except (EOFError, OSError, zlib.error) as error:
            if self._compression is None:
                raise
            early = isinstance(error, EOFError) or "Truncated" in str(error)
            found = "data that ends early" if early else f"damaged data ({error})"
            expected = "gzip" if self._compression == "gz" else "Zstandard"
            raise InputError(f"{self.path}: found {found}, expected a whole {expected} file") from error
        if self._left is not None:
            self._left -= len(data)
        return data


def is_utf8(encoding: str) -> bool:
    """Whether a Python encoding name means UTF-8."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _decompressed(raw: BinaryIO, compression: Compression | None) -> BinaryIO:
    if compression == "gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if compression == "zst":
        # Arrow's stream, unlike zstandard's own, raises when a frame is cut short.
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
    return raw


@contextlib.contextmanager
def opened(
    path: str, compression: Compression | None, encoding: str = "utf-8", start: int = 0, size: int | None = None
) -> Iterator[Stream]:
    """Open a file as a stream of its decompressed bytes.

    Args:
        path: the file.
        compression: none for a file as it is.
        encoding: Python name of the text's encoding.
        start: where to start on the disk.
        size: how many decompressed bytes to read, none for all.

    Raises:
        InputError: when it cannot be opened.
    """
    try:
        raw = Path(path).open("rb")  # noqa: SIM115 - only the opening may fail like this
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror})") from error
    with raw:
        raw.seek(start)
        yield Stream(path, raw, compression, encoding, size)


def visible(folder: Path) -> Iterator[Path]:
    """Files below a folder, hidden files and folders left out, in the order of their names."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from visible(entry)
        elif entry.is_file():
            yield entry


def size_of(path: Path) -> int:
    """Bytes of a file on the disk.

    Raises:
        InputError: when it is missing, no ordinary file, or empty.
    """
    if not path.is_file():
        found = "found something that is no ordinary file, expected a file" if path.exists() else "no such file"
        raise InputError(f"{path}: {found}")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{path}: found an empty file, expected at least one record")
    return size


def head(
    path: Path, form: Format, compression: Compression | None, encoding: str = "utf-8", record_bytes: int = 0
) -> bytes:
    """The first bytes of a file, decompressed, once they are known to be what its name says.

    Of JSON Lines they reach to the first record's end, where that is no longer than `record_bytes`.

    Raises:
        InputError: for another type of file, another encoding, binary data, or compression of nothing.
    """
    with opened(str(path), None) as stream:
        raw = stream.read(HEAD)
    expected = {"gz": "gzip", "zst": "Zstandard", None: "Parquet" if form == "parquet" else None}[compression]
    if expected is not None:
        if recognise(raw) != expected:
            raise InputError(f"{path}: found {describe(raw)}, expected {expected} as its name says")
        if compression is None:
            return raw
    with opened(str(path), compression, encoding) as stream:
        start = stream.read(HEAD)
        pieces, size = [start], len(start)
        while form == "jsonl" and pieces[-1] and b"\n" not in pieces[-1] and size <= record_bytes:
            pieces.append(stream.read(BLOCK))
            size += len(pieces[-1])
    if not start:
        raise InputError(f"{path}: found nothing in the compressed file, expected at least one record")
    what = recognise(start)
    other = None if what else other_encoding(start, lines_are_records=form == "jsonl")
    if other is not None:
        raise InputError(f"{path}: found text in {other}, expected UTF-8")
    if what is not None or is_binary(start):
        words = "JSON Lines" if form == "jsonl" else "text"
        raise InputError(f"{path}: found {what or 'binary data'}, expected {words} as its name says")
    return b"".join(pieces)
