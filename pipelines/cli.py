"""The command line: each job a command, every one of them a recipe of one step underneath."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from curation import storage
from curation.errors import InputError

from .child import ChildError

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # vLLM warns about memory nodes at every start

app = typer.Typer(
    name="keepwise",
    help="Teach a language model your domain; keep what it already knew.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Out = Annotated[Path, typer.Option("--out", help="Run folder; the same command again continues it.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Do everything again, whatever is done already.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything drawn.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the job's recipe, value in YAML.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def say(text: str) -> None:
    """Print a line for people, on standard output."""
    print(text, flush=True)


def _run_single(
    job: str, settings: dict[str, Any], overrides: list[str] | None, out: Path, seed: int, fresh: bool
) -> None:
    """Carry out a recipe of one step made from a command's options, options not given left to their defaults."""
    from .recipe import override, resolve, validate
    from .runner import single

    given = {key: value for key, value in settings.items() if value is not None}
    tree = single(job, given, seed)
    for text in overrides or []:
        override(tree, f"steps.{job}.{text}")
    _carry_out(resolve(validate(tree, f"keepwise {job}"), Path.cwd()), out, fresh)


def _carry_out(recipe: Any, out: Path, fresh: bool) -> None:
    from .report import summary
    from .runner import run_recipe

    finished = run_recipe(recipe, out, say, fresh)
    for line in summary(out):
        say(line)
    say(f"Report: {finished.report}")


