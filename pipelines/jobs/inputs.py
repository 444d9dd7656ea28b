"""What a step reads: models and files named in its settings, or the outputs of steps before it; and their digests."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation import chat
from curation.errors import InputError
from curation.readers import rows

from ..digests import FileDigests
from ..recipe import STEP
from ..whole_models import without_weights
from .output import Outputs


def model_of(text: str, outputs: Outputs) -> tuple[str, str]:
    """A model named in a recipe: its folder (or hub name) and the digest of its content.

    Raises:
        InputError: for a model that is not there, has no weights, or a step that leaves no model.
    """
    place = outputs[text[len(STEP) :]].path if text.startswith(STEP) else Path(text).expanduser()
    if (found := without_weights(place)) is not None:
        raise InputError(f"{text}: {found}")
    if not text.startswith(STEP):
        folder = chat.model_folder(text)
        return str(folder), chat.model_fingerprint(folder)
    output = outputs[text[len(STEP) :]]
    if not (output.path / "config.json").is_file():
        raise InputError(f"{text}: the step leaves no model, expected one that trains")
    return str(output.path), output.digest


def data_of(text: str, outputs: Outputs, digests: FileDigests) -> tuple[Path, str, list[str]]:
    """Rows named in a recipe: their file or folder, a name for people, and the digests of their files.

    Raises:
        InputError: for a path that is not there, a folder without data files, or a whole run.
    """
    if text.startswith(STEP):
        name = text[len(STEP) :]
        output = outputs[name]
        if (output.path / "config.json").is_file():
            raise InputError(f"{text}: the step leaves a model, expected one that leaves rows")
        if not output.path.exists():
            raise InputError(f"{text}: the step was not needed and left nothing, expected one that leaves rows")
        # A curate step that was asked for no samples counts none of them and leaves documents.
        if output.path.parent.name == "samples" and output.facts.get("samples") == 0:
            raise InputError(
                f"{text}: the step kept no sample (its ledger and the report say why), expected rows: "
                "ask a model that can, set other options, or name rows of your own in its place"
            )
        return output.path, name, [output.digest]
    path = Path(text)
    if (path / "manifest.jsonl").is_file():
        left = [str(one) for table in ("samples", "documents") for one in sorted((path / table).glob("*"))]
        raise InputError(f"{text}: found a run, expected rows that one of its steps left ({', '.join(left) or 'none'})")
    return path, path.name, [digests.of(file) for file, _ in rows.files_of(path)]


def located(options: Any, outputs: Outputs, digests: FileDigests) -> tuple[Any, dict[str, int], list[str]]:
    """Options of a stage with its paths as they are on this machine.

    Args:
        options: a dataclass; its paths are `Path` values, alone or in a tuple, of models, rows or `step:NAME`.
        outputs: of the steps before.
        digests: of files.

    Returns:
        The options, how many paths each of their fields with paths has, and the digests of what is there, in order.

    Raises:
        InputError: for a path that is not there.
    """
    read: list[str] = []

    def place(path: Path) -> Path:
        text = str(path)
        output = outputs[text[len(STEP) :]] if text.startswith(STEP) else None
        if output is not None and (output.path / "config.json").is_file() or (path / "config.json").is_file():
            model, digest = model_of(text, outputs)
            read.append(digest)
            return Path(model)
        found, _, of_files = data_of(text, outputs, digests)
        read.extend(of_files)
        return found

    changes: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, Path):
            changes[field.name] = place(value)
        elif isinstance(value, tuple) and any(isinstance(part, Path) for part in value):
            changes[field.name] = tuple(place(part) for part in value)
    counts = {name: len(value) if isinstance(value, tuple) else 1 for name, value in changes.items()}
    return (dataclasses.replace(options, **changes) if changes else options), counts, read


def task_files(named: Sequence[str], digests: FileDigests) -> list[str]:
    """Digests of the task files named in a recipe.

    Raises:
        InputError: for a file that is not there.
    """
    for text in named:
        if not Path(text).is_file():
            raise InputError(f"{text}: no such task file")
    return [digests.of(Path(text)) for text in named]
