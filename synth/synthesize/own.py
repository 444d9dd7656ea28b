"""Prompt forms of the user's own, in place of the built-in ones: checked before anything is generated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from jinja2 import meta
from jinja2.sandbox import SandboxedEnvironment

from curation.errors import InputError

from .. import prompts
from ..prompts import Template


@dataclass(frozen=True)
class Values:
    """What a prompt form is given.

    Attributes:
        needed: names that it must use, or every prompt would be the same.
        other: names that it may use.
    """

    needed: tuple[str, ...]
    other: tuple[str, ...] = ()


def own_template(text: str, values: Sequence[str], key: str) -> Template:
    """A prompt form of the user's.

    Args:
        text: Jinja source.
        values: names it may use; the first of them it must.
        key: what errors call the setting; its last word is the template's name.

    Raises:
        InputError: for a source that is no Jinja, or uses other values than these.
    """
    return _checked(text, Values(tuple(values[:1]), tuple(values[1:])), key)


def check(option: str, given: Mapping[str, str], forms: Mapping[str, Values]) -> None:
    """See that the forms a user gives are such as a method has.

    Args:
        option: what errors call the setting, such as `qa option templates`.
        given: sources by name.
        forms: every form of the method by its name.

    Raises:
        InputError: for a name that the method has no form of, or a source as in `own_template`.
    """
    for name, text in given.items():
        if name not in forms:
            raise InputError(f"{option} has {name!r}, expected {', '.join(forms)}")
        _checked(text, forms[name], f"{option}.{name}")


def form(method: str, name: str, language: str, given: Mapping[str, str]) -> Template:
    """The user's form of this name, which stands for all languages, or else the built-in one of a language."""
    if name in given:
        return Template(f"templates.{name}", given[name])
    return prompts.load(f"{method}_{name}.{language}")


def _checked(text: str, values: Values, key: str) -> Template:
    try:
        used = meta.find_undeclared_variables(SandboxedEnvironment().parse(text))
    except jinja2.TemplateSyntaxError as error:
        raise InputError(f"{key} is no Jinja template: line {error.lineno}: {error.message}") from None
    unknown = sorted(used - {*values.needed, *values.other})
    if unknown:
        raise InputError(f"{key} uses the value {unknown[0]!r}, expected {', '.join((*values.needed, *values.other))}")
    lacking = [name for name in values.needed if name not in used]
    if lacking:
        raise InputError(f"{key} does not use the value {lacking[0]!r}, so every prompt would be the same")
    return Template(key.split()[-1], text)
