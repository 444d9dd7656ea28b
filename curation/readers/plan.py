"""Which files are read, under which names, in which pieces; everything that can be refused before reading is."""

import codecs
import glob
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..errors import InputError
from . import addresses, arrow, columns, delimited, files, folders, html, jsonl, parquet, warc
from .options import ReadOptions, Slice

LOOKED_AT = 100  # records in which the text column is looked for

Found = tuple[str, str, str]  # where a file is, its name relative to the input, and the input


def plan(inputs: Sequence[str | Path], options: ReadOptions) -> list[Slice]:
    """The pieces in which inputs are read, in the order of the inputs and of the names in each folder.

    A folder stands for every file below it that a reader knows by its name; hidden files and folders are left out, and
    of a `datasets` folder what only describes it. An input with `://` is an address, read through fsspec. A row's
    `file` is the file's name, or its path inside the folder or below the fixed part of the pattern it was found by.
    Where two files would have one name, parent folders are put before it until the names differ. A file with nothing
    but blanks in it is a piece without records, unless there is no other.

    Raises:
        InputError: for a missing file, inputs that are all empty, a folder or pattern with nothing to read, a file that
            is not what its name says, an encoding other than the options', a missing text column, or a file that is
            given twice.
    """
    if not inputs:
        raise InputError("found no input, expected files, folders or patterns")
    found = [file for given in inputs for file in _expand(str(given))]
    for path, _, _ in found:
        if path != path.encode("utf-8", "ignore").decode():
            raise InputError(f"{ascii(path)}: found a name that is no UTF-8 text, expected one; rename the file")
    pieces: list[Slice] = []
    for path, name in _named(found):
        pieces.extend(_slices(path, name, options))
    if all(piece.format == "empty" for piece in pieces):
        others = f", and {len(found)} such files in all" if len(found) > 1 else ""
        raise InputError(f"{found[0][0]}: found an empty file{others}, expected at least one record")
    return pieces


def passed_over(inputs: Sequence[str | Path]) -> list[str]:
    """Names of the files below folders that `plan` leaves out because no reader knows them, but for hidden ones."""
    below = [file for given in inputs if not addresses.is_address(str(given)) and Path(given).is_dir()
             for file in files.visible(Path(given))]  # fmt: skip
    return sorted(file.name for file in below if files.format_of(file.name) is None)


def _expand(given: str) -> list[Found]:
    """Files of one input."""
    if addresses.is_address(given):
        return _expand_address(given)
    path = Path(given)
    if path.is_dir():
        below = sorted(files.visible(path), key=lambda file: file.relative_to(path).parts)
        return _data_files(given, [(str(file), file.relative_to(path).as_posix()) for file in below])
    if path.exists():
        return [(given, path.name, given)]
    if glob.has_magic(given):
        matches = sorted(Path(match) for match in glob.glob(given, recursive=True) if Path(match).is_file())
        if not matches:
            raise InputError(f"{given}: found no file that this pattern fits, expected at least one")
        root = _fixed_part(given)
        return [(str(file), file.relative_to(root).as_posix(), given) for file in matches]
    raise InputError(f"{given}: no such file or folder")


def _expand_address(given: str) -> list[Found]:
    below = addresses.files_below(given)
    if below is None:
        return [(given, addresses.name_of(given), given)]
    return _data_files(given, below)


def _data_files(given: str, listing: folders.Listing) -> list[Found]:
    known = folders.data_files(listing)
    if not known:
        raise InputError(
            f"{given}: found no file to read among {len(listing)}, expected names ending in {files.READABLE}"
        )
    return [(where, name, given) for where, name in known]


def _fixed_part(pattern: str) -> Path:
    """The folder above the first part of a pattern that has a wildcard."""
    fixed = Path()
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        fixed = fixed / part
    return fixed


def _named(found: list[Found]) -> list[tuple[str, str]]:
    """Files with names of their own: `doc_id` is made of the name, so two files must never share one."""
    givers: dict[str, str] = {}
    places = [where if addresses.is_address(where) else os.path.abspath(where) for where, _, _ in found]
    for place, (where, _, given) in zip(places, found, strict=True):
        if place in givers:
            both = f"by {givers[place]} and by {given}" if givers[place] != given else f"twice by {given}"
            raise InputError(f"{where}: found {both}, expected each file once")
        givers[place] = given
    names = [name for _, name, _ in found]
    depth = [len(PurePosixPath(name).parts) for name in names]
    while True:
        sharing: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(names):
            sharing[name].append(index)
        clashes = [index for indices in sharing.values() if len(indices) > 1 for index in indices]
        if not clashes:
            return [(where, name) for (where, _, _), name in zip(found, names, strict=True)]
        for index in clashes:
            parts = PurePosixPath(places[index]).parts[1:]  # without the root or protocol: a name is never absolute
            depth[index] += 1
            names[index] = "/".join(parts[-depth[index] :])


