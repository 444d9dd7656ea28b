"""Commands about runs, the installation and the demo."""

import json
from pathlib import Path
from typing import Annotated

import typer

from curation.errors import InputError

from ..mistakes import nearest
from ..plans import PLANS, about, recipe_of
from .app import Fresh, Json, Out, Overrides, app, carry_out, say

With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="KEY=VALUE", help="What a plan is given; repeat for more, also of one key."),
]
Model = Annotated[str | None, typer.Option(help="Model folder or name that $model stands for in it.")]


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help=f"Recipe file (YAML), or a plan: {', '.join(PLANS)}.")],
    out: Out,
    model: Model = None,
    given: With = None,
    settings: Overrides = None,
    fresh: Fresh = False,
) -> None:
    """Carry out a recipe, or a plan that makes one: its steps in order, continued where it stopped.

    A plan is a recipe written for what it is given by --with; `keepwise plans` lists them. --set changes a setting of a
    step (STEP.KEY=VALUE), or of every step that has it (*.KEY=VALUE).

    Example: keepwise run recipe.yaml --out runs/one --model Qwen/Qwen3-0.6B --set tuned.steps=200

    Example: keepwise run pit --model M --with documents=old/ --with new_documents=new/ --with tasks=exam.jsonl
    --out runs/pit

    Example: keepwise run adaptive --model M --with data=new.jsonl --with demos=old.jsonl --with tasks=exam.jsonl
    --with new_tasks=support --set '*.epochs=2' --out runs/adaptive
    """
    from ..recipe import load, ready

    if recipe in PLANS and not Path(recipe).is_file():
        tree = recipe_of(recipe, given or [], model)
        carry_out(ready(tree, f"plan {recipe}", Path.cwd(), tuple(settings or ())), out, fresh)
        return
    if given:
        raise InputError(f"--with {given[0]!r}: expected it with a plan ({', '.join(PLANS)}), not with a recipe file")
    if not Path(recipe).is_file() and not Path(recipe).suffix:
        raise InputError(f"{recipe}: no such recipe file or plan{nearest(recipe, PLANS)}")
    carry_out(load(Path(recipe), tuple(settings or ()), model), out, fresh)


@app.command()
def plans(
    name: Annotated[str | None, typer.Argument(metavar="[PLAN]", help="Plan to show.")] = None,
    model: Model = None,
    given: With = None,
) -> None:
    """List the plans; show what one is given; or, with that, print its recipe, to be kept and changed.

    Example: keepwise plans ssr --with data=first.jsonl --with data=second.jsonl --with tasks=exam.jsonl
    """
    import yaml

    if name is None:
        for line in PLANS:
            say(f"{line}: {about(line)}")
    elif name not in PLANS:
        raise InputError(f"plans {name!r}: no such plan{nearest(name, PLANS)}")
    elif given is None:
        say(about(name))
        for key, field in PLANS[name].model_fields.items():
            need = "required" if field.is_required() else f"{json.dumps(field.default)}"
            say(f"  --with {key}=...  {field.description} ({need})")
    else:
        say(yaml.safe_dump(recipe_of(name, given, model), sort_keys=False, allow_unicode=True).rstrip())


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
