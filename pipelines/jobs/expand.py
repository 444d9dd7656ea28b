"""The expand job: a model and texts in, the model with new tokens out, in a process of its own."""

import shutil
from pathlib import Path
from typing import Any

from ..child import call
from ..digests import FileDigests
from ..progress import waiting
from ..run import Made, Run
from ..settings import ExpandSettings
from .engine import called
from .inputs import data_of, model_of
from .output import Output, Outputs


def expand(run: Run, step: str, settings: ExpandSettings, outputs: Outputs) -> Output:
    """Learn new tokens on the texts of a step and write the model with them.

    Raises:
        InputError: for a tokenizer of another kind, no texts, or texts in which nothing can be joined.
    """
    model, model_digest = model_of(settings.model, outputs)
    digests = FileDigests(run)
    found = [data_of(text, outputs, digests) for text in settings.data]
    inputs = [model_digest, *(digest for _, _, of in found for digest in of)]
    config = settings.model_dump(mode="json", include={"expansion"})

    def make() -> Made:
        folder = run.folder / "model" / step
        shutil.rmtree(folder, ignore_errors=True)  # of other settings or texts, or cut off
        facts = call(_expand, folder, settings, model, [(path, name) for path, name, _ in found])
        return Made(tuple(str(path.relative_to(run.folder)) for path in sorted(folder.iterdir())), facts)

    record = run.task(f"{step}/expand", ["expand", config], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "model" / step, record.digest, record.facts)


def _expand(folder: Path, settings: ExpandSettings, model: str, data: list[tuple[Path, str]]) -> dict[str, Any]:
    """In the child: learn and write; what the new vocabulary saves."""
    from train.options.run import Source
    from train.silence import quiet
    from train.tunings.vocabulary import expand as expand_model

    with quiet(), waiting(f"{folder.name}: learning tokens and loading {called(model)}"):
        made = expand_model(model, [Source(path, name=name) for path, name in data], folder, settings.expansion)
    return {**made.card, "longest": sorted((merge.text for merge in made.merges), key=len, reverse=True)[:12]}
