"""The application, and what its commands share."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

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


def said(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a command that were given; the others are left to the job's defaults."""
    return {name: value for name, value in options.items() if value is not None}


def with_preset(job: str, recipe: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Settings of a ready recipe of a job, under the options of its command that were given.

    Of a group both have something of (`--adaptive` names its file, a recipe its margin) the recipe's other keys stay.
    """
    from .. import presets

    preset = {} if recipe is None else presets.load(recipe, job)
    for key, value in said(given).items():
        known = preset.get(key)
        preset[key] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return preset


def run_single(
    job: str, settings: dict[str, Any], overrides: list[str] | None, out: Path, seed: int, fresh: bool
) -> None:
    """Carry out a recipe of one step with these settings, those of `--set` put over them."""
    from ..recipe import override, ready
    from ..runner import single

    tree = single(job, settings, seed)
    for text in overrides or []:
        override(tree, f"steps.{job}.{text}")
    carry_out(ready(tree, f"keepwise {job}", Path.cwd()), out, fresh)


def carry_out(recipe: Any, out: Path, fresh: bool) -> None:
    """Carry out a recipe and print its summary."""
    from ..report import summary
    from ..runner import run_recipe

    finished = run_recipe(recipe, out, say, fresh)
    for line in summary(out):
        say(line)
    results = dict.fromkeys(output.path for output in finished.outputs.values())  # a step left out has another's
    for model in [path for path in results if path.parent.name == "model"]:
        say(f"Model: {model}")
    say(f"Report: {finished.report}")
