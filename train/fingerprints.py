"""Paths in settings as what lies there: run cards and fingerprints never name a place on a machine."""

from pathlib import Path
from typing import Any

from curation import storage, tables
from curation.readers import rows

from . import models


def of(path: Path) -> str:
    """Fingerprint of a model's folder, or of the files of rows at a path, whatever their names.

    Raises:
        InputError: when there is neither.
    """
    if (path / "config.json").is_file():
        return models.fingerprint(path)
    return tables.fingerprint(sorted(storage.digest(file) for file, _ in rows.files_of(path)))


def without_paths(settings: Any) -> Any:
    """Settings in which every path is replaced by its fingerprint."""
    if isinstance(settings, Path):
        return of(settings)
    if isinstance(settings, dict):
        return {name: without_paths(value) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [without_paths(value) for value in settings]
    return settings
