"""Shipped plans: what a plan is given, and the recipe that is made of it."""

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from curation.errors import InputError

from ..mistakes import explain
from .adaptation import Dapt, Tapt
from .adaptive import Adaptive
from .best_of import BestOf
from .continual import Continual
from .knowledge import NewKnowledge
from .new_words import NewWords
from .pit import Pit, PitPlusPlus
from .plan import Plan
from .preference import CptSftDpo, CptSftOrpo

PLANS: dict[str, type[Plan]] = {
    "pit": Pit,
    "pit++": PitPlusPlus,
    "ssr": Continual,
    "cpt-sft-dpo": CptSftDpo,
    "cpt-sft-orpo": CptSftOrpo,
    "new-knowledge": NewKnowledge,
    "adaptive": Adaptive,
    "best-of": BestOf,
    "dapt": Dapt,
    "tapt": Tapt,
    "new-words": NewWords,
}


def recipe_of(name: str, given: Sequence[str], model: str | None) -> dict[str, Any]:
    """The tree of the recipe that a plan makes of what it is given.

    Args:
        name: one of `PLANS`.
        given: `key=value` texts, values in YAML; a key that is there several times has a list of values.
        model: that `$model` stands for.

    Raises:
        InputError: for a key that the plan does not know, one that it lacks, or a bad value.
    """
    kind = PLANS[name]
    try:
        plan = kind.model_validate(_values(kind, name, given))
    except ValidationError as error:
        raise InputError(f"plan {name}: {explain(error, kind, {})}") from error
    tree: dict[str, Any] = {"name": name, "model": model, "steps": plan.steps()}
    unless = plan.unless()
    return {**tree, "unless": unless} if unless else tree


def about(name: str) -> str:
    """A plan in one sentence."""
    return (PLANS[name].__doc__ or "").strip().splitlines()[0]


def _values(kind: type[Plan], name: str, given: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--with {text!r}: expected key=value, keys of the plan {name}: "
                             f"{', '.join(kind.model_fields)}")  # fmt: skip
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(f"--with {text!r}: the value is no YAML ({' '.join(str(error).split())})") from error
        values.setdefault(key, []).extend(read if isinstance(read, list) else [read])
    several = {key for key, field in kind.model_fields.items() if str(field.annotation).startswith("tuple[")}
    return {key: found[0] if len(found) == 1 and key not in several else found for key, found in values.items()}
