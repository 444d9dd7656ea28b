"""Names of steps: letters and digits of any script, in Unicode's composed form (NFC), whoever typed them.

A name is a folder of the run and a part of each of its tasks' names. Some editors and terminals write a Korean syllable
as its letters one by one (NFD), which looks the same and is another name: every name is composed as it is read.
"""

import unicodedata
from typing import Any

from curation.errors import InputError

STEP = "step:"  # a setting "step:NAME" is the output of an earlier step
MOST = 200  # bytes of UTF-8; file systems take 255 for a name
_OTHERS = "-_"
_KINDS = ("L", "M", "N")  # letters, the marks that some scripts write on them, and numbers


def check(name: str, where: str) -> None:
    """Refuse a name that cannot be a folder's and a part of others.

    Raises:
        InputError: for another character than letters, digits, '-' and '_', none but these two, or a long name.
    """
    wrong = [sign for sign in name if sign not in _OTHERS and unicodedata.category(sign)[0] not in _KINDS]
    if wrong or not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        found = f" with {wrong[0]!r}" if wrong else ""
        raise InputError(f"{where}: step name {name!r}{found}, expected letters, digits, '-' and '_'")
    size = len(name.encode("utf-8"))
    if size > MOST:
        raise InputError(f"{where}: step name {name!r} of {size} bytes, expected at most {MOST}")


def composed(text: str) -> str:
    """A name as it is known everywhere."""
    return unicodedata.normalize("NFC", text)


def with_names(tree: dict[str, Any], where: str) -> dict[str, Any]:
    """The plain tree of a recipe with its steps' names composed, where they stand and where they are used.

    Raises:
        InputError: for two names that are one when they are composed.
    """
    made = _used(tree, {})
    for group in ("steps", "unless"):
        if isinstance(made.get(group), dict):
            made[group] = _keys(made[group], f"{where}: {group}")
    for rule in made["unless"].values() if isinstance(made.get("unless"), dict) else ():
        if isinstance(rule, dict) and isinstance(rule.get("step"), str):
            rule["step"] = composed(rule["step"])
    return made


def _keys(group: dict[Any, Any], where: str) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for key, value in group.items():
        name = composed(key) if isinstance(key, str) else key
        if name in made:
            raise InputError(f"{where}.{name}: found twice, once with its letters apart (NFD), expected once")
        made[name] = value
    return made


def _used(value: Any, known: dict[int, Any]) -> Any:
    """A value of the tree with `step:NAME` composed; other texts stay as they are.

    By aliases of YAML a value may stand in many places, or hold itself: it is copied once.
    """
    if isinstance(value, str):
        return composed(value) if value.startswith(STEP) else value
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, dict):
        group = known[id(value)] = {}
        for key, item in value.items():
            group[key] = _used(item, known)
        return group
    if isinstance(value, list | tuple):
        row = known[id(value)] = []
        for item in value:
            row.append(_used(item, known))
        return row
    return value
