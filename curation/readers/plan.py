"""Which files are read, under which names, in which pieces; everything that can be refused before reading is."""

import glob
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..errors import InputError
from . import files, jsonl, parquet
from .options import ReadOptions, Slice

LOOKED_AT = 100  # records in which the text column is looked for


def plan(inputs: Sequence[str | Path], options: ReadOptions) -> list[Slice]:
    """The pieces in which inputs are read, in the order of the inputs and of the names in each folder.

    A folder stands for every file below it that a reader knows by its name; hidden files and folders are left out. A
    row's `file` is the file's name, or its path inside the folder or below the fixed part of the pattern it was found
    by. Where two files would have one name, parent folders are put before it until the names differ.

    Raises:
        InputError: for a missing or empty file, a folder or pattern with nothing to read, a file that is not what its
            name says, an encoding other than the options', a missing text column, or a file that is given twice.
    """
    if not inputs:
        raise InputError("found no input, expected files, folders or patterns")
    found = [file for given in inputs for file in _expand(str(given))]
    pieces: list[Slice] = []
    for path, name in _named(found):
        pieces.extend(_slices(path, name, options))
    return pieces


def _expand(given: str) -> list[tuple[Path, str, str]]:
    """Files of one input: where each is, its name relative to the input, and the input."""
    path = Path(given)
    if path.is_dir():
        below = sorted(files.visible(path), key=lambda file: file.relative_to(path).parts)
        known = [file for file in below if files.format_of(file.name)]
        if not known:
            raise InputError(
                f"{given}: found no file to read among {len(below)}, expected names ending in {files.READABLE}"
            )
        return [(file, file.relative_to(path).as_posix(), given) for file in known]
    if path.exists():
        return [(path, path.name, given)]
    if glob.has_magic(given):
        matches = sorted(Path(match) for match in glob.glob(given, recursive=True) if Path(match).is_file())
        if not matches:
            raise InputError(f"{given}: found no file that this pattern fits, expected at least one")
        root = _fixed_part(given)
        return [(file, file.relative_to(root).as_posix(), given) for file in matches]
    raise InputError(f"{given}: no such file or folder")


def _fixed_part(pattern: str) -> Path:
    """The folder above the first part of a pattern that has a wildcard."""
    fixed = Path()
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        fixed = fixed / part
    return fixed


def _named(found: list[tuple[Path, str, str]]) -> list[tuple[Path, str]]:
    """Files with names of their own: `doc_id` is made of the name, so two files must never share one."""
    givers: dict[str, str] = {}
    for path, _, given in found:
        real = os.path.abspath(path)
        if real in givers:
            both = f"by {givers[real]} and by {given}" if givers[real] != given else f"twice by {given}"
            raise InputError(f"{path}: found {both}, expected each file once")
        givers[real] = given
    names = [name for _, name, _ in found]
    depth = [len(PurePosixPath(name).parts) for name in names]
    while True:
        sharing: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(names):
            sharing[name].append(index)
        clashes = [index for indices in sharing.values() if len(indices) > 1 for index in indices]
        if not clashes:
            return [(path, name) for (path, _, _), name in zip(found, names, strict=True)]
        for index in clashes:
            parts = Path(os.path.abspath(found[index][0])).parts[1:]  # without the root: a name is never absolute
            depth[index] += 1
            names[index] = "/".join(parts[-depth[index] :])


def _slices(path: Path, name: str, options: ReadOptions) -> Iterator[Slice]:
    size = files.size_of(path)
    kind = files.format_of(path.name)
    if kind is None:
        raise InputError(f"{path}: found a name that no reader knows, expected one ending in {files.READABLE}")
    form, compression = kind
    head = files.head(path, form, compression, options.encoding, options.max_record_bytes)
    source = path.name if options.source is None else options.source
    whole = Slice(str(path), name, source, form, compression, 0, size, bytes=size)
    if form == "parquet":
        runs = list(parquet.plan(str(path), options))
        for groups, first, disk in runs:
            yield Slice(str(path), name, source, form, None, 0, size, first, groups, len(runs) == 1, disk)
        return
    if form == "jsonl":
        _check_column(path, head, options)
    can_be_cut = form == "jsonl" and compression is None and files.is_utf8(options.encoding)
    if not can_be_cut or size <= options.partition_bytes:
        yield whole
        return
    cuts = list(_cuts(path, options))
    ends = [start for start, _ in cuts[1:]] + [size]
    for (start, first), end in zip(cuts, ends, strict=True):
        yield Slice(str(path), name, source, form, None, start, end, first, (), len(cuts) == 1, end - start)


def _check_column(path: Path, head: bytes, options: ReadOptions) -> None:
    """Refuse a file none of whose first records has the text column; damaged lines are for the reader to count."""
    start = head.decode("utf-8", "replace").lstrip(jsonl.BLANK + "\n" + jsonl.BOM)
    if start.startswith("["):
        raise InputError(f"{path}: found a JSON array, expected JSON Lines, one object a line")
    lines = [line.strip(jsonl.BLANK + jsonl.BOM) for line in start.split("\n")[:LOOKED_AT]]
    records = [record for record in map(jsonl.parse_object, lines) if isinstance(record, dict)]
    if records and all(jsonl.text_key(record, options.column) is None for record in records):
        found = list(dict.fromkeys(key for record in records for key in record))
        raise InputError(parquet.missing_column(str(path), options.column, found))


def _cuts(path: Path, options: ReadOptions) -> Iterator[tuple[int, int]]:
    """Places where an uncompressed file is cut, all at line ends and about a partition apart.

    Each is a byte offset and the number of the line that starts there; the first is (0, 0), the end is not among them.
    """
    yield 0, 0
    start = offset = line = 0
    with files.opened(str(path), None) as stream:
        for chunk in jsonl.chunks(stream, min(files.BLOCK, options.partition_bytes), options.max_record_bytes):
            size, lines = (chunk + 1, 1) if isinstance(chunk, int) else (len(chunk), chunk.count(b"\n"))
            if offset > start and offset + size - start > options.partition_bytes:
                start = offset
                yield offset, line
            offset += size
            line += lines
