"""The train job: samples or documents in, a checkpoint out, in a process of its own."""

import shutil
from pathlib import Path
from typing import Any

from ..child import call
from ..digests import FileDigests
from ..progress import track
from ..run import Made, Run
from ..settings import TrainSettings
from .inputs import data_of, model_of
from .output import Output, Outputs


def train(run: Run, step: str, settings: TrainSettings, outputs: Outputs) -> Output:
    """Train the model of a step.

    Raises:
        InputError: for bad input, before training starts.
    """
    model, model_digest = model_of(settings.model, outputs)
    digests = FileDigests(run)
    sources = [(data_of(part.path, outputs, digests), part.weight) for part in settings.data]
    inputs = [model_digest, *(digest for (_, _, found), _ in sources for digest in found)]
    named = [(str(path), name, weight) for (path, name, _), weight in sources]
    config = settings.model_dump(mode="json", exclude={"model", "data"})
    weights = [weight for _, _, weight in named]

    def make() -> Made:
        if f"{step}/train" in run.records:  # what stands there was trained with other settings or data
            shutil.rmtree(run.folder / "model" / step, ignore_errors=True)
        facts = call(_train, run.folder, step, settings, run.seed, model, named)
        return Made(_files(run.folder, step), facts)

    record = run.task(f"{step}/train", ["train", config, weights], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "model" / step, record.digest, record.facts)


def _files(folder: Path, step: str) -> tuple[str, ...]:
    """What training left: the model, its run card and the ledger."""
    tops = (folder / "model" / step, folder / "ledger" / step)
    return tuple(str(path.relative_to(folder)) for top in tops for path in sorted(top.rglob("*")) if path.is_file())


def _train(
    folder: Path, step: str, settings: TrainSettings, seed: int, model: str, sources: list[tuple[str, str, float]]
) -> dict[str, Any]:
    """In the child: train, and return the run card."""
    from curation import storage
    from train.options import Source
    from train.training import Progress
    from train.training import train as train_model

    options = settings.options(model, [Source(Path(path), weight, name) for path, name, weight in sources], seed)
    with track(f"{step}: training", settings.steps, "steps") as advance:
        done = 0

        def show(at: Progress) -> None:
            nonlocal done
            advance(at.step - done, note=f"of {at.steps}, {at.tokens_per_second:,.0f} tokens/s, loss {at.loss:.3f}")
            done = at.step

        report = train_model(options, folder / "model" / step, show, folder / "work" / step / "checkpoints")
    storage.write_parquet(report.ledger, folder / "ledger" / step / "train.parquet")
    return {**report.card, "losses": report.losses}
