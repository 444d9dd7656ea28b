"""Commands that train and measure models."""

from pathlib import Path
from typing import Annotated, Any

import typer

from curation.errors import InputError
from train.options import METHODS, TUNINGS

from .app import Fresh, Out, Overrides, Seed, app, run_single, said


@app.command()
def train(
    model: Annotated[str, typer.Option(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="PATH or PATH:WEIGHT (share of tokens); repeat for more.")],
    out: Out,
    method: Annotated[str, typer.Option(help=f"What is learned: {', '.join(METHODS)}.")] = "sft",
    tuning: Annotated[str, typer.Option(help=f"Which weights move: {', '.join(TUNINGS)}.")] = "lora",
    steps: Annotated[int | None, typer.Option(help="Optimiser steps, instead of epochs.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Train a model on curated sets, mixed by tokens; nothing is truncated silently.

    sft, cpt: from rows of prompt and completion, or texts. dpo, kto, orpo, slic, rrhf: from answers that are compared.
    reward: a model that grades answers; ppo, rloo, grpo: from rewards of the model's own answers. Any other setting,
    also of a method or a tuning under its name: --set KEY=VALUE.

    Example: keepwise train --model base/ --data distilled.jsonl:0.7 --data buffer.jsonl:0.3 --out runs/trained

    Example: keepwise train --model M --method cpt --tuning blocks --set blocks.groups=8 --data d.jsonl --out runs/cpt

    Example: keepwise train --model M --method dpo --data pairs.jsonl --set dpo.beta=0.1 --out runs/preferred

    Example: keepwise train --model M --method reward --data pairs.jsonl --out runs/reward

    Example: keepwise train --model M --method grpo --data maths.jsonl --set reinforcement.check=number --out runs/rl

    Example: keepwise train --model M --tuning full --set 'trainable=["model.layers.3.*"]' --data d.jsonl --out runs/top
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
    run_single("train", said(given), settings, out, seed, fresh)


def _weighted(text: str) -> dict[str, Any]:
    path, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return {"path": text}
    try:
        return {"path": path, "weight": float(weight)}
    except ValueError:
        return {"path": text}


@app.command()
def merge(
    models: Annotated[list[str], typer.Argument(help="Model folders or names, in the order of their weights.")],
    out: Out,
    method: Annotated[str, typer.Option(help="lerp, slerp, slerp_geometric, task, ties or dare.")] = "slerp",
    base: Annotated[str | None, typer.Option(help="Model that differences are from: task, ties and dare.")] = None,
    t: Annotated[float | None, typer.Option(help="Place between the first model (0) and the second (1).")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Merge the weights of several models into one, a tensor at a time.

    Example: keepwise merge before/ after/ --method slerp --t 0.5 --out runs/merged
    """
    given = {"models": models, "method": method, "base": base, "t": t}
    run_single("merge", said(given), settings, out, seed, fresh)


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
    run_single("evaluate", said({"models": named, "tasks": tasks, "new_tasks": new_task}), settings, out, seed, fresh)
