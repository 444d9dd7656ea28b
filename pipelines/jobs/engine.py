"""The engine of a step: opened from its settings, behind the run's cache, with a progress display."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from synth.engines import EngineOptions, open_engine
from synth.engines.cache import Cached

from ..progress import track
from ..recipe import EngineSettings

CACHE = Path("work") / "engine.sqlite"  # below the run folder


@contextlib.contextmanager
def opened(folder: Path, step: str, model: str, settings: EngineSettings) -> Iterator[Cached]:
    """Open an engine for a step of the run in `folder`; what it answered before, it answers from the cache."""
    options = EngineOptions(
        max_model_len=settings.max_model_len,
        tensor_parallel_size=settings.tensor_parallel_size,
        gpu_memory_utilization=settings.gpu_memory_utilization,
    )
    with (
        track(f"{step}: generating", None, "answers") as advance,
        open_engine(settings.kind, model, options) as engine,
    ):
        yield Cached(engine, folder / CACHE, settings.chunk, progress=lambda done, tokens: advance(done))
