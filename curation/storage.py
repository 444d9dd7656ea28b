"""Files that are either whole or absent: written under a temporary name, synced, then renamed."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import polars as pl
import xxhash

from .errors import InputError

ROW_GROUP = 65_536  # rows; pinned, since Parquet bytes depend on it


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success sync it and rename it to `path`, on failure remove it.

    Raises:
        InputError: when the disk is full or a limit on space is reached, naming the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if disk_full(error):
            raise InputError(no_space(path)) from error
        raise


def disk_full(error: BaseException) -> bool:
    """Whether an error, of Python or of polars, says that the device, quota or file-size limit is exhausted."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return isinstance(error, pl.exceptions.PolarsError) and any(
        words in str(error) for words in ("No space left on device", "File too large")
    )


def no_space(path: Path) -> str:
    """The sentence for a file that cannot be written for want of space."""
    return f"{path}: no space left to write it; make room, and the same command goes on from here"


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_parquet(frame: pl.DataFrame, path: Path, level: int = 3) -> None:
    """Write a frame with pinned options (zstd, row groups of 65 536 rows): equal frames give equal bytes.

    Args:
        frame: any.
        path: of the file.
        level: of the compression; 1 takes a third of the time of 3 for a quarter more bytes, for what is soon gone.
    """
    with atomic(path) as temporary:
        frame.write_parquet(
            temporary, compression="zstd", compression_level=level, statistics=True, row_group_size=ROW_GROUP
        )


def write_text(text: str, path: Path) -> None:
    """Write a text file as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def digest(path: Path) -> str:
    """xxh3-128 of a file's bytes, 32 hex characters, read in pieces of 1 MiB."""
    with path.open("rb") as stream:
        return digest_stream(stream)


def digest_stream(stream: IO[bytes]) -> str:
    """xxh3-128 of what a stream still holds, 32 hex characters, read in pieces of 1 MiB."""
    state = xxhash.xxh3_128()
    while piece := stream.read(1 << 20):
        state.update(piece)
    return state.hexdigest()
