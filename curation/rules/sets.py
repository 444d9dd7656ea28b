"""The rule sets by name, and rules made of a recipe's settings."""

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from ..errors import InputError
from .c4 import c4
from .completeness import completeness
from .fineweb import fineweb
from .gopher import gopher_quality
from .keywords import keywords
from .korean import korean
from .language import language_rules
from .length import length
from .mojibake import mojibake
from .repetition import gopher_repetition
from .rule import Rule
from .sources import sources
from .toxicity import toxicity

SETS: dict[str, Callable[..., tuple[Rule, ...]]] = {
    "length": length,
    "mojibake": mojibake,
    "gopher": gopher_quality,
    "gopher_repetition": gopher_repetition,
    "c4": c4,
    "fineweb": fineweb,
    "korean": korean,
    "completeness": completeness,
    "keywords": keywords,
    "sources": sources,
    "language": language_rules,
    "toxicity": toxicity,
}


def rules_from(settings: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Rules of the sets named, in the order they are named, with the given thresholds and the published ones else.

    Args:
        settings: name of a set to its function's arguments by name, as in a recipe: `{"length": {"low": 20},
            "gopher": {}}`. A null threshold takes a bound away; what says where a rule applies cannot be null.

    Raises:
        InputError: for an unknown set or key (with the nearest known one), a key left out that has no default, or a
            value that is no number where the set takes one. Lists, texts and mappings are the set's own to check.
    """
    rules: list[Rule] = []
    for name, given in settings.items():
        if name not in SETS:
            raise InputError(f"rules: found the set {name!r}, expected one of {_listed(SETS, name)}")
        _check(name, given)
        made = SETS[name](**given)
        for rule in made:
            if rule.low is not None and rule.high is not None and rule.low > rule.high:
                raise InputError(
                    f"rules.{name}: {rule.name} has the bounds {rule.low} to {rule.high}; nothing can pass"
                )
        rules.extend(made)
    return tuple(rules)


def _check(name: str, given: Mapping[str, Any]) -> None:
    """Refuse keys that a set does not know, keys that it needs and lacks, and what is no number where it takes one."""
    known = inspect.signature(SETS[name], eval_str=True).parameters
    for key, value in given.items():
        if key not in known:
            raise InputError(f"rules.{name}: found the key {key!r}, expected one of {_listed(known, key)}")
        annotation = known[key].annotation
        kinds = set(get_args(annotation)) if get_origin(annotation) in (UnionType, Union) else {annotation}
        is_bound = NoneType in kinds
        if not kinds <= {int, float, NoneType} or (value is None and is_bound):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            expected = "a number or null" if is_bound else "a number"
            raise InputError(f"rules.{name}.{key}: found {value!r}, expected {expected}")
    for key, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and key not in given:
            raise InputError(f"rules.{name}: the key {key!r} is missing, and it has no default")


def _listed(known: Iterable[str], given: str) -> str:
    names = list(known)
    near = difflib.get_close_matches(given, names, n=1)
    return ", ".join(names) + (f" (did you mean {near[0]!r}?)" if near else "")


def explain(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Name, definition, bounds and where it applies, of each rule, in the order of deciding."""
    return [
        {"name": rule.name, "definition": rule.definition, "low": rule.low, "high": rule.high, "where": rule.where}
        for rule in rules
    ]