def _slices(path: str, name: str, options: ReadOptions) -> Iterable[Slice]:
    size = files.size_of(path)
    file = addresses.name_of(path)
    kind = files.format_of(file)
    if kind is None:
        raise InputError(f"{path}: found a name that no reader knows, expected one ending in {files.READABLE}")
    form, compression = kind
    source = file if options.source is None else options.source
    empty = Slice(path, name, source, "empty", end=size or 0, bytes=size or 0)
    if size == 0:
        return [empty]
    if form in ("html", "warc"):
        html.require()
    head, encoding = files.head(path, form, compression, options.encoding, options.max_record_bytes)
    if _is_blank(head):
        return [empty]
    options = replace(options, encoding=encoding)
    whole = replace(empty, format=form, compression=compression, encoding=encoding)
    if form == "parquet":
        return _runs(whole, list(parquet.plan(path, options)))
    if form == "arrow":
        return _runs(whole, list(arrow.plan(path, options)))
    if form == "jsonl":
        _check_column(path, head, options)
    if form in ("csv", "tsv"):
        with files.opened(path, compression, options.encoding) as stream:
            whole = replace(whole, columns=delimited.columns(stream, form, options))
    if whole.bytes <= options.partition_bytes // (4 if compression else 1) or addresses.is_address(path):
        return [whole]  # from afar a file is read once, from its beginning to its end
    return _cut(whole, options)


def _is_blank(head: bytes) -> bool:
    """Whether the first bytes of a file are all of it, and nothing but blanks."""
    return len(head) < files.HEAD and not head.removeprefix(codecs.BOM_UTF8).strip()


def _runs(whole: Slice, runs: list[tuple[tuple[int, ...], int, int]]) -> Iterator[Slice]:
    for groups, first, disk in runs:
        yield replace(whole, first_record=first, row_groups=groups, whole=len(runs) == 1, bytes=disk or whole.bytes)


def _cut(whole: Slice, options: ReadOptions) -> Iterator[Slice]:
    """A file in pieces of about a partition, where there are places to cut it."""
    path, form = whole.path, whole.format
    cuts = [(0, 0)]
    if form == "warc":
        cuts = list(warc.cuts(path, whole.compression, options))
    elif whole.compression is None and files.is_utf8(options.encoding) and form != "plain":
        with files.opened(path, None) as stream:
            if form == "jsonl":
                cuts = list(_lines(stream, options))
            elif form in ("csv", "tsv"):
                cuts = list(delimited.cuts(stream, form, options))
    ends = [start for start, _ in cuts[1:]] + [whole.end]
    for (start, first), end in zip(cuts, ends, strict=True):
        yield replace(whole, start=start, end=end, first_record=first, whole=len(cuts) == 1, bytes=end - start)


def _check_column(path: str, head: bytes, options: ReadOptions) -> None:
    """Refuse a file none of whose first records has the text column; damaged lines are for the reader to count."""
    start = head.decode("utf-8", "replace").lstrip(jsonl.BLANK + "\n" + jsonl.BOM)
    if start.startswith("["):
        raise InputError(f"{path}: found a JSON array, expected JSON Lines, one object a line")
    lines = [line.strip(jsonl.BLANK + jsonl.BOM) for line in start.split("\n")[:LOOKED_AT]]
    records = [record for record in map(jsonl.parse_object, lines) if isinstance(record, dict)]
    if records and all(jsonl.text_key(record, options.column) is None for record in records):
        found = list(dict.fromkeys(key for record in records for key in record))
        raise InputError(columns.missing_column(path, options.column, found))


def _lines(stream: files.Stream, options: ReadOptions) -> Iterator[tuple[int, int]]:
    """Places where uncompressed JSON Lines are cut, all at line ends and about a partition apart.

    Each is a byte offset and the number of the line that starts there; the first is (0, 0), the end is not among them.
    """
    yield 0, 0
    start = offset = line = 0
    for chunk in jsonl.chunks(stream, min(files.BLOCK, options.partition_bytes), options.max_record_bytes):
        size, lines = (chunk + 1, 1) if isinstance(chunk, int) else (len(chunk), chunk.count(b"\n"))
        if offset > start and offset + size - start > options.partition_bytes:
            start = offset
            yield offset, line
        offset += size
        line += lines
