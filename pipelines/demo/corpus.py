"""The demo's raw corpus: the documentation that is on every machine with Python packages, as JSON Lines."""

import ast
import json
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from curation import storage

from ..progress import Advance, track

LICENCE_NAMES = ("LICEN", "COPYING", "NOTICE", "AUTHORS")
MODULE_BYTES = 400_000  # generated modules above this hold data, not documentation
BATCH = 512  # modules
DOCSTRING_MEGABYTES = 16.0
LICENCE_MEGABYTES = 8.0

Row = dict[str, Any]


def write_corpus(folder: Path, small: bool = False) -> list[Path]:
    """Write docstrings, package descriptions and licences found in this Python's folders; the files written.

    A small corpus has a fortieth of the docstrings.

    Rows are in sorted order of their place, so the same machine gives the same files. Text that cannot be read or
    decoded as UTF-8 and modules that this Python cannot parse are not documentation, and are left out here, before
    the corpus.
    """
    sources = {
        "docstrings": (_docstrings(), DOCSTRING_MEGABYTES / (40 if small else 1)),
        "packages": (_descriptions(), None),
        "licences": (_licences(), LICENCE_MEGABYTES),
    }
    written = []
    for name, (rows, megabytes) in sources.items():
        path = folder / f"{name}.jsonl"
        with track(f"collecting {name}", megabytes, "MB") as advance:
            found = _capped(rows, megabytes, advance)
            storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), path)
        written.append(path)
    return written


def _capped(rows: Iterable[Row], megabytes: float | None, advance: Advance) -> Iterator[Row]:
    """Rows until their text adds up to an amount, if there is one: the demo has ten minutes."""
    taken = 0
    for row in rows:
        taken += len(row["text"])
        if megabytes is not None and taken > megabytes * 1e6:
            return
        advance(len(row["text"]) / 1e6)
        yield row


def _docstrings() -> Iterator[Row]:
    """Docstrings of the standard library, then of the installed packages; parsing is spread over the cores."""
    files = list(_modules())
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        try:
            for at in range(0, len(files), BATCH):  # in batches, so that reaching the cap ends the parsing too
                for rows in pool.map(_module_docstrings, files[at : at + BATCH], chunksize=32):
                    yield from rows
        finally:
            pool.shutdown(cancel_futures=True)


def _modules() -> Iterator[tuple[Path, str]]:
    paths = sysconfig.get_paths()
    standard = Path(paths["stdlib"])
    for root in (standard, Path(paths["purelib"])):
        for file in sorted(root.rglob("*.py")):
            if root == standard and "site-packages" in file.parts:
                continue
            if file.is_file() and file.stat().st_size <= MODULE_BYTES:  # a link may lead nowhere, a folder be named so
                yield file, file.relative_to(root).as_posix()


def _module_docstrings(module: tuple[Path, str]) -> list[Row]:
    file, place = module
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
        return []
    rows = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and _encodable(text):
                rows.append({"text": text, "place": place, "name": getattr(node, "name", "module")})
    return rows


def _descriptions() -> Iterator[Row]:
    """The long description (the README) and the authors of each installed distribution."""
    for distribution in _distributions():
        fields = distribution.metadata.json
        people = "\n".join(str(fields[key]) for key in ("author", "author_email", "maintainer_email") if key in fields)
        head = f"{fields['name']} {fields['version']}\n{fields.get('summary', '')}\n{people}"
        text = f"{head}\n\n{fields.get('description', '')}"
        if _encodable(text):
            yield {"text": text, "place": fields["name"], "name": "description"}


def _licences() -> Iterator[Row]:
    """Licence, notice and author files of each installed distribution."""
    for distribution in _distributions():
        for file in sorted(distribution.files or [], key=str):
            if ".dist-info" not in str(file) or not any(word in file.name.upper() for word in LICENCE_NAMES):
                continue
            try:
                text = Path(str(distribution.locate_file(file))).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            yield {"text": text, "place": distribution.metadata["Name"], "name": file.name}


def _distributions() -> list[metadata.Distribution]:
    return sorted(metadata.distributions(), key=lambda found: (found.metadata["Name"] or "").lower())


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
