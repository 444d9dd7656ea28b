"""Files as streams of bytes: decompression, encodings, and whether a file is what its name says."""

import codecs
import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa
import xxhash

from ..errors import InputError
from . import addresses
from .detection import PYTHON_NAMES, describe, is_binary, other_encoding, recognise
from .options import AUTO, Compression, Format

HEAD = 64 << 10  # bytes looked at to recognise a file
BLOCK = 4 << 20  # bytes decompressed and parsed at a time

FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "plain",
    ".md": "plain",
    ".csv": "csv",
    ".tsv": "tsv",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".warc": "warc",
    ".arrow": "arrow",
}
WORDS: dict[Format, str] = {
    "jsonl": "JSON Lines",
    "parquet": "Parquet",
    "plain": "text",
    "csv": "CSV",
    "tsv": "TSV",
    "html": "HTML",
    "warc": "WARC",
    "arrow": "Arrow IPC",
}
COLUMNAR: tuple[Format, ...] = ("parquet", "arrow")  # never compressed as a whole
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
READABLE = (
    "jsonl, ndjson or json (JSON Lines), csv, tsv, txt, md, html, htm, xhtml, warc, each also with .gz or .zst, "
    "or parquet, arrow"
)


def format_of(name: str) -> tuple[Format, Compression | None] | None:
    """Format and compression that a file's name says, none for a name that no reader knows."""
    stem = PurePosixPath(name)
    compression = COMPRESSIONS.get(stem.suffix.lower())
    if compression is not None:
        stem = stem.with_suffix("")
    known = FORMATS.get(stem.suffix.lower())
    if known is None or (known in COLUMNAR and compression is not None):
        return None
    return known, compression


_BOMB_SIZE = 8  # times the bytes a record may have
_BOMB_LEAST = 64 << 20  # bytes; less is no danger
BOMB_RATIO = 100  # text rarely shrinks to less than a tenth; only records without an end are held against this


def is_bomb(size: int, read: int, limit: int) -> bool:
    """Whether a record of `size` bytes so far, for which `read` were read off the disk, is a compression bomb."""
    return size > max(_BOMB_SIZE * limit, _BOMB_LEAST, BOMB_RATIO * read)


def bomb(path: str, size: int, limit: int) -> str:
    """The message for a compression bomb."""
    return (
        f"{path}: found a record that expands beyond {size} bytes without an end, a compression bomb, expected records "
        f"of at most {limit} bytes"
    )


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

    def refuse_bomb(self, size: int, since: int, limit: int) -> None:
        """Stop when a record goes on and on while next to nothing is read for it: a compression bomb.

        Args:
            size: decompressed bytes of the record so far, whose end has not come.
            since: where on the disk it began.
            limit: bytes a record may have.

        Raises:
            InputError: when it is over 8 times the limit, 64 MiB, and 100 times what was read for it.
        """
        if self._compression and is_bomb(size, self.position() - since, limit):
            raise InputError(bomb(self.path, size, limit))

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
            except UnicodeError as error:
                reason = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
                raise InputError(
                    f"{self.path}: found bytes near offset {self._at} that are not {self._encoding} ({reason})"
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
    with opened_raw(path) as raw:
        if start:
            raw.seek(start)
        yield Stream(path, raw, compression, encoding, size)


def opened_raw(path: str) -> BinaryIO:
    """Open a file, or one at an address, as it is.

    Raises:
        InputError: when it cannot be opened.
    """
    if addresses.is_address(path):
        return addresses.opened(path)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror})") from error


def digest(path: str) -> str:
    """xxh3-128 of the bytes of a file, or of one at an address, as they are on the disk: 32 hex characters."""
    state = xxhash.xxh3_128()
    with opened_raw(path) as raw:
        while piece := raw.read(1 << 20):
            state.update(piece)
    return state.hexdigest()


def visible(folder: Path) -> Iterator[Path]:
    """Files below a folder, hidden files and folders left out, in the order of their names."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from visible(entry)
        elif entry.is_file():
            yield entry


def size_of(path: str | Path) -> int | None:
    """Bytes of a file on the disk; none at an address whose server does not say.

    Raises:
        InputError: when it is missing, or no ordinary file.
    """
    if addresses.is_address(str(path)):
        return addresses.size_of(str(path))
    file = Path(path)
    if not file.is_file():
        found = "found something that is no ordinary file, expected a file" if file.exists() else "no such file"
        raise InputError(f"{path}: {found}")
    return file.stat().st_size


def refuse_empty(path: str | Path) -> None:
    """Stop where there is nothing in a file.

    Raises:
        InputError: when it is missing, no ordinary file, or empty.
    """
    if size_of(path) == 0:
        raise InputError(f"{path}: found an empty file, expected at least one record")


def head(
    path: str | Path, form: Format, compression: Compression | None, encoding: str = "utf-8", record_bytes: int = 0
) -> tuple[bytes, str]:
    """The first bytes of a file, decompressed, once they are known to be what its name says, and its encoding.

    Compression of nothing has no bytes.

    Of JSON Lines they reach to the first record's end, where that is no longer than `record_bytes`. The encoding is the
    one that is given; of `AUTO`, what the first bytes look like, where they leave one choice, and else UTF-8.

    Raises:
        InputError: for another type of file, another encoding, or binary data.
    """
    with opened(str(path), None) as stream:
        raw = stream.read(HEAD)
    expected = {"gz": "gzip", "zst": "Zstandard", None: "Parquet" if form == "parquet" else None}[compression]
    if expected is not None and recognise(raw) != expected:
        raise InputError(f"{path}: found {describe(raw)}, expected {expected} as its name says")
    if form in COLUMNAR or (form, compression) == ("warc", "gz"):  # of which a damaged member is a damaged record
        return raw, "utf-8"
    taken = "utf-8" if form in ("html", "warc") or encoding == AUTO else encoding
    with opened(str(path), compression, taken) as stream:
        start = stream.read(HEAD)
        pieces, size = [start], len(start)
        while form == "jsonl" and pieces[-1] and b"\n" not in pieces[-1] and size <= record_bytes:
            pieces.append(stream.read(BLOCK))
            size += len(pieces[-1])
    what = recognise(start)
    if form in ("html", "warc") and what is None:  # pages name their encodings themselves
        return start, "utf-8"
    other = None if what else other_encoding(start, lines_are_records=form in ("jsonl", "csv", "tsv"))
    if other is not None:
        name = PYTHON_NAMES[other]
        if encoding == AUTO and name != "cp1252":  # which any bytes could be
            return head(path, form, compression, name, record_bytes)
        raise InputError(f"{path}: found text in {other}, expected UTF-8; curate reads it with --set encoding={name}")
    if what is not None or is_binary(start):
        raise InputError(f"{path}: found {what or 'binary data'}, expected {WORDS[form]} as its name says")
    return b"".join(pieces), taken
