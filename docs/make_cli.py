"""Writes docs/cli.md from the command line and the recipe's settings themselves: python docs/make_cli.py."""

import dataclasses
import inspect
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
    said, *examples = (command.help or "").split("Example: ")
    lines = [f"### keepwise {name}", " ".join(said.split()), f"```\n{usage}\n```"]
    lines += [f"Example: `{' '.join(example.split())}`" for example in examples]
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


def _settings(title: str, model: Any) -> str:
    if dataclasses.is_dataclass(model):
        return _options(title, model)
    said = " ".join((model.__doc__ or "").split())
    rows = [[f"`{name}`", _said(name, field), _value(field)] for name, field in model.model_fields.items()]
    return "\n\n".join([f"### {title}", said, _table(["key", "what it is", "default"], rows)])


def _options(title: str, options: Any) -> str:
    """Options of a stage: a dataclass whose docstring describes its fields under `Attributes:`."""
    said, _, described = inspect.getdoc(options).partition("Attributes:\n")
    texts: dict[str, str] = {}
    name = ""
    for line in described.splitlines():
        head, colon, rest = line.strip().partition(": ")
        if line.startswith("    ") and not line.startswith("     ") and colon and head.isidentifier():
            name, texts[head] = head, rest
        elif name:
            texts[name] += f" {line.strip()}"
    rows = []
    for field in dataclasses.fields(options):
        default: Any = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        rows.append([f"`{field.name}`", texts.get(field.name, ""), _plain(default)])
    return "\n\n".join([f"### {title}", " ".join(said.split()), _table(["key", "what it is", "default"], rows)])


def _plain(default: Any) -> str:
    """A default value in words."""
    if default is dataclasses.MISSING:
        return "required"
    if isinstance(default, BaseModel) or dataclasses.is_dataclass(default):
        return "its own defaults"
    if default is None:
        return "unset"
    return (
        f"`{json.dumps(default, default=list, ensure_ascii=False)}`" if not isinstance(default, str) else f"`{default}`"
    )


def _said(name: str, field: FieldInfo) -> str:
    """What a key is: as its field says, a group of settings, or what no field needs to say."""
    group = _group(field.annotation)
    see = "" if group is None else f"see the group `{group.__name__}`"
    if field.description or see:
        return "; ".join(text for text in (field.description, see) if text)
    return {"job": "which job", "name": "for people", "steps": "steps by name, each a job with its settings"}[name]


def _value(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _plain(field.get_default(call_default_factory=True, validated_data={}))


def _groups() -> dict[str, Any]:
    """Settings classes and options of stages inside the jobs' settings, by name."""
    found: dict[str, Any] = {}

    def look(settings: type[BaseModel]) -> None:
        for field in settings.model_fields.values():
            group = _group(field.annotation)
            if group is not None and group.__name__ not in found:
                found[group.__name__] = group
                if not dataclasses.is_dataclass(group):
                    look(group)

    for job in JOBS.values():
        look(job)
    return dict(sorted(found.items()))


def _group(annotation: Any) -> Any:
    if dataclasses.is_dataclass(annotation):
        return annotation
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
