"""Commands by which a model writes data."""

from typing import Annotated

import typer

from .app import Fresh, Out, Overrides, Seed, app, run_single, said


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
    run_single("distill", {"model": model, "data": data}, settings, out, seed, fresh)


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
    run_single("rehearse", said(given), settings, out, seed, fresh)
