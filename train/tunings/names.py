"""Weights by patterns of their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from curation.errors import InputError


def matching(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that match a pattern (`*` any text, `?` a character), in their order.

    Raises:
        InputError: for a pattern that matches none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"trainable: no weight matches {pattern!r}, expected patterns for names such as "
                             f"{names[0]!r} and {names[-1]!r}")  # fmt: skip
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
