"""A safetensors file written a part of a tensor at a time, so that no tensor need fit in memory to be written.

The format: eight bytes with the length of a header (little-endian), the header as JSON (for each tensor its type, shape
and place among the data), then the data of one tensor after the other. `safetensors` itself only writes tensors that
are all in memory.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch

from curation import storage

_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
INDEX = "model.safetensors.index.json"


def number_type(name: str) -> torch.dtype | None:
    """The torch type of a type that safetensors names, none where it holds no real numbers."""
    return _TYPES.get(name)


def write(
    shapes: Mapping[str, tuple[int, ...]],
    types: Mapping[str, str],
    parts: Callable[[str], Iterable[torch.Tensor]],
    folder: Path,
    shard_bytes: int = 5_000_000_000,
) -> list[Path]:
    """Write tensors into `model.safetensors`, or into numbered shards with an index where they are larger.

    Args:
        shapes: of the tensors by name; they are written in the order of their names.
        types: of the tensors, as safetensors names them.
        parts: makes a tensor when its turn comes: its entries in order, in tensors of its type, one or many.
        folder: where the files are put, each whole or not at all.
        shard_bytes: of a file, at most, but for a tensor that is larger.
    """
    groups: list[list[str]] = [[]]
    held = 0
    for name in sorted(shapes):
        size = _bytes(shapes[name], types[name])
        if groups[-1] and held + size > shard_bytes:
            groups.append([])
            held = 0
        groups[-1].append(name)
        held += size
    many = len(groups)
    files = [folder / ("model.safetensors" if many == 1 else f"model-{at:05d}-of-{many:05d}.safetensors")
             for at in range(1, many + 1)]  # fmt: skip
    for file, names in zip(files, groups, strict=True):
        _write_file(file, names, shapes, types, parts)
    if many > 1:
        total = sum(_bytes(shapes[name], types[name]) for name in shapes)
        where = {name: file.name for file, names in zip(files, groups, strict=True) for name in names}
        storage.write_text(
            json.dumps({"metadata": {"total_size": total}, "weight_map": where}, indent=1), folder / INDEX
        )
    return files


def places(file: Path) -> dict[str, int]:
    """Where in a file of safetensors the data of each tensor begins, in bytes.

    Args:
        file: whole, as `safetensors` sees to when it opens one.
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    return {name: 8 + length + said["data_offsets"][0] for name, said in header.items() if name != "__metadata__"}


def _bytes(shape: tuple[int, ...], kind: str) -> int:
    return torch.Size(shape).numel() * _TYPES[kind].itemsize


def _write_file(
    file: Path,
    names: list[str],
    shapes: Mapping[str, tuple[int, ...]],
    types: Mapping[str, str],
    parts: Callable[[str], Iterable[torch.Tensor]],
) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    begin = 0
    for name in names:
        end = begin + _bytes(shapes[name], types[name])
        header[name] = {"dtype": types[name], "shape": list(shapes[name]), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # data begins at a multiple of eight
    with storage.atomic(file) as temporary, temporary.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little"))
        stream.write(text)
        for name in names:
            written = 0
            for made in parts(name):
                assert made.dtype == _TYPES[types[name]], name
                stream.write(made.contiguous().flatten().view(torch.uint8).numpy().data)
                written += made.nbytes
                del made  # before the next one is made
            assert written == _bytes(shapes[name], types[name]), name
