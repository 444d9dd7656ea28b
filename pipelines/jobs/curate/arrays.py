"""Arrays in work/, as safetensors: models that a stage learns from all partitions and every partition then reads."""

from collections.abc import Mapping

import numpy as np
from safetensors.numpy import load_file, save_file

from curation import storage

from .shelf import Curation, Shelf


def path(shelf: Shelf, name: str) -> str:
    """Path of a file of arrays, relative to the run folder."""
    return f"work/{shelf.step}/{name}.safetensors"


def save(shelf: Shelf, arrays: Mapping[str, np.ndarray], name: str) -> str:
    """Write arrays by name; the path of the file."""
    with storage.atomic(shelf.folder / path(shelf, name)) as temporary:
        save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, temporary)
    return path(shelf, name)


def load(shelf: Shelf, name: str) -> dict[str, np.ndarray]:
    """Read the arrays of a file."""
    found: dict[str, np.ndarray] = load_file(shelf.folder / path(shelf, name))
    return found


def digest(job: Curation, name: str) -> str:
    """Digest of a file of arrays: what a task that reads it depends on."""
    return job.digests[path(job.shelf, name)]
