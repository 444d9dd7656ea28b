"""The train job: samples or documents in, a checkpoint out, in a process of its own."""

import contextlib
import dataclasses
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..child import call
from ..digests import FileDigests
from ..progress import track, waiting
from ..run import Made, Run
from ..settings import TrainSettings
from .engine import called
from .inputs import data_of, located, model_of
from .mixture import Reading, made
from .output import Output, Outputs


def train(run: Run, step: str, settings: TrainSettings, outputs: Outputs) -> Output:
    """Train the model of a step.

    Raises:
        InputError: for bad input, before training starts.
    """
    model, model_digest = model_of(settings.model, outputs)
    digests = FileDigests(run)
    inputs, sources = [model_digest], []
    for part in settings.data:
        path, name, found = data_of(part.path, outputs, digests)
        documents = None if part.documents is None else data_of(part.documents, outputs, digests)
        inputs += [*found, *(() if documents is None else documents[2])]
        sources.append(
            Reading(path, name, part.weight, part.tier, None if documents is None else documents[0], part.key)
        )
    config = settings.model_dump(mode="json", exclude={"model", "data"})
    families = {name: value for name in config if dataclasses.is_dataclass(value := getattr(settings, name))}
    for name, options in families.items():
        placed, counts, read_there = located(options, outputs, digests)
        if counts:  # what is read there decides, not how it is called
            config[name] |= counts
            inputs += read_there
            settings = settings.model_copy(update={name: placed})
    read = [part.model_dump(mode="json", exclude={"path", "documents"}) for part in settings.data]

    def make() -> Made:
        if f"{step}/train" in run.records:  # what stands there was trained with other settings or data
            shutil.rmtree(run.folder / "model" / step, ignore_errors=True)
        facts = call(_train, run.folder, step, settings, run.seed, model, sources)
        return Made(_files(run.folder, step), facts)

    record = run.task(f"{step}/train", ["train", config, read], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "model" / step, record.digest, record.facts)


def _files(folder: Path, step: str) -> tuple[str, ...]:
    """What training left: the model, its run card and the ledger, and the sources that were made for it."""
    found = [path for top in ("model", "ledger") for path in sorted((folder / top / step).rglob("*"))]
    found += sorted((folder / "work" / step).glob("*.parquet"))
    return tuple(str(path.relative_to(folder)) for path in found if path.is_file())


def _train(
    folder: Path, step: str, settings: TrainSettings, seed: int, model: str, readings: list[Reading]
) -> dict[str, Any]:
    """In the child: load everything and train; the run card."""
    with contextlib.ExitStack() as loading:
        loading.enter_context(waiting(f"{step}: loading {called(model)} and the data"))
        return _trained(folder, step, settings, seed, model, readings, loading.close)


def _trained(
    folder: Path,
    step: str,
    settings: TrainSettings,
    seed: int,
    model: str,
    readings: list[Reading],
    started: Callable[[], None],
) -> dict[str, Any]:
    """Train and return the run card; `started` is called as soon as there is progress to be shown."""
    import polars as pl

    from curation import storage
    from train.devices.launch import launch
    from train.options.run import Source
    from train.training import Progress
    from train.training import train as train_model

    sources: list[Source] = []
    other: dict[str, pl.DataFrame] = {}
    for number, one in enumerate(readings):
        path, left = made(one, folder / "work" / step / f"source-{number}.parquet", seed)
        sources.append(Source(path, one.weight, one.name, ordered=one.documents is not None))
        other |= {} if left.is_empty() else {one.name: left}
    options = settings.options(model, sources, seed)
    with track(f"{step}: training", settings.steps, "steps") as advance:
        done = 0

        def show(at: Progress) -> None:
            nonlocal done
            started()
            advance(at.step - done, f"{at.tokens_per_second:,.0f} tokens/s, loss {at.loss:.3f}", at.steps)
            done = at.step

        def say(sentence: str) -> None:
            print(f"{step}: training {sentence}", file=sys.stderr, flush=True)

        out, work = folder / "model" / step, folder / "work" / step / "checkpoints"
        if settings.processes > 1 or settings.accelerate:
            report = launch(options, out, settings.processes, settings.accelerate, show, work, say)
        else:
            report = train_model(options, out, show, work, say)
    ledger = pl.concat([*other.values(), report.ledger])
    storage.write_parquet(ledger, folder / "ledger" / step / "train.parquet")
    of_other_tiers = {name: left.height for name, left in other.items()}
    return {**report.card, "losses": report.losses, "of_other_tiers": of_other_tiers}
