"""Arrow buffers behind polars columns, as numpy arrays without a copy, for kernels and hashes."""

import numpy as np
import polars as pl
import pyarrow as pa


def utf8(texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """UTF-8 bytes of a text column, uint8 (bytes,), and where each row begins and ends in them, int64 (rows + 1,).

    Raises:
        ValueError: when a text is missing.
    """
    if texts.null_count():
        raise ValueError(f"{texts.null_count()} texts are missing")
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    data = array.buffers()[2]
    content = np.frombuffer(b"" if data is None else data, dtype=np.uint8)  # read-only either way: one type for kernels
    return content, _offsets(array)


def lists(values: np.ndarray, offsets: np.ndarray) -> pl.Series:
    """A list column from its values and offsets, int64 (rows + 1,)."""
    array = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(values))
    return pl.Series(pl.from_arrow(array))


def unlisted(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Values of a list column and offsets, int64 (rows + 1,)."""
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    return array.values.to_numpy(zero_copy_only=False), _offsets(array)


def numbers(column: pl.Series) -> np.ndarray:
    """Values of a column of numbers, (rows,); where one is missing there is any number."""
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if len(array) == 0:
        return np.empty(0, array.type.to_pandas_dtype())
    return np.frombuffer(array.buffers()[1], array.type.to_pandas_dtype())[array.offset : array.offset + len(array)]


def _offsets(array: pa.Array) -> np.ndarray:
    if len(array) == 0:
        return np.frombuffer(bytes(8), dtype=np.int64)
    return np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset : array.offset + len(array) + 1]
