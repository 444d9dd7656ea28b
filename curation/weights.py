"""Whether the weights of a model are numbers: looked at in their files, part by part, before anything loads them."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from .errors import InputError

_PART = 1 << 24  # bytes that are read at once
# Unsigned integers of the width of each type, and the bits that are all set in what is infinite or no number.
_EXPONENTS: dict[str, tuple[type[np.unsignedinteger], int]] = {
    "F64": (np.uint64, 0x7FF0000000000000),
    "F32": (np.uint32, 0x7F800000),
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
}


def check_finite(folder: Path) -> None:
    """See that no weight in the safetensors of a folder is NaN or infinite.

    A model that holds one answers, with whatever token comes first or with a fault deep in a library, and no score of
    it is a number. Types that can hold neither (whole numbers, most of eight bits) are passed over. A file that has
    not changed is looked at once a process.

    Raises:
        InputError: naming the file and the first weight that holds one; damaged files are left to what loads them.
    """
    for file in sorted(folder.glob("*.safetensors")):
        about = file.stat()
        _check(file, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=256)
def _check(file: Path, size: int, changed: int) -> None:
    for name, kind, bits, begin, end in _tensors(file, size):
        for part in _parts(file, begin, end - begin, kind):
            if ((part & kind(bits)) == bits).any():
                raise InputError(f"{file}: {name} has values that are NaN or infinite, expected numbers; a run that "
                                 "diverged leaves such weights")  # fmt: skip


def _tensors(file: Path, size: int) -> list[tuple[str, type[np.unsignedinteger], int, int, int]]:
    """Name, integers, bits of the exponent, and place of every tensor that can hold what is no number."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        text = stream.read(length) if length <= size else b""
    try:
        header = json.loads(text)
        return [
            (name, *_EXPONENTS[said["dtype"]], *(8 + length + int(place) for place in said["data_offsets"]))
            for name, said in header.items()
            if name != "__metadata__" and said["dtype"] in _EXPONENTS
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _parts(file: Path, begin: int, size: int, kind: type[np.unsignedinteger]) -> Iterator[np.ndarray]:
    with file.open("rb") as stream:
        stream.seek(begin)
        while size > 0 and (read := stream.read(min(size, _PART))):
            size -= len(read)
            yield np.frombuffer(read, kind, count=len(read) // np.dtype(kind).itemsize)
