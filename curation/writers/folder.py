"""A folder of shards, which is either whole or absent."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import polars as pl

from .. import storage
from ..errors import InputError
from .options import Compression, WriteOptions
from .shards import cut

_MEGABYTE = 1_000_000
# Pinned, since the bytes depend on them. Neither form notes a time or a name.
_COMPRESSIONS: dict[Compression, tuple[Literal["uncompressed", "gzip", "zstd"], int | None]] = {
    "none": ("uncompressed", None),
    "gz": ("gzip", 6),
    "zst": ("zstd", 3),
}

_README = """---
configs:
- config_name: default
  data_files:
  - split: {split}
    path: data/{split}-*.parquet
---
"""


def write(frames: Iterable[pl.DataFrame], folder: Path, options: WriteOptions) -> tuple[Path, ...]:
    """Write frames, in order, as a new folder of numbered shards; the paths of the shards.

    Memory holds one shard. The folder appears under its name when everything in it is written and synced. Equal rows
    and options give equal bytes, however the rows come in frames.

    Args:
        frames: with the same columns; any table.
        folder: must not exist, or be empty.
        options: format, size of the shards, name of the split.

    Raises:
        InputError: when there are files in the folder, or no space is left.
        TableError: when the columns of the frames differ, or there are none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        found = "files in it" if folder.is_dir() else "a file of this name"
        raise InputError(f"{folder}: found {found}, expected a new folder to write to")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    data = partial / "data" if options.format == "datasets" else partial
    try:
        written = [_write_shard(shard, data, number, options)
                   for number, shard in enumerate(cut(frames, options.shard_mb * _MEGABYTE))]  # fmt: skip
        names = [
            f"{options.split}-{number:05d}-of-{len(written):05d}{options.suffix}" for number in range(len(written))
        ]
        for path, name in zip(written, names, strict=True):
            path.rename(data / name)
        storage.sync_folder(data)
        if options.format == "datasets":
            storage.write_text(_README.format(split=options.split), partial / "README.md")
        partial.replace(folder)
        storage.sync_folder(folder.parent)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if storage.disk_full(error):
            raise InputError(storage.no_space(folder)) from error
        raise
    return tuple(folder / data.relative_to(partial) / name for name in names)


def _write_shard(shard: pl.DataFrame, folder: Path, number: int, options: WriteOptions) -> Path:
    path = folder / f"{number:05d}{options.suffix}"
    if options.format == "jsonl":
        with storage.atomic(path) as temporary:
            _write_lines(shard, temporary, options)
    else:
        storage.write_parquet(shard, path)
    return path


def _write_lines(shard: pl.DataFrame, path: Path, options: WriteOptions) -> None:
    for column in shard:
        if not _is_finite(column):
            raise InputError(f"column {column.name!r}: found NaN or an infinity, which JSON cannot say; write Parquet")
    method, level = _COMPRESSIONS[options.compression]
    shard.write_ndjson(path, compression=method, compression_level=level, check_extension=False)


def _is_finite(column: pl.Series) -> bool:
    """Whether JSON can say every number of a column, also those inside lists and structs."""
    if column.dtype.is_float():
        return bool(column.is_finite().all())
    if isinstance(column.dtype, (pl.List, pl.Array)):
        return _is_finite(column.explode())
    if isinstance(column.dtype, pl.Struct):
        return all(_is_finite(field) for field in column.struct.unnest())
    return True
