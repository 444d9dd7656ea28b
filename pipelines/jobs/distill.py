"""The distill job: a task set in, the same rows in the model's own words where they are verified, out."""

import dataclasses
from pathlib import Path
from typing import Any

from ..digests import FileDigests
from ..run import Run
from ..settings import DistillSettings
from .engine import answering_model, opened
from .inputs import data_of, task_files
from .output import Output, Outputs
from .samples import sampled, write


def distill(run: Run, step: str, settings: DistillSettings, outputs: Outputs) -> Output:
    """Distil the task set of a step.

    Raises:
        InputError: for bad input, or checks that let too many known-bad answers pass.
    """
    model, model_digest = answering_model(settings.model, settings.engine, outputs)
    digests = FileDigests(run)
    sources = [data_of(text, outputs, digests) for text in settings.data]
    held_out = task_files(settings.held_out, digests)
    inputs = [model_digest, *(digest for _, _, found in sources for digest in found), *held_out]
    config = settings.model_dump(mode="json", exclude={"model", "data", "held_out"})
    config["held_out"] = len(held_out)  # which of the inputs they are
    paths = [str(path) for path, _, _ in sources]
    return sampled(run, step, "distill", config, inputs, _distill, settings, run.seed, model, paths)


def _distill(
    folder: Path, step: str, settings: DistillSettings, seed: int, model: str, paths: list[str]
) -> dict[str, Any]:
    """In the child: read the rows, open the engine, distil, compare with what is held out, write; the report."""
    from curation import tables
    from curation.checks import typed
    from synth import novelty, rows
    from synth.distill import DistillOptions
    from synth.distill import distill as distil_rows

    from .held_out import held_out

    loaded = rows.load([Path(path) for path in paths], settings.task, typed.ANSWER_KINDS)
    options = DistillOptions(**{one.name: getattr(settings, one.name) for one in dataclasses.fields(DistillOptions)})
    with opened(folder, step, model, settings.engine) as engine:
        made = distil_rows(loaded.rows, engine, engine if settings.likelihood else None, options, seed)
        cache = {"generated": engine.generated, "cached": engine.hits}
    tables.conserve(f"{step}/distill", loaded.rows.height, made.samples.height, 0, 0)
    held = held_out(settings.held_out)
    split = novelty.novel(made.samples, (), held, settings.novelty, seed, made="completion")
    write(folder, step, "distill", loaded.rows, split.kept, [loaded.ledger, made.ledger, split.ledger])
    compared = {
        "samples": split.kept.height,
        "novelty": novelty.counts(split.ledger),
        **novelty.unjudged(split),
        "held_out": len(held),
    }
    return {**made.report, **compared, "records": loaded.records, "damaged": loaded.ledger.height, **cache}
