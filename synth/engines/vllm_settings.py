"""What vLLM is started with: settings of its engine for a model, an engine's options and the machine."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curation.errors import InputError
from curation.model import Request

from . import limits
from .options import EngineOptions

SLOTS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # ranks that vLLM has room for an adapter in


@dataclass(frozen=True)
class Fit:
    """How vLLM runs a model on this machine.

    Attributes:
        config: the text part of the model's configuration.
        length: longest prompt plus answer, tokens.
        dtype: number type, as `limits.number_type` says.
        on_cpu: whether vLLM runs on a CPU here.
        device: its name.
    """

    config: Any
    length: int
    dtype: str
    on_cpu: bool
    device: str


def fit(model: str, folder: Path, max_model_len: int | None, dtype: str) -> Fit:
    """How vLLM runs the model of a folder, called `model` in errors, with the options asked for.

    Raises:
        InputError: for a context that the model has not, or heads that vLLM has no CPU kernels for.
    """
    from vllm.platforms import current_platform

    config = limits.configuration(folder)
    on_cpu = current_platform.is_cpu()
    length = limits.context(model, config, max_model_len, on_cpu)
    if on_cpu:
        limits.check_heads(model, config)
    device = current_platform.device_name if on_cpu else current_platform.get_device_name()
    return Fit(config, length, limits.number_type(dtype, config, on_cpu), on_cpu, device)


def settings(options: EngineOptions, here: Fit) -> dict[str, Any]:
    """Arguments of `vllm.LLM` besides the model.

    Args:
        options: see EngineOptions.
        here: how the model runs on this machine.

    Raises:
        InputError: for an adapter rank that vLLM has no room for.
    """
    found: dict[str, Any] = {
        "dtype": here.dtype,
        "max_model_len": here.length,
        "seed": 0,  # only of what has no seed of its own, which is nothing
        "trust_remote_code": False,
        "load_format": "safetensors",
        "use_tqdm_on_load": False,
        "enable_prefix_caching": True,
        "tensor_parallel_size": options.tensor_parallel_size,
        "data_parallel_size": options.data_parallel_size,
        "distributed_executor_backend": options.distributed_executor_backend,
        "gpu_memory_utilization": options.gpu_memory_utilization,
        "kv_cache_memory_bytes": options.kv_cache_bytes,
        # One library for every guide, and compact JSON: of itself vLLM picks a library by the first guide it meets.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    if options.adapter_rank:
        found |= {"enable_lora": True, "max_lora_rank": slot(options.adapter_rank), "max_loras": 1}
    return found | _cpu_settings(options, here) if here.on_cpu else found


def of_one_copy(options: EngineOptions) -> EngineOptions:
    """The options of each of several copies: its processes, if it is spread over GPUs, are on its own machine."""
    return replace(
        options,
        data_parallel_size=1,
        distributed_executor_backend="mp" if options.tensor_parallel_size > 1 else None,
    )


def check_room(request: Request, options: EngineOptions) -> None:
    """Raise InputError for a request with an adapter where the engine was opened with room for none."""
    if request.adapter is not None and not options.adapter_rank:
        raise InputError(f"request {request.id} names the adapter {request.adapter}: open the engine with adapter_rank")


def served(model: str, options: EngineOptions) -> list[str]:
    """The command of a server that runs a model on as many GPUs as the options say."""
    command = ["vllm", "serve", model]
    command += ["--tensor-parallel-size", str(options.tensor_parallel_size)]
    command += ["--data-parallel-size", str(options.data_parallel_size)]
    if options.distributed_executor_backend is not None:
        command += ["--distributed-executor-backend", options.distributed_executor_backend]
    if options.distributed_executor_backend == "ray":
        command += ["--data-parallel-backend", "ray"]
    return command


def _cpu_settings(options: EngineOptions, here: Fit) -> dict[str, Any]:
    """What a CPU needs.

    A prompt is never cut into pieces: rewinding the generator of a seeded request, as chunked prefill does, crashes.
    """
    number_bytes = 4 if here.dtype == "float32" else 2
    return {
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "block_size": limits.BLOCK,
        "max_num_batched_tokens": max(here.length, limits.CPU_CONTEXT),
        "max_num_seqs": limits.SEQUENCES,
        "kv_cache_memory_bytes": options.kv_cache_bytes
        or limits.cpu_cache_bytes(here.config, here.length, number_bytes),
    }


def slot(rank: int) -> int:
    """The smallest of vLLM's sizes of room for an adapter of a rank.

    Raises:
        InputError: for a rank above all of them.
    """
    for size in SLOTS:
        if rank <= size:
            return size
    raise InputError(f"engine option adapter_rank is {rank}, expected at most {SLOTS[-1]}")
