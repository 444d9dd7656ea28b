"""What a step reads: models and files named in its settings, or the outputs of steps before it; and their digests."""

from collections.abc import Sequence
from pathlib import Path

from curation import chat
from curation.errors import InputError
from curation.readers import rows

from ..digests import FileDigests
from ..recipe import STEP
from .output import Outputs


def model_of(text: str, outputs: Outputs) -> tuple[str, str]:
    """A model named in a recipe: its folder (or hub name) and the digest of its content.

    Raises:
        InputError: for a model that is not there, has no weights, or a step that leaves no model.
    """
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
        InputError: for a path that is not there, or a folder without data files.
    """
    if text.startswith(STEP):
        name = text[len(STEP) :]
        output = outputs[name]
        if (output.path / "config.json").is_file():
            raise InputError(f"{text}: the step leaves a model, expected one that leaves rows")
        return output.path, name, [output.digest]
    path = Path(text)
    return path, path.name, [digests.of(file) for file, _ in rows.files_of(path)]


def task_files(named: Sequence[str], digests: FileDigests) -> list[str]:
    """Digests of the task files named in a recipe.

    Raises:
        InputError: for a file that is not there.
    """
    for text in named:
        if not Path(text).is_file():
            raise InputError(f"{text}: no such task file")
    return [digests.of(Path(text)) for text in named]
