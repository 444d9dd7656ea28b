"""The rehearse job: demonstrations of old tasks in, new instances of them that the model makes up, out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.errors import InputError

from ..child import call
from ..digests import FileDigests
from ..run import Made, Run
from ..settings import RehearseSettings
from .engine import Named, opened
from .inputs import data_of, model_of, task_files
from .output import Output, Outputs


def rehearse(run: Run, step: str, settings: RehearseSettings, outputs: Outputs) -> Output:
    """Make the rehearsal buffer of a step.

    Raises:
        InputError: for bad input.
    """
    base, base_digest = model_of(settings.model, outputs)
    latest, latest_digest = model_of(settings.refine_with or settings.model, outputs)
    digests = FileDigests(run)
    sources = [data_of(text, outputs, digests) for text in settings.demos]
    held_out = task_files(settings.held_out, digests)
    inputs = [base_digest, latest_digest, *(digest for _, _, found in sources for digest in found), *held_out]
    config = settings.model_dump(mode="json", exclude={"model", "refine_with", "demos", "held_out"})
    config["held_out"] = len(held_out)  # which of the inputs they are
    paths = [str(path) for path, _, _ in sources]

    def make() -> Made:
        facts = call(_rehearse, run.folder, step, settings, run.seed, base, latest, paths)
        return Made(tuple(_path(top, step) for top in ("samples", "ledger", "work")), facts)

    record = run.task(f"{step}/rehearse", ["rehearse", config], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "samples" / step, record.digest, record.facts)


def _path(top: str, step: str) -> str:
    return f"{top}/{step}/{'rows' if top == 'work' else 'rehearse'}.parquet"


def _rehearse(
    folder: Path, step: str, settings: RehearseSettings, seed: int, base: str, latest: str, paths: list[str]
) -> dict[str, Any]:
    """In the child: read the demonstrations, open the engines one after the other, write; the report."""
    import polars as pl

    from curation import storage
    from curation.checks import typed
    from synth import rows
    from synth.rehearse import RehearseOptions, draft, finish, tasks_of

    loaded = rows.load([Path(path) for path in paths], "rehearsal", typed.ANSWER_KINDS)
    demos = {str(name): frame for (name,), frame in loaded.rows.partition_by("task", as_dict=True).items()}
    if not demos:
        raise InputError(f"{', '.join(paths)}: no demonstration found, expected rows of prompt, completion and task")
    held_out = _prompts(settings.held_out)
    options = RehearseOptions(
        per_task=settings.per_task,
        demos_per_task=settings.demos_per_task,
        prompts_per_task=settings.prompts_per_task,
        samples=settings.samples,
        temperature=settings.temperature,
        top_p=settings.top_p,
        repetition_penalty=settings.repetition_penalty,
        max_tokens=settings.max_tokens,
        clusters=settings.clusters,
    )
    tasks = tasks_of(demos, options, seed)
    with opened(folder, f"{step}: instances", base, settings.engine) as engine:
        drafts = draft(tasks, engine, options, seed)
        if latest == base:
            made = finish(tasks, drafts, engine, engine, options, seed, held_out)
        counts = {"generated": engine.generated, "cached": engine.hits}
        named = Named(engine.name, engine.fingerprint)
    if latest != base:  # one model at a time: two would not share a small machine's memory
        with opened(folder, f"{step}: answers", latest, settings.engine) as engine:
            made = finish(tasks, drafts, named, engine, options, seed, held_out)
            counts = {"generated": counts["generated"] + engine.generated, "cached": counts["cached"] + engine.hits}
    storage.write_parquet(loaded.rows, folder / _path("work", step))
    storage.write_parquet(made.samples, folder / _path("samples", step))
    storage.write_parquet(pl.concat([loaded.ledger, made.ledger]), folder / _path("ledger", step))
    read = {"records": loaded.records, "damaged": loaded.ledger.height, "held_out": len(held_out)}
    return {**made.report, **read, **counts}


def _prompts(paths: Sequence[str]) -> list[str]:
    """What the items of task files ask: their last user turns, or the raw text that a model is to go on from."""
    from train.tasks import load_tasks

    prompts: list[str] = []
    for task in load_tasks(Path(path) for path in paths):
        turns = (("user", task.prompt),) if isinstance(task.prompt, str) else task.prompt
        prompts += [content for role, content in turns if role == "user"][-1:]
    if paths and not prompts:
        raise InputError(f"{', '.join(paths)}: found no item with a user's turn to hold out, expected task files")
    return prompts
