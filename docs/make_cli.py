"""Writes docs/cli.md from the command line and the recipe's settings themselves: python docs/make_cli.py."""

import json
import types
import typing
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.cli import app
from pipelines.recipe import JOBS, Recipe, Step

PAGE = Path(__file__).parent / "cli.md"


def page() -> str:
    """The whole page."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    parts = [
        "# Command line and settings",
        "Made by `python docs/make_cli.py`; edit the code, not this page. Every command says the same with `--help`.",
        "## Commands",
        *(_command(name, command) for name, command in commands.items()),
        "## Settings of a recipe",
        "Keys of a recipe file, and what `--set KEY=VALUE` changes. In a single job's command the key stands alone "
        "(`--set candidates=8`), in `keepwise run` after the step's name (`--set distilled.candidates=8`). "
        "A key that is not here is an error which names the nearest one that is.",
        _settings("Recipe", Recipe),
        *(_settings(f"Job `{name}`", model) for name, model in JOBS.items()),
        *(_settings(f"Group `{name}`", model) for name, model in _groups().items()),
    ]
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    options = [parameter for parameter in command.params if parameter.opts[0].startswith("-")]
    required = [f" {option.opts[0]} {_metavar(option)}" for option in options if option.required]
    usage = f"keepwise {name}{''.join(f' {_metavar(argument)}' for argument in arguments)}{''.join(required)} [options]"
    said, _, example = (command.help or "").partition("Example: ")
    lines = [f"### keepwise {name}", " ".join(said.split()), f"```\n{usage}\n```"]
    if example:
        lines.append(f"Example: `{' '.join(example.split())}`")
    rows = [[f"`{_metavar(argument)}`", argument.help or "", ""] for argument in arguments]
    rows += [[_names(option), option.help or "", _default(option)] for option in options]
    return "\n\n".join([*lines, _table(["option", "what it does", "default"], rows)])


def _metavar(parameter: Any) -> str:
    many = "..." if parameter.nargs == -1 else ""
    return f"{parameter.metavar or parameter.name.upper()}{many}"


def _names(option: Any) -> str:
    value = "" if option.is_flag else f" {_metavar(option)}"
    return ", ".join(f"`{name}{value}`" for name in [*option.opts, *option.secondary_opts])


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.default is None or option.default is False:
        return ""
    return "on" if option.default is True else f"`{option.default}`"


def _settings(title: str, model: type[BaseModel]) -> str:
    said = " ".join((model.__doc__ or "").split())
    rows = [[f"`{name}`", _said(name, field), _value(field)] for name, field in model.model_fields.items()]
    return "\n\n".join([f"### {title}", said, _table(["key", "what it is", "default"], rows)])


def _said(name: str, field: FieldInfo) -> str:
    """What a key is: as its field says, a group of settings, or what no field needs to say."""
    if field.description:
        return field.description
    group = _group(field.annotation)
    if group is not None:
        return f"see the group `{group.__name__}`"
    return {"job": "which job", "name": "for people", "steps": "steps by name, each a job with its settings"}[name]


def _value(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, BaseModel):
        return "its own defaults"
    if default is None:
        return "unset"
    return f"`{json.dumps(default, default=list)}`" if not isinstance(default, str) else f"`{default}`"


def _groups() -> dict[str, type[BaseModel]]:
    """Settings classes inside the jobs' settings, by name."""
    found: dict[str, type[BaseModel]] = {}
    for job in JOBS.values():
        for field in job.model_fields.values():
            group = _group(field.annotation)
            if group is not None:
                found[group.__name__] = group
    return dict(sorted(found.items()))


def _group(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if annotation is Step or not isinstance(annotation, types.UnionType | types.GenericAlias):
        return None
    return next((group for part in typing.get_args(annotation) if (group := _group(part)) is not None), None)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
