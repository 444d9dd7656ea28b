"""Columns of a table as documents with headings, or as samples by a declared mapping.

The columns of a row are the fields of `meta`, as CSV, Parquet and JSON Lines are read, and `text`.
"""

from dataclasses import dataclass
from string import Formatter
from typing import Literal, get_args

import polars as pl

from ..errors import InputError
from ..fields import said
from ..stage import Cut
from . import parts
from .parts import Fields, Parsed, Part, Turn

FORM = "columns"
Role = Literal["system", "user", "assistant"]
TEXT = "text"


@dataclass(frozen=True)
class ColumnOptions:
    """Which columns make a document, or a sample.

    A column stands for its value; `text` is the text itself. Where a mapping has braces it is a template: `{question}`
    in it is the value of that column.

    Attributes:
        title: column whose value is the heading of the document, none for no heading.
        sections: columns that follow under headings of their own names, in this order; empty ones are left out.
        prompt: of a sample: a column or a template.
        completion: of a sample: a column or a template.
        system: of a sample: text of the system turn, none for no such turn.
        turns: of a sample of several turns: role and column or template of each, in place of prompt and completion; an
            empty one ends the conversation before it.
        keep_unparsed: whether a row without these columns stays as it is; else it is dropped with a ledger row.
        task: name of the task written on samples.
    """

    title: str | None = None
    sections: tuple[str, ...] = ()
    prompt: str | None = None
    completion: str | None = None
    system: str | None = None
    turns: tuple[tuple[Role, str], ...] = ()
    keep_unparsed: bool = False
    task: str = "columns"

    def __post_init__(self) -> None:
        if (self.prompt is None) != (self.completion is None):
            missing = "completion" if self.completion is None else "prompt"
            raise InputError(f"columns: found no {missing}, expected both a prompt and a completion")
        if self.turns and self.prompt is not None:
            raise InputError("columns: found both turns and a prompt, expected one of them")
        for role, _ in self.turns:
            if role not in get_args(Role):
                raise InputError(f"columns: role in turns is {role!r}, expected one of {', '.join(get_args(Role))}")
        for template in (self.prompt, self.completion, *(value for _, value in self.turns)):
            if template is not None:
                _pieces(template)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields of `meta` that it may name; a mapping without braces names itself."""
        given = (self.prompt, self.completion, *(template for _, template in self.turns))
        mapped = [template for template in given if template]
        inside = [name for template in mapped for _, name in _pieces(template) if name is not None]
        named = dict.fromkeys([self.title, *self.sections, *mapped, *inside])
        return tuple(name for name in named if name is not None and name != TEXT)


def documents(frame: pl.DataFrame, options: ColumnOptions) -> Cut:
    """Make a document of each row: its title as a heading, then each column under a heading of its name.

    Raises:
        InputError: when the options name no columns.
    """
    if not options.sections:
        raise InputError("columns: found no sections, expected the names of columns")
    return parts.documents(frame, FORM, lambda text, meta: _part({**meta, TEXT: text}, options), options.keep_unparsed)


def samples(frame: pl.DataFrame, options: ColumnOptions) -> parts.Sampled:
    """Make a sample of each row.

    Raises:
        InputError: when the options name neither prompt and completion nor turns.
    """
    turns: tuple[tuple[Role, str], ...] = options.turns
    if options.prompt is not None and options.completion is not None:
        turns = (("user", options.prompt), ("assistant", options.completion))
    if not turns:
        raise InputError("columns: found no mapping, expected a prompt and a completion, or turns")
    fixed = options.turns == ()
    return parts.samples(
        frame, FORM, lambda text, meta: _conversation({**meta, TEXT: text}, turns, fixed, options.system), options.task
    )


def _part(fields: Fields, options: ColumnOptions) -> Parsed[Part]:
    missing = [name for name in (options.title, *options.sections) if name is not None and name not in fields]
    if missing:
        return Parsed([], [f"no column {name!r}" for name in missing])
    title = said(fields[options.title]).strip() if options.title is not None else ""
    level = "##" if title else "#"
    written = [f"# {title}"] if title else []
    empty = []
    for name in options.sections:
        value = said(fields[name]).strip()
        if value:
            written.append(f"{level} {name}\n\n{value}")
        else:
            empty.append(f"column {name!r} is empty")
    if len(empty) == len(options.sections):
        return Parsed([], empty)
    return Parsed([Part("\n\n".join(written), (title,) if title else ())], empty)


def _conversation(
    fields: Fields, mapping: tuple[tuple[Role, str], ...], fixed: bool, system: str | None
) -> Parsed[list[Turn]]:
    turns: list[Turn] = [{"role": "system", "content": system}] if system is not None else []
    for role, template in mapping:
        missing = [name for name in _names(template, fields) if name not in fields]
        if missing:
            return Parsed([], [f"no column {name!r}" for name in missing])
        content = _filled(template, fields).strip()
        if not content and not fixed:
            break
        if not content:
            return Parsed([], [f"nothing for the {role}, from {template!r}"])
        turns.append({"role": role, "content": content})
    left_out = [] if fixed or len(turns) == len(mapping) + (system is not None) else ["turns without words"]
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()
    if sum(turn["role"] != "system" for turn in turns) < 2:
        return Parsed([], ["no turn of the assistant after one of the user"])
    return Parsed([turns], left_out)


def _pieces(template: str) -> list[tuple[str, str | None]]:
    """Text and column after it, in turn, of a template; names alone, never attributes or formats of Python.

    Raises:
        InputError: for a brace that is not closed, or anything but a name in braces.
    """
    try:
        found = list(Formatter().parse(template))
    except ValueError as error:
        raise InputError(
            f"columns: template {template!r} cannot be read ({error}), expected names in braces"
        ) from error
    for _, name, form, conversion in found:
        if name is not None and (not name or form or conversion):
            raise InputError(f"columns: template {template!r} has braces without a column's name alone in them")
    return [(text, name) for text, name, _, _ in found]


def _names(template: str, fields: Fields) -> list[str]:
    if template in fields or "{" not in template:
        return [template]
    return [name for _, name in _pieces(template) if name is not None]


def _filled(template: str, fields: Fields) -> str:
    if template in fields:
        return said(fields[template])
    return "".join(text + ("" if name is None else said(fields[name])) for text, name in _pieces(template))
