"""The evaluate job: models and task files in; the score of every item and the comparison with the base out."""

from pathlib import Path
from typing import Any

import polars as pl

from curation import storage, tables

from ..child import call
from ..digests import FileDigests
from ..run import Made, Record, Run
from ..settings import EvaluateSettings
from .comparison import comparison
from .engine import answering_model, opened
from .inputs import task_files
from .output import Output, Outputs


def evaluate(run: Run, step: str, settings: EvaluateSettings, outputs: Outputs) -> Output:
    """Examine the models of a step on its task files; the first model is the base that the others are compared with.

    Raises:
        InputError: for bad input, or a new task that no task file holds.
    """
    tasks = task_files(settings.tasks, FileDigests(run))
    config = settings.model_dump(mode="json", include={"max_tokens", "engine"})
    records: list[Record] = []
    for number, (name, text) in enumerate(settings.models.items()):
        model, digest = answering_model(text, settings.engine, outputs)

        def make(number: int = number, name: str = name, model: str = model) -> Made:
            facts = call(_examine, run.folder, step, settings, run.seed, number, name, model)
            return Made((_path(step, f"{number:02d}"),), facts)

        asked = ["examine", name, config, tables.EVALUATION.names()]  # a run of earlier columns is examined again
        records.append(run.task(f"{step}/examine/{number:02d}", asked, [digest, *tasks], make))
    compared = settings.model_dump(mode="json", include={"new_tasks", "margin", "resamples"})

    def compare() -> Made:
        frames = [pl.read_parquet(run.folder / _path(step, f"{number:02d}")) for number in range(len(records))]
        facts = comparison(
            pl.concat(frames), list(settings.models), settings.new_tasks, settings.margin, settings.resamples, run.seed
        )
        return Made((), facts)

    inputs = [record.digest for record in records]
    records.append(run.task(f"{step}/compare", ["compare", compared, list(settings.models)], inputs, compare))
    run.sweep(step, records)
    digest = tables.fingerprint(inputs)
    return Output(run.folder / "evaluation" / step, digest, records[-1].facts)


def _path(step: str, name: str) -> str:
    return f"evaluation/{step}/{name}.parquet"


def _examine(
    folder: Path, step: str, settings: EvaluateSettings, seed: int, number: int, name: str, model: str
) -> dict[str, Any]:
    """In the child: open the engine, answer every item, write the scores."""
    from train.evaluate import evaluate as examine
    from train.tasks import load_tasks

    tasks = load_tasks(Path(text) for text in settings.tasks)
    with opened(folder, f"{step}: {name}", model, settings.engine) as engine:
        scores = examine(engine, engine, tasks, name, step, seed, settings.max_tokens)
    storage.write_parquet(tables.check(scores, tables.EVALUATION), folder / _path(step, f"{number:02d}"))
    return {"model": name, "items": len(tasks)}
