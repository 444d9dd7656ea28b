"""The engine of a step: opened from its settings, behind the run's cache, with a progress display."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation import chat, tables
from curation.errors import InputError
from curation.model import Request, Response
from synth.engines import Engine, EngineOptions, Progress, cached, kind_of, open_engine
from synth.engines.cache import Cached
from train.options.compatibility import STATEMENT

from ..progress import track, waiting
from ..recipe import STEP
from ..settings import EngineSettings
from .inputs import model_of
from .output import Outputs

if TYPE_CHECKING:
    from synth.engines.server import ServerOptions
    from synth.engines.transformers import Addition

CACHE = Path("work") / "engine.sqlite"  # below the run folder


@contextlib.contextmanager
def opened(folder: Path, step: str, model: str, settings: EngineSettings) -> Iterator[Cached]:
    """Open an engine for a step of the run in `folder`; what it answered before, it answers from the cache."""
    with loaded(step, model, settings) as engine, track(f"{step}: generating", None, "answers") as advance:
        path = folder / CACHE
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(cached(engine, path, settings.chunk, lambda done, tokens: advance(done))) as kept:
            yield kept


@contextlib.contextmanager
def loaded(title: str, model: str, settings: EngineSettings) -> Iterator[Engine]:
    """Open an engine as `engine_of` does, and say so while it takes its time."""
    kind = "transformers" if _beside(Path(model)) else kind_of(settings.kind)
    said = "waiting for the server" if kind == "server" else f"loading {called(model)} with {kind}"
    with contextlib.ExitStack() as stack:
        with waiting(f"{title}: {said}"):
            engine = stack.enter_context(engine_of(model, settings))
        yield engine


def called(model: str | Path) -> str:
    """The name of a model's folder as people know it, also of one from the hub, whose folder is named by its hash."""
    folder = Path(model).expanduser().absolute()
    return folder.parts[-3].rpartition("--")[2] if folder.parent.name == "snapshots" else folder.name


def engine_of(
    model: str, settings: EngineSettings, progress: Progress | None = None
) -> contextlib.AbstractContextManager[Engine]:
    """Open an engine from its settings, without a cache.

    Raises:
        InputError: when the model, the server or the settings cannot be used, with what to do.
    """
    options = options_of(settings)
    if not _beside(Path(model)):
        return open_engine(settings.kind, model, options, progress, server_of(settings))
    base, addition = _added(Path(model), settings)
    return open_engine("transformers", base, options, progress, None, addition)


def options_of(settings: EngineSettings) -> EngineOptions:
    """The size of an engine as its settings say it."""
    return EngineOptions(
        max_model_len=settings.max_model_len,
        tensor_parallel_size=settings.tensor_parallel_size,
        data_parallel_size=settings.data_parallel_size,
        distributed_executor_backend=settings.distributed_executor_backend,
        gpu_memory_utilization=settings.gpu_memory_utilization,
    )


def server_of(settings: EngineSettings) -> "ServerOptions | None":
    """The server of an engine's settings, none for the other kinds.

    Raises:
        InputError: for an address that is none, or holds what must not stand in it.
    """
    if settings.url is None:
        return None
    from synth.engines.server import ServerOptions

    return ServerOptions(
        url=settings.url,
        model_name=settings.model_name,
        api_key_variable=settings.api_key_variable,
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        retries=settings.retries,
    )


def answering_model(text: str, settings: EngineSettings, outputs: Outputs) -> tuple[str, str]:
    """The model that a step asks, as `model_of` gives it; of a server also one whose folder is not here.

    Such a model is known by its name and the server's address: what these answer is taken to stay the same.

    Raises:
        InputError: as `model_of` does.
    """
    folder = outputs[text[len(STEP) :]].path if text.startswith(STEP) else Path(text).expanduser()
    if _beside(folder):
        base, addition = _added(folder, settings)
        return str(folder), tables.fingerprint([chat.model_fingerprint(base), addition.fingerprint])
    if settings.kind != "server" or text.startswith(STEP) or Path(text).expanduser().exists():
        return model_of(text, outputs)
    return text, tables.fingerprint(["server", settings.url, settings.model_name, text])


def _beside(folder: Path) -> bool:
    """Whether a folder holds only what was tuned beside a base."""
    return not (folder / "config.json").exists() and ((folder / STATEMENT).is_file() or _is_adapter(folder))


def _is_adapter(folder: Path) -> bool:
    """Whether a folder is an adapter of PEFT, such as `adapter/` beside weights that LoRA trained."""
    return (folder / "adapter_config.json").is_file()


def _added(folder: Path, settings: EngineSettings) -> "tuple[str, Addition]":
    """The base of what was tuned beside it, and how that is put onto it.

    Raises:
        InputError: when the base is not found, or the engine is one that cannot serve it.
    """
    from synth.engines.transformers import Addition
    from train.tunings import beside

    if _is_adapter(folder):
        return _adapter(folder, settings)
    said = beside.statement(folder)
    if settings.kind not in ("auto", "transformers"):
        raise InputError(f"{folder}: what the tuning {said.tuning} learned beside a base is not served by the engine "
                         f"{settings.kind}, expected engine.kind transformers")  # fmt: skip
    base = beside.base_of(folder, said, settings.base)
    return str(base), Addition(
        lambda model: beside.attach(model, folder), beside.fingerprint(folder), beside.room(folder)
    )


def _adapter(folder: Path, settings: EngineSettings) -> "tuple[str, Addition]":
    """The base that the settings name, and how a LoRA adapter is put onto it: adapters are swapped, nothing is merged.

    Raises:
        InputError: without a base, for an engine that cannot put it on, or an adapter that is none of this base.
    """
    from synth.engines import limits
    from synth.engines.transformers import Addition

    if settings.base is None:
        raise InputError(f"{folder}: is an adapter, expected engine.base to name the model that it is put onto")
    if settings.kind not in ("auto", "transformers"):
        raise InputError(f"{folder}: is an adapter, expected engine.kind transformers, not {settings.kind}")
    limits.check_adapter(str(folder))

    def attach(model: Any) -> None:
        from peft import PeftModel

        try:
            PeftModel.from_pretrained(model, str(folder))
        except (RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{folder}: does not fit {settings.base} ({reason}), expected its own adapter") from error

    return str(chat.model_folder(settings.base)), Addition(attach, chat.adapter_fingerprint(folder))


@dataclass
class Named:
    """The name and fingerprint of an engine that is closed: it can be quoted, but not asked."""

    name: str
    fingerprint: str

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """Refuse to answer."""
        raise RuntimeError(f"{self.name} is closed")
