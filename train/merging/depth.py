"""Where in a model a tensor stands, and the value that points along the depth have there."""

from collections.abc import Sequence

import re2

_LAYER = re2.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_EMBEDDING = re2.compile(r"embed|(?:^|\.)wte\.|(?:^|\.)wpe\.")


def layer(name: str) -> int | None:
    """Number of the layer that a tensor belongs to, none for embeddings, head and last norm."""
    found = _LAYER.search(name)
    return int(found.group(1)) if found else None


def value_at(name: str, points: Sequence[float], layers: int) -> float:
    """The value of a tensor: points lie at equal distances from the first layer to the last, joined by straight lines.

    Args:
        name: of the tensor.
        points: at least one value; one alone holds everywhere.
        layers: of the model.
    """
    number = layer(name)
    if number is None:
        return points[0] if _EMBEDDING.search(name) else points[-1]
    if len(points) == 1 or layers == 1:
        return points[0]
    place = number / (layers - 1) * (len(points) - 1)
    left = min(int(place), len(points) - 2)
    return points[left] + (place - left) * (points[left + 1] - points[left])
