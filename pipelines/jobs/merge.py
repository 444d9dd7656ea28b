"""The merge job: models in, one model out, in a process of its own."""

import shutil
from pathlib import Path
from typing import Any

from ..child import call
from ..progress import track
from ..run import Made, Run
from ..settings import MergeSettings
from .inputs import model_of
from .output import Output, Outputs

MEGABYTE = 1e6


def merge(run: Run, step: str, settings: MergeSettings, outputs: Outputs) -> Output:
    """Merge the models of a step.

    Raises:
        InputError: for models that do not fit each other or the method.
    """
    models = [model_of(name, outputs) for name in settings.models]
    base = None if settings.base is None else model_of(settings.base, outputs)
    inputs = [digest for _, digest in [*models, *([base] if base else [])]]
    config = settings.model_dump(mode="json", exclude={"models", "base"})

    def make() -> Made:
        folder = run.folder / "model" / step
        shutil.rmtree(folder, ignore_errors=True)  # of other settings or models, or cut off
        facts = call(_merge, folder, step, settings, run.seed, [path for path, _ in models], base and base[0])
        return Made(tuple(str(path.relative_to(run.folder)) for path in sorted(folder.iterdir())), facts)

    record = run.task(f"{step}/merge", ["merge", config, len(models), base is not None], inputs, make)
    run.sweep(step, [record])
    return Output(run.folder / "model" / step, record.digest, record.facts)


def _merge(
    folder: Path, step: str, settings: MergeSettings, seed: int, models: list[str], base: str | None
) -> dict[str, Any]:
    """In the child: merge, and return what was seen."""
    from train.merging import merge as merge_models

    with track(f"{step}: merging", None, "MB") as advance:
        return merge_models(
            [Path(model) for model in models], folder, settings.options(seed), None if base is None else Path(base),
            lambda size: advance(size / MEGABYTE),
        )  # fmt: skip
