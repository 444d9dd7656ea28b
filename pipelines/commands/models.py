"""Commands that train and measure models."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from curation.errors import InputError
from train.options.run import METHODS, TUNINGS

from .app import Fresh, Out, Overrides, Seed, app, run_single, said, say

NewTask = Annotated[list[str] | None, typer.Option(help="Task that training was to teach; others are old.")]
Stage = Annotated[
    list[str] | None, typer.Option(help="MODEL=TASK,TASK: a stage of a sequence and what it was trained on, in order.")
]
Sham = Annotated[str | None, typer.Option(help="Model that took the same steps on replay only, a control.")]


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
    reward: a model that grades answers; ppo, rloo, grpo: from rewards of the model's own answers; unlearn: forgets
    rows. lora, full and blocks leave a whole model, prompt, prefix and loreft what stands beside it. Other settings,
    also of a method or a tuning under its name: --set KEY=VALUE.

    Example: keepwise train --model base/ --data distilled.jsonl:0.7 --data buffer.jsonl:0.3 --out runs/trained

    Example: keepwise train --model M --method cpt --tuning blocks --set blocks.groups=8 --data d.jsonl --out runs/cpt

    Example: keepwise train --model M --method dpo --data pairs.jsonl --set dpo.beta=0.1 --out runs/preferred

    Example: keepwise train --model M --method reward --data pairs.jsonl --out runs/reward

    Example: keepwise train --model M --method grpo --data maths.jsonl --set reinforcement.check=number --out runs/rl

    Example: keepwise train --model M --method unlearn --data d.jsonl --set 'unlearning.retain=["kept.jsonl"]' --out u

    Example: keepwise train --model M --tuning full --set 'trainable=["model.layers.3.*"]' --data d.jsonl --out runs/top

    Example: keepwise train --model M --tuning lora --set lora.rank=32 --set lora.dora=true --data d.jsonl --out runs/l

    Example: keepwise train --model M --tuning prompt --set prompt.text="In Korean," --data d.jsonl --out runs/prompt

    Example: keepwise train --model M --tuning prefix --set prefix.tokens=20 --data d.jsonl --out runs/prefix

    Example: keepwise train --model M --tuning loreft --set loreft.rank=4 --data d.jsonl --out runs/loreft
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
def expand(
    model: Annotated[str, typer.Argument(help="Model folder or name.")],
    data: Annotated[list[str], typer.Option(help="File or folder of `text`; repeat for more.")],
    out: Out,
    tokens: Annotated[int | None, typer.Option(help="New tokens, at most.")] = None,
    settings: Overrides = None,
    seed: Seed = 17,
    fresh: Fresh = False,
) -> None:
    """Give a model new tokens for a language or a domain, learned on its texts and started as means of old ones.

    Train them afterwards, the new rows first: plan new-words of `keepwise run` does both.

    Example: keepwise expand base/ --data korean.jsonl --tokens 4000 --out runs/expanded
    """
    given = {"model": model, "data": data, "expansion": None if tokens is None else {"tokens": tokens}}
    run_single("expand", said(given), settings, out, seed, fresh)


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
    new_task: NewTask = None,
    stage: Stage = None,
    sham: Sham = None,
    shots: Annotated[int | None, typer.Option(help="Demonstrations shown before every item.")] = None,
    demos: Annotated[list[str] | None, typer.Option(help="File of demonstrations, in the form of task files.")] = None,
    margin: Annotated[
        float | None, typer.Option(help="Loss that counts as none; fixed before there are scores.")
    ] = None,
    clusters: Annotated[int | None, typer.Option(help="Clusters of each task, whose forgetting is told apart.")] = None,
    drift: Annotated[
        int | None, typer.Option(help="Old prompts on which the KL divergence to the base is measured.")
    ] = None,
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
    given = {
        "models": named,
        "tasks": tasks,
        "new_tasks": new_task,
        "stages": _stages(stage),
        "sham": sham,
        "shots": shots,
        "demos": demos,
        "margin": margin,
        "clusters": clusters,
        "drift": drift,
    }
    run_single("evaluate", said(given), settings, out, seed, fresh)


def _stages(given: list[str] | None) -> dict[str, list[str]] | None:
    if not given:
        return None
    found = {}
    for text in given:
        name, equals, tasks = text.partition("=")
        if not equals or not name or name in found:
            raise InputError(f"--stage: found {text!r}, expected MODEL=TASK,TASK, each model once")
        found[name] = [task for task in tasks.split(",") if task]
    return found


@app.command()
def forgetting(
    evaluations: Annotated[
        list[str], typer.Argument(metavar="EVALUATION...", help="Runs, tables, or NAME=FOLDER of lm-eval's samples.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write, JSON.")],
    base: Annotated[str | None, typer.Option(help="Model that training started from; the first unless named.")] = None,
    new_task: NewTask = None,
    stage: Stage = None,
    sham: Sham = None,
    margin: Annotated[
        float | None,
        typer.Option(help="The margin that the evaluations fixed, no other; any for scores of lm-eval that name none."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap resamples of an interval.")] = 2000,
    seed: Seed = 17,
) -> None:
    """Put evaluations together: the matrix of stages and tasks, learning beside forgetting, intervals and tests.

    Example: keepwise forgetting runs/seed-1 runs/seed-2 runs/seed-3 --stage tuned=support --out forgetting.json
    """
    from ..jobs import evaluations as reading
    from ..report.forgetting import whole
    from ..report.terminal import table

    wanted = reading.Wanted(base, new_task or (), _stages(stage) or {}, sham, margin, resamples, seed)
    facts = reading.forgetting(reading.read(evaluations), wanted)
    reading.write(facts, out)
    for line in whole(facts, table):
        say(line)
    say(f"Written: {out}")


@app.command()
def tasks(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Test sets in their own form.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for a task file of each.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Items of each, spread evenly over the file.")] = None,
    max_bytes: Annotated[
        int | None, typer.Option(min=1, help="Leave out longer items: a token is at least a byte of UTF-8.")
    ] = None,
) -> None:
    """Read public test sets (BLiMP, LAMBADA, ARC, PIQA, COPA, KoBEST) as task files for `keepwise evaluate`.

    Example: keepwise tasks blimp.jsonl.gz kobest-copa.jsonl.gz --out tasks
    """
    from curation import storage
    from curation.errors import InputError
    from train.evaluation import benchmarks

    names = [file.name.split(".")[0] for file in files]
    if twice := [file for file, name in zip(files, names, strict=True) if names.count(name) > 1]:
        raise InputError(
            f"{twice[0]} and {twice[1]} would be one file, expected names that differ before the first dot"
        )
    for file, name in zip(files, names, strict=True):
        every = list(benchmarks.read(file))
        rows = [row for row in every if max_bytes is None or benchmarks.size(row) <= max_bytes]
        longer = f", {len(every) - len(rows)} longer than {max_bytes} bytes left out" if max_bytes is not None else ""
        if limit is not None and limit < len(rows):
            rows = [rows[at * len(rows) // limit] for at in range(limit)]
        if not rows:
            raise InputError(f"{file}: found no item of at most {max_bytes} bytes")
        path = out / f"{name}.jsonl"
        storage.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)
        say(f"{path}: {len(rows)} items{longer}")
