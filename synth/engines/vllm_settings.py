"""What vLLM is started with: settings of its engine for a model, an engine's options and the machine."""

from typing import Any

from curation.errors import InputError

from . import limits
from .options import EngineOptions

SLOTS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # ranks that vLLM has room for an adapter in


def settings(options: EngineOptions, config: Any, dtype: str, length: int, on_cpu: bool) -> dict[str, Any]:
    """Arguments of `vllm.LLM` besides the model.

    Args:
        options: see EngineOptions.
        config: the text part of the model's configuration.
        dtype: number type, as `limits.number_type` says.
        length: longest prompt plus answer, tokens.
        on_cpu: whether vLLM runs on a CPU here.

    Raises:
        InputError: for an adapter rank that vLLM has no room for.
    """
    found: dict[str, Any] = {
        "dtype": dtype,
        "max_model_len": length,
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
    return found | _cpu_settings(options, config, dtype, length) if on_cpu else found


def check_copies(model: str, options: EngineOptions) -> None:
    """Raise InputError for several copies of a model, which vLLM does not run in one process, with what does."""
    if options.data_parallel_size > 1:
        command = " ".join(served(model, options))
        raise InputError(
            f"engine option data_parallel_size is {options.data_parallel_size}, expected 1 for the engine vllm, since "
            f"vLLM runs copies of a model only behind a server: start `{command}` and choose the engine server"
        )


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


def _cpu_settings(options: EngineOptions, config: Any, dtype: str, length: int) -> dict[str, Any]:
    """What a CPU needs.

    A prompt is never cut into pieces: rewinding the generator of a seeded request, as chunked prefill does, crashes.
    """
    number_bytes = 4 if dtype == "float32" else 2
    return {
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(length, limits.CPU_CONTEXT),
        "max_num_seqs": limits.SEQUENCES,
        "kv_cache_memory_bytes": options.kv_cache_bytes or limits.cpu_cache_bytes(config, length, number_bytes),
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
