"""Ready recipes of a job: settings by name, shipped beside this module, or from a file of the user's."""

from pathlib import Path
from typing import Any

from curation.errors import InputError

from .mistakes import nearest
from .recipe import read_mapping

FOLDER = Path(__file__).with_name("recipes")  # a folder a job


def names(job: str = "curate") -> list[str]:
    """Names of the shipped recipes of a job."""
    return sorted(path.stem for path in (FOLDER / job).glob("*.yaml"))


def load(wanted: str, job: str = "curate") -> dict[str, Any]:
    """Settings of a step: a shipped recipe of its job by name, or a YAML file with a mapping of such settings.

    Raises:
        InputError: for an unknown name (with the nearest), or a file that is no YAML mapping.
    """
    path = FOLDER / job / f"{wanted}.yaml"
    if wanted not in names(job):
        path = Path(wanted)
        if not path.is_file():
            raise InputError(f"--recipe {wanted!r}: no such recipe or file{nearest(wanted, names(job))}")
    settings = read_mapping(path, f"a mapping of settings of a {job} step")
    if "steps" in settings:
        raise InputError(f"{path}: is a recipe of several steps; carry it out with keepwise run {path}")
    return settings
