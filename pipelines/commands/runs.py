"""Commands about runs, the installation and the demo."""

import json
from pathlib import Path
from typing import Annotated

import typer

from curation.errors import InputError

from .app import Fresh, Json, Out, Overrides, app, carry_out, say


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="Recipe file (YAML).")],
    out: Out,
    model: Annotated[str | None, typer.Option(help="Model folder or name that $model stands for in it.")] = None,
    settings: Overrides = None,
    fresh: Fresh = False,
) -> None:
    """Carry out a recipe: curate, distill, rehearse, train and evaluate in order, continued where it stopped.

    Example: keepwise run recipe.yaml --out runs/one --model Qwen/Qwen3-0.6B --set tuned.steps=200
    """
    from ..recipe import load

    carry_out(load(recipe, tuple(settings or ()), model), out, fresh)


@app.command()
def report(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]) -> None:
    """Write report.html and report.json of a run again, and print the summary."""
    from ..recipe import load
    from ..report import summary, write_report

    recipe = load(_existing(run_folder) / "recipe.yaml")
    path = write_report(run_folder, recipe)
    for line in summary(run_folder):
        say(line)
    say(f"Report: {path}")


@app.command()
def trace(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    row: Annotated[str, typer.Argument(metavar="ID", help="Id of a document, sample or input row, or its beginning.")],
    as_json: Json = False,
) -> None:
    """Show where a row came from: file, record, rules and scores, generation, checks; or why it was dropped."""
    from .. import trace as tracing

    found = tracing.trace(_existing(run_folder), row)
    if as_json:
        say(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        for line in tracing.lines(found):
            say(line)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this installation, and say what to do about each failure."""
    from .. import doctor as checking

    checks = checking.diagnose()
    if as_json:
        say(checking.to_json(checks))
    else:
        checking.render(checks)
    if any(check.status == "failure" for check in checks):
        raise typer.Exit(1)


@app.command()
def demo(
    out: Out = Path("runs/demo"),
    small: Annotated[bool, typer.Option("--small", help="A shortened demo, whose figures mean little.")] = False,
    fresh: Fresh = False,
) -> None:
    """Show the whole road on this machine, with what is on it: at most ten minutes on two cores."""
    from ..demo.main import run_demo

    run_demo(out, say, fresh, small)


def _existing(folder: Path) -> Path:
    if not (folder / "manifest.jsonl").is_file():
        raise InputError(f"{folder}: found no manifest.jsonl, expected the folder of a run")
    return folder
