"""The engine of a step: opened from its settings, behind the run's cache, with a progress display."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curation.model import Request, Response
from synth.engines import EngineOptions, open_engine
from synth.engines.cache import Cached

from ..progress import track
from ..settings import EngineSettings

CACHE = Path("work") / "engine.sqlite"  # below the run folder


@contextlib.contextmanager
def opened(folder: Path, step: str, model: str, settings: EngineSettings) -> Iterator[Cached]:
    """Open an engine for a step of the run in `folder`; what it answered before, it answers from the cache."""
    options = EngineOptions(
        max_model_len=settings.max_model_len,
        tensor_parallel_size=settings.tensor_parallel_size,
        gpu_memory_utilization=settings.gpu_memory_utilization,
    )
    with track(f"{step}: generating", None, "answers") as advance, open_engine(settings.kind, model, options) as engine:
        path = folder / CACHE
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(Cached(engine, path, settings.chunk, lambda done, tokens: advance(done))) as cached:
            yield cached


@dataclass
class Named:
    """The name and fingerprint of an engine that is closed: it can be quoted, but not asked."""

    name: str
    fingerprint: str

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Refuse to answer."""
        raise RuntimeError(f"{self.name} is closed")
