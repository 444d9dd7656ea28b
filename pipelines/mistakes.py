"""A mistake in a recipe in one sentence, with the nearest key that there is."""

import dataclasses
import difflib
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")  # pydantic's names for a key that a block does not have


def explain(error: ValidationError, recipe: type[BaseModel], jobs: Mapping[str, type[BaseModel]]) -> str:
    """One sentence for the first error of a validation: the key, what was found, what was expected.

    A validator that raises ValueError says the sentence itself and begins it with its key.

    Args:
        error: of validating a tree of settings.
        recipe: the settings that the tree was to be.
        jobs: settings of a step by the value of its key `job`.
    """
    errors = error.errors()
    first = next((one for one in errors if one["type"] in UNKNOWN), errors[0])  # a typo explains a gap
    # Pydantic puts a step's job behind its name, which may be a job's as well.
    location = [part for at, part in enumerate(first["loc"]) if at != 2 or part not in jobs]
    key = ".".join(str(part) for part in location) or "recipe"
    if first["type"] in UNKNOWN:
        unknown = str(first["loc"][-1])
        return f"unknown key {key!r}{nearest(unknown, _known_keys(first['loc'], recipe, jobs))}"
    if first["type"] == "missing":
        return f"missing key {key!r}, expected {_describe(first['loc'], recipe, jobs)}"
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        found = first["input"].get("job") if isinstance(first["input"], dict) else first["input"]
        return f"{key}.job is {found!r}, expected one of {', '.join(jobs)}{nearest(str(found), jobs)}"
    if first["type"] == "value_error":
        sentence, last = str(first["ctx"]["error"]), str(first["loc"][-1])
        if last in jobs:  # said by a validator of all keys of a step
            return f"{key}.{sentence}"
        if sentence.startswith(last):
            return ".".join([*(str(part) for part in location[:-1]), sentence])
        return f"{key}: {sentence}"
    return f"{key} is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _known_keys(
    location: tuple[int | str, ...], recipe: type[BaseModel], jobs: Mapping[str, type[BaseModel]]
) -> list[str]:
    """Keys allowed at the place that a location of pydantic names (its last part is the unknown key)."""
    fields: Mapping[str, Any] = recipe.model_fields
    for part in location[:-1]:
        if part in jobs:
            fields = jobs[str(part)].model_fields
        elif part in fields:
            fields = _block(getattr(fields[str(part)], "annotation", None) or fields[str(part)].type) or fields
    return list(fields)


def _block(annotation: Any) -> Mapping[str, Any] | None:
    """Fields of the settings inside an annotation such as `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields
    if dataclasses.is_dataclass(annotation):
        return {field.name: field for field in dataclasses.fields(annotation)}
    for part in getattr(annotation, "__args__", ()):
        if found := _block(part):
            return found
    return None


def _describe(location: tuple[int | str, ...], recipe: type[BaseModel], jobs: Mapping[str, type[BaseModel]]) -> str:
    if len(location) == 1 and (said := recipe.model_fields[str(location[0])].description):
        return said
    for part in location:
        if part in jobs and str(location[-1]) in jobs[str(part)].model_fields:
            return jobs[str(part)].model_fields[str(location[-1])].description or "a value"
    return "a mapping of steps" if location[-1] == "steps" else "a value"


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown word: the nearest of the known ones, or all of them."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else (f"; known: {', '.join(known)}" if known else "")
