"""Which files of a folder are data: all whose names a reader knows, but for what a `datasets` folder keeps beside them.

`save_to_disk` of the Hugging Face library writes Arrow files with `state.json`, which names them, and
`dataset_info.json`; a dictionary of such folders has `dataset_dict.json` above them. Arrow files that the state does
not name are left from an earlier dataset or a cache.
"""

import json
from collections import defaultdict
from pathlib import PurePosixPath

from ..errors import InputError
from . import files

_STATE = "state.json"
_BESIDE = (_STATE, "dataset_info.json", "dataset_dict.json", "dataset_infos.json")
_MOST = 16 << 20  # bytes that a state may have

Listing = list[tuple[str, str]]  # where each file is, and its name relative to the folder


def data_files(listing: Listing) -> Listing:
    """The files of a folder that hold records, in their order.

    Args:
        listing: all its visible files.

    Raises:
        InputError: for the state of a dataset that cannot be read, or names a file that is not there.
    """
    folders: dict[PurePosixPath, dict[str, str]] = defaultdict(dict)
    for where, name in listing:
        folders[PurePosixPath(name).parent][PurePosixPath(name).name] = where
    kept: Listing = []
    named = {folder: _named_in_state(found) for folder, found in folders.items()}
    for where, name in listing:
        folder, file = PurePosixPath(name).parent, PurePosixPath(name).name
        if files.format_of(file) is None or _is_beside(file, folders[folder]):
            continue
        state = named[folder]
        if state is None or not file.endswith(".arrow") or file in state:
            kept.append((where, name))
    return kept


def _is_beside(file: str, found: dict[str, str]) -> bool:
    """Whether a file only describes a dataset: by its name, where there is one in the folder or below it."""
    if file == "dataset_dict.json":
        return True
    saved = _STATE in found and "dataset_info.json" in found
    return file in _BESIDE and (saved or any(name.endswith((".arrow", ".parquet")) for name in found))


def _named_in_state(found: dict[str, str]) -> frozenset[str] | None:
    """The data files that a folder's state names, none where there is no state of a dataset."""
    where = found.get(_STATE)
    if where is None or "dataset_info.json" not in found:
        return None
    with files.opened(where, None) as stream:
        content = stream.read(_MOST)
    try:
        state = json.loads(content)
        names = [entry["filename"] for entry in state["_data_files"]]
        indices = state.get("_indices_files") or state.get("_indices_data_files")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: found no list of data files, expected what save_to_disk writes") from error
    if indices:
        raise InputError(
            f"{where}: found a dataset whose rows are chosen by an index, expected one saved with flatten_indices"
        )
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise InputError(f"{where}: names {missing!r}, but there is no such file beside it")
    return frozenset(names)
