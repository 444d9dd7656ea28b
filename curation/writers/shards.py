"""A stream of frames as shards of about one size: where they are cut follows from the rows, not from the frames."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from ..tables import TableError


def cut(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Shards of consecutive rows, each of at most `size` bytes unless one row alone is larger; at least one.

    A row's size is that of its JSON text. Holds one shard and one frame at a time. Equal rows give equal shards however
    they come in frames.

    Raises:
        TableError: when a frame's columns differ from those of the first, or there is no frame.
    """
    held: list[pl.DataFrame] = []
    used = 0
    schema: pl.Schema | None = None
    for frame in frames:
        if schema is not None and frame.schema != schema:
            raise TableError(f"columns are {dict(frame.schema)}, expected those of the first frame, {dict(schema)}")
        schema = frame.schema
        start = 0
        ends = np.cumsum(_sizes(frame))  # bytes up to the end of each row
        while start < frame.height:
            before = int(ends[start - 1]) if start else 0
            fits = int(np.searchsorted(ends, before + size - used, side="right"))
            if fits == start and not used:  # one row is larger than a shard
                fits = start + 1
            if fits > start:
                held.append(frame[start:fits])
                used += int(ends[fits - 1]) - before
                start = fits
            if start < frame.height:
                yield pl.concat(held, rechunk=True)
                held, used = [], 0
    if schema is None:
        raise TableError("no frame to write, expected at least one, though it may be empty")
    if held or not used:
        yield pl.concat(held, rechunk=True) if held else pl.DataFrame(schema=schema)


def _sizes(frame: pl.DataFrame) -> np.ndarray:
    """Bytes of each row's JSON text."""
    if frame.height == 0 or frame.width == 0:
        return np.zeros(frame.height, np.int64)
    text = frame.select(pl.struct(pl.all()).struct.json_encode().str.len_bytes().alias("size"))
    return text["size"].to_numpy().astype(np.int64)
