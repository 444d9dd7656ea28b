"""Digests of input files, by which a changed input is known."""

import json
from pathlib import Path
from typing import Any

from curation import storage, tables
from curation.readers import addresses

from .run import Run

# What storages say about a file that changes with its content.
STAMPS = ("ETag", "etag", "md5", "checksum", "mtime", "LastModified", "last_modified", "updated", "created")


class FileDigests:
    """Digests of input files, remembered by size and time of change so that a restart does not read them again."""

    def __init__(self, run: Run) -> None:
        self._path = run.folder / "work" / "inputs.json"
        try:
            self._known: dict[str, list[Any]] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._known = {}

    def of(self, path: str | Path) -> str:
        """xxh3-128 of the file's bytes."""
        if addresses.is_address(str(path)):
            return _of_address(str(path))
        file = Path(path)
        status = file.stat()
        stamp = [status.st_size, status.st_mtime_ns]
        key = str(file.resolve())
        if key in self._known and self._known[key][:2] == stamp:
            return str(self._known[key][2])
        digest = storage.digest(file)
        self._known[key] = [*stamp, digest]
        storage.write_text(json.dumps(self._known), self._path)
        return digest


def _of_address(address: str) -> str:
    """What the storage says of a file, or the digest of its content where it says nothing that tells its state."""
    said = addresses.state_of(address, STAMPS)
    if said:
        return tables.fingerprint([address, said])
    with addresses.opened(address) as stream:
        return storage.digest_stream(stream)