@app.command()
def curate(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or globs: JSONL(.gz/.zst), Parquet, txt, md.")],
    out: Out,
    text_column: Annotated[str | None, typer.Option(help="Column that holds the text; `text` unless named.")] = None,
    max_damaged: Annotated[float | None, typer.Option(help="Share of damaged records a file may have.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first damaged record.")] = False,
    keep_dropped: Annotated[bool, typer.Option(help="Keep the text of dropped documents in dropped/.")] = True,
    explain: Annotated[bool, typer.Option("--explain", help="Print the rules in force and stop.")] = False,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Build a data set from raw corpora: normalise, filter, replace personal data, remove duplicates.

    Example: keepwise curate reviews.jsonl.gz books/ --out runs/corpus
    """
    given = {
        "inputs": inputs,
        "text_column": text_column,
        "max_damaged": max_damaged,
        "strict": strict,
        "keep_dropped": keep_dropped,
    }
    if explain:
        _explain(given, settings)
        return
    _run_single("curate", given, settings, out, seed, fresh)


def _explain(given: dict[str, Any], settings: list[str] | None) -> None:
    from curation.rules import sets

    from .recipe import CurateSettings, override, validate
    from .runner import single

    tree = single("curate", {key: value for key, value in given.items() if value is not None}, 0)
    for text in settings or []:
        override(tree, f"steps.curate.{text}")
    step = validate(tree, "keepwise curate").steps["curate"]
    assert isinstance(step, CurateSettings)
    for line in sets.explain(sets.rules_from(step.rules)):
        bounds = f"{'' if line['low'] is None else line['low']} .. {'' if line['high'] is None else line['high']}"
        say(f"{line['name']:<42} {bounds:>22}  {line['definition']}")


@app.command()
def dedup(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    out: Out,
    method: Annotated[str, typer.Option(help="exact or minhash (which runs exact first).")] = "minhash",
    threshold: Annotated[float, typer.Option(help="Jaccard similarity of near duplicates.")] = 0.7,
    text_column: Annotated[str | None, typer.Option(help="Column that holds the text; `text` unless named.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Remove duplicates only: no rule drops anything and personal data stays.

    Example: keepwise dedup corpus.jsonl --out runs/unique --method minhash --threshold 0.8
    """
    if method not in ("exact", "minhash"):
        raise InputError(f"--method is {method!r}, expected exact or minhash")
    given: dict[str, Any] = {"inputs": inputs, "text_column": text_column, "rules": {}, "personal_data": []}
    tree = {**given, "minhash": {"threshold": threshold}}
    overrides = [*(["minhash=null"] if method == "exact" else []), *(settings or [])]
    _run_single("curate", tree, overrides, out, seed, fresh)


@app.command()
def distill(
    model: Annotated[str, typer.Option(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="File of prompt and completion rows; repeat for more.")],
    out: Out,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Rewrite a task set in the model's own words, verified row by row (SDFT, arXiv 2402.13669).

    Example: keepwise distill --model Qwen/Qwen3-0.6B --data task.jsonl --out runs/distilled
    """
    _run_single("distill", {"model": model, "data": data}, settings, out, seed, fresh)


@app.command()
def rehearse(
    model: Annotated[str, typer.Option(help="Model that makes up instances: folder or name.")],
    demos: Annotated[list[str], typer.Option(help="File of prompt, completion and task rows; repeat for more.")],
    out: Out,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="Task file of the evaluation: its prompts are not to be made up. Repeat for more."),
    ] = None,
    refine_with: Annotated[str | None, typer.Option(help="Model that answers them; the same unless given.")] = None,
    per_task: Annotated[int | None, typer.Option(help="Rows wanted for each task.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Make a rehearsal buffer of old tasks by the model itself (SSR, arXiv 2403.01244).

    Example: keepwise rehearse --model base/ --refine-with latest/ --demos demos.jsonl --per-task 200 --out runs/buffer
    """
    given = {"model": model, "demos": demos, "held_out": held_out, "refine_with": refine_with, "per_task": per_task}
    _run_single("rehearse", given, settings, out, seed, fresh)


@app.command()
def train(
    model: Annotated[str, typer.Option(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="PATH or PATH:WEIGHT (share of tokens); repeat for more.")],
    out: Out,
    method: Annotated[str, typer.Option(help="sft or cpt.")] = "sft",
    tuning: Annotated[str, typer.Option(help="lora or full.")] = "lora",
    steps: Annotated[int | None, typer.Option(help="Optimiser steps, instead of epochs.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Train a model on curated sets, mixed by tokens; nothing is truncated silently.

    Example: keepwise train --model base/ --data distilled.jsonl:0.7 --data buffer.jsonl:0.3 --out runs/trained
    """
    given = {
        "model": model,
        "data": [_weighted(text) for text in data],
        "method": method,
        "tuning": tuning,
        "steps": steps,
        "epochs": epochs,
        "learning_rate": learning_rate,
    }
    _run_single("train", given, settings, out, seed, fresh)


def _weighted(text: str) -> dict[str, Any]:
    path, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return {"path": text}
    try:
        return {"path": path, "weight": float(weight)}
    except ValueError:
        return {"path": text}


@app.command()
def evaluate(
    model: Annotated[list[str], typer.Option(help="Model, or NAME=MODEL; the first is the base. Repeat to compare.")],
    tasks: Annotated[list[str], typer.Option(help="Task file (JSONL); repeat for more.")],
    out: Out,
    new_task: Annotated[list[str] | None, typer.Option(help="Task that training was to teach; others are old.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Score models on task files; with several, show what was learned and what was forgotten.

    Example: keepwise evaluate --model base=base/ --model tuned=runs/t/model/train --tasks old.jsonl --out runs/eval
    """
    named = dict(text.split("=", 1) if "=" in text else [Path(text).name, text] for text in model)
    if len(named) != len(model):
        raise InputError(f"--model: names {', '.join(named)} for {len(model)} models; name them as NAME=MODEL")
    _run_single("evaluate", {"models": named, "tasks": tasks, "new_tasks": new_task}, settings, out, seed, fresh)


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
    from .recipe import load

    _carry_out(load(recipe, tuple(settings or ()), model), out, fresh)


@app.command()
def report(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]) -> None:
    """Write report.html and report.json of a run again, and print the summary."""
    from .recipe import load
    from .report import summary, write_report

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
    from . import trace as tracing

    found = tracing.trace(_existing(run_folder), row)
    if as_json:
        say(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        for line in tracing.lines(found):
            say(line)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this installation, and say what to do about each failure."""
    from . import doctor as checking

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
    from .demo.main import run_demo

    run_demo(out, say, fresh, small)


def _existing(folder: Path) -> Path:
    if not (folder / "manifest.jsonl").is_file():
        raise InputError(f"{folder}: found no manifest.jsonl, expected the folder of a run")
    return folder


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `keepwise`: bad input ends with one sentence and exit code 2."""
    sys.exit(guarded(lambda: app(arguments, standalone_mode=True)))


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and turn what may go wrong into a sentence and an exit code."""
    try:
        command()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except InputError as error:
        return _refuse(str(error))
    except OSError as error:
        if not storage.disk_full(error):
            raise
        return _refuse(storage.no_space(Path(error.filename or "the run folder")))
    except ChildError as error:  # a fault of ours: the child's own traceback says more than this process's
        print(
            f"{error}\nThis is a fault in Keepwise or a library; the same command goes on from here.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command continues where this one stopped.", file=sys.stderr)
        return 130
    return 0


def _refuse(sentence: str) -> int:
    Console(stderr=True, soft_wrap=True).print(f"[bold red]Error:[/] {escape(sentence)}")
    return 2
