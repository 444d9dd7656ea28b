"""Weights that are whole: what is cut off, missing or no number is named before anything is trained."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from curation.errors import InputError

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"


def check_files(folder: Path) -> None:
    """Read the headers of a folder's weight files, which say how long the files must be.

    Raises:
        InputError: for a file that is damaged or cut off, and for a file or a tensor that the index names and that is
            not there.
    """
    held: dict[str, str] = {}
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt") as opened:
                held |= dict.fromkeys(opened.keys(), file.name)
        except (SafetensorError, OSError) as error:
            raise InputError(f"{file}: found damaged or cut off weights ({error}), expected a whole file") from error
    if not (folder / INDEX).is_file():
        if held and not (folder / WHOLE).is_file():
            raise InputError(f"{folder}: found parts of weights ({min(held.values())}) without {INDEX}, expected it, "
                             f"or {WHOLE}")  # fmt: skip
        return
    parts = read_json(folder / INDEX).get("weight_map")
    if not isinstance(parts, dict) or not all(isinstance(name, str) for name in parts.values()):
        raise InputError(
            f"{folder / INDEX}: found no table of files under 'weight_map', expected the file of each tensor"
        )
    for tensor, name in parts.items():
        if not (folder / name).is_file():
            raise InputError(f"{folder / INDEX}: names {name}, found no such file, expected all parts of the weights")
        if held.get(tensor) != name:
            raise InputError(f"{folder / name}: found no {tensor}, expected it there, as {INDEX} says")


def check_loaded(model: Any, folder: Path, missing: Collection[str] = ()) -> None:
    """Look at the weights of a model that was read.

    Args:
        model: of transformers.
        folder: it was read from.
        missing: names of the weights that transformers found no tensor for, and has made up.

    Raises:
        InputError: for a missing weight, and for one that holds NaN or an infinite value.
    """
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{folder}: found no weights for {min(missing)}{more}, expected all that config.json asks for")
    for name, weight in model.named_parameters():
        if not weight.is_floating_point() or not weight.numel():
            continue
        low, high = torch.aminmax(weight.detach())  # NaN is both the least and the largest
        if not (low.isfinite() and high.isfinite()):
            wrong = int((~weight.isfinite()).sum())
            raise InputError(f"{folder}: {name} has {wrong} of {weight.numel()} values that are NaN or infinite, "
                             "expected numbers; a run that diverged leaves such weights")  # fmt: skip


def read_json(path: Path) -> dict[str, Any]:
    """A file that holds a JSON object.

    Raises:
        InputError: when it does not.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: found broken JSON ({error}), expected an object") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: found {type(found).__name__}, expected a JSON object")
    return found
