"""Ready recipes of the curate job: settings by name, shipped beside this module, or from a file of the user's."""

from pathlib import Path
from typing import Any

from curation.errors import InputError

from .mistakes import nearest
from .recipe import read_mapping

FOLDER = Path(__file__).with_name("recipes")


def names() -> list[str]:
    """Names of the shipped recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(wanted: str) -> dict[str, Any]:
    """Settings of a curate step: a shipped recipe by its name, or a YAML file with a mapping of such settings.

    Raises:
        InputError: for an unknown name (with the nearest), or a file that is no YAML mapping.
    """
    path = FOLDER / f"{wanted}.yaml"
    if wanted not in names():
        path = Path(wanted)
        if not path.is_file():
            raise InputError(f"--recipe {wanted!r}: no such recipe or file{nearest(wanted, names())}")
    settings = read_mapping(path, "a mapping of settings of a curate step")
    if "steps" in settings:
        raise InputError(f"{path}: is a recipe of several steps; carry it out with keepwise run {path}")
    return settings
