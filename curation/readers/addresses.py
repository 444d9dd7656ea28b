"""Files at an address such as `s3://bucket/file`: opened, listed and measured through fsspec.

fsspec drives many kinds of storage by packages of their own, which raise errors of their own; here each becomes one
sentence that names the address.
"""

import contextlib
import glob
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

import fsspec

from ..errors import InputError

_WEB = ("http", "https")  # only files can be told apart there, not folders


def is_address(path: str) -> bool:
    """Whether a path is an address of a file system that fsspec drives."""
    return "://" in path


def name_of(path: str) -> str:
    """The name of a file at a path or an address, without what a web address asks of the server."""
    if is_address(path) and path.split("://", 1)[0] in _WEB:
        return PurePosixPath(unquote(urlsplit(path).path)).name
    return PurePosixPath(path).name


def size_of(address: str) -> int | None:
    """Bytes of a file, none where the server does not say.

    Raises:
        InputError: when it is missing or cannot be reached.
    """
    with _explained(address):
        system, path = _system(address)
        size = system.info(path).get("size")
        return int(size) if isinstance(size, int) else None


def state_of(address: str, names: Iterable[str]) -> dict[str, str]:
    """What the storage says of a file under some names (its tag, its time of change), with its size; empty for nothing.

    Raises:
        InputError: when it is missing or cannot be reached.
    """
    with _explained(address):
        system, path = _system(address)
        said = system.info(path)
    found = {name: str(said[name]) for name in names if said.get(name) is not None}
    return {**found, "size": str(said.get("size"))} if found else {}


def opened(address: str) -> BinaryIO:
    """Open a file for reading.

    Raises:
        InputError: when it is missing or cannot be reached, or the package that drives such addresses is not installed.
    """
    with _explained(address):
        system, path = _system(address)
        return cast(BinaryIO, _Remote(address, system.open(path, "rb")))


def files_below(address: str) -> list[tuple[str, str]] | None:
    """The files of a folder or a pattern as addresses and names relative to it, sorted; none for the address of a file.

    Hidden files and folders are left out. A pattern's names are relative to the part of it that is fixed.

    Raises:
        InputError: when there is nothing at the address.
    """
    with _explained(address):
        system, path = _system(address)
        if address.split("://", 1)[0] in _WEB:
            return None
        if glob.has_magic(path) and not system.exists(path):
            fixed = [part for part in path.split("/")]
            fixed = fixed[: next(index for index, part in enumerate(fixed) if glob.has_magic(part))]
            root, found = "/".join(fixed), [name for name in system.glob(path) if system.isfile(name)]
        elif system.isdir(path):
            root, found = path, system.find(path)
        else:
            return None
        prefix = root.rstrip("/") + "/"
        names = [str(name).removeprefix(prefix) for name in found]
        pairs = zip((system.unstrip_protocol(name) for name in found), names, strict=True)
        visible = [(where, name) for where, name in pairs if not any(part[:1] == "." for part in name.split("/"))]
        return sorted(visible, key=lambda pair: pair[1].split("/"))


def _system(address: str) -> tuple[Any, str]:
    """The driver of an address and the path in it. Listings are not remembered: a file may be written meanwhile."""
    system, path = fsspec.core.url_to_fs(address, use_listings_cache=False)
    return system, str(path)


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except (InputError, MemoryError):
        raise
    except ImportError as error:
        raise InputError(f"{address}: such addresses need what is not installed ({_reason(error)})") from error
    except FileNotFoundError as error:
        raise InputError(f"{address}: no such file or folder") from error
    except Exception as error:  # drivers have errors of their own kinds
        raise InputError(f"{address}: cannot be read ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """The first line of what a driver says."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class _Remote:
    """An open file at an address, whose failures name it."""

    def __init__(self, address: str, file: Any) -> None:
        self._address = address
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        with _explained(self._address):
            return cast(bytes, self._file.read(size))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        with _explained(self._address):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def close(self) -> None:
        self._file.close()

    def flush(self) -> None:
        """Nothing is written."""

    def __enter__(self) -> "_Remote":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
