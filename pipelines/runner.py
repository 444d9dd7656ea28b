"""A recipe carried out: its steps in order, each given the outputs of those before."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from curation import storage

from .jobs.output import Output, Outputs
from .needed import NOT_NEEDED, in_its_place
from .recipe import Recipe, Step
from .report import write_report
from .run import Run
from .settings import (
    CurateSettings,
    DistillSettings,
    EvaluateSettings,
    ExpandSettings,
    MergeSettings,
    RehearseSettings,
    SynthesizeSettings,
    TrainSettings,
)

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Finished:
    """A finished run: the outputs by step, how many tasks ran and how many were found done, and the report."""

    outputs: Outputs
    done: int
    kept: int
    report: Path


def run_recipe(recipe: Recipe, out: Path, announce: Announce, fresh: bool = False) -> Finished:
    """Carry out a recipe in a run folder; what is already done there with the same settings stays as it is.

    Args:
        recipe: validated and resolved.
        out: run folder, made when it does not exist.
        announce: told a line about each step, and when nothing was left to do.
        fresh: do everything again.

    Raises:
        InputError: for bad input, or a folder that is not a run's.
    """
    with Run(out, recipe.seed, fresh) as run:
        storage.write_text(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
                           out / "recipe.yaml")  # fmt: skip
        run.event("started", recipe=recipe.name)
        outputs: dict[str, Output] = {}
        for number, (name, settings) in enumerate(recipe.steps.items(), start=1):
            standing = in_its_place(name, recipe.unless[name], outputs) if name in recipe.unless else None
            if standing is not None:
                run.sweep(name, [])  # what it left when it was needed
                outputs[name] = standing
                said = standing.facts[NOT_NEEDED]
                run.event("step", step=name, job=settings.job, not_needed=said["why"])
                stands = f"; {said['use']} stands for it" if said["use"] else ""
                announce(f"[{number}/{len(recipe.steps)}] {name} ({settings.job}): not needed, {said['why']}{stands}")
                continue
            before, started = len(run.done), time.monotonic()
            outputs[name] = carry_out(run, name, settings, outputs)
            ran = len(run.done) - before
            seconds = time.monotonic() - started
            run.event("step", step=name, job=settings.job, tasks=ran, seconds=round(seconds, 3))
            state = f"{seconds:.1f} s" if ran else "already done"
            announce(f"[{number}/{len(recipe.steps)}] {name} ({settings.job}): {state}")
        _forget_steps(run, recipe)
        facts = {name: dict(output.facts) for name, output in outputs.items()}
        storage.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", out / "work" / "facts.json")
        report = write_report(run.folder, recipe)
        run.event("finished", tasks=len(run.done), kept=len(run.kept))
        if not run.done:
            announce("Nothing to do: this run is finished already.")
        return Finished(outputs, len(run.done), len(run.kept), report)


def carry_out(run: Run, name: str, settings: Step, outputs: Outputs) -> Output:
    """Carry out one step; a job's libraries are loaded only where it is used."""
    match settings:
        case CurateSettings():
            from .jobs.curate import curate

            return curate(run, name, settings)
        case DistillSettings():
            from .jobs.distill import distill

            return distill(run, name, settings, outputs)
        case RehearseSettings():
            from .jobs.rehearse import rehearse

            return rehearse(run, name, settings, outputs)
        case SynthesizeSettings():
            from .jobs.synthesize import synthesize

            return synthesize(run, name, settings, outputs)
        case TrainSettings():
            from .jobs.train import train

            return train(run, name, settings, outputs)
        case ExpandSettings():
            from .jobs.expand import expand

            return expand(run, name, settings, outputs)
        case MergeSettings():
            from .jobs.merge import merge

            return merge(run, name, settings, outputs)
        case EvaluateSettings():
            from .jobs.evaluate import evaluate

            return evaluate(run, name, settings, outputs)


def _forget_steps(run: Run, recipe: Recipe) -> None:
    """Remove the files of steps that the recipe no longer has."""
    for step in {name.split("/")[0] for name in run.records} - set(recipe.steps):
        run.sweep(step, [])


def single(job: str, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """The recipe tree of a command line that does one job; the step is named after the job."""
    return {"name": job, "seed": seed, "steps": {job: {"job": job, **settings}}}
