"""Settings of an engine."""

from dataclasses import dataclass

from curation.errors import InputError

EXECUTORS = (None, "mp", "ray")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_COUNTS = ("max_model_len", "tensor_parallel_size", "data_parallel_size", "kv_cache_bytes", "batch", "chunk")


@dataclass(frozen=True)
class EngineOptions:
    """How a model is run. What is asked of it is in the requests.

    Attributes:
        max_model_len: longest prompt plus answer in tokens. None: the model's own, on a CPU at most 4096, since the
            key-value cache of a long context would take all memory.
        dtype: type of weights and activations. `auto`: float32 on a CPU; elsewhere the model's own, bfloat16 for
            weights stored in float32.
        tensor_parallel_size: GPUs that a model is spread over (vLLM).
        data_parallel_size: copies of the model, each on `tensor_parallel_size` GPUs of one machine, as actors of Ray.
        distributed_executor_backend: what starts vLLM's processes when there is more than one: `mp` (this machine) or
            `ray` (a Ray cluster). None: vLLM's own choice.
        gpu_memory_utilization: share of a GPU's memory for weights and key-value cache (vLLM).
        kv_cache_bytes: bytes of the key-value cache (vLLM). None: on a CPU enough for 256 answers of usual length, at
            most 512 MiB unless the context needs more; on a GPU what `gpu_memory_utilization` leaves.
        adapter_rank: highest rank of the LoRA adapters that requests name, 0 when none does (vLLM reserves room).
        thinking: let a model that can think aloud do so before it answers (chat templates with `enable_thinking`).
        batch: requests in one forward pass (transformers; vLLM batches as its memory allows).
        device: `auto` (cuda, mps or cpu, the first that is there) or a torch device (transformers).
        chunk: requests of one generate call without a cache. None: 256 on a CPU, 4096 elsewhere.
    """

    max_model_len: int | None = None
    dtype: str = "auto"
    tensor_parallel_size: int = 1
    data_parallel_size: int = 1
    distributed_executor_backend: str | None = None
    gpu_memory_utilization: float = 0.9
    kv_cache_bytes: int | None = None
    adapter_rank: int = 0
    thinking: bool = False
    batch: int = 32
    device: str = "auto"
    chunk: int | None = None

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise InputError(f"engine option dtype is {self.dtype!r}, expected one of {', '.join(DTYPES)}")
        if self.distributed_executor_backend not in EXECUTORS:
            found = self.distributed_executor_backend
            raise InputError(f"engine option distributed_executor_backend is {found!r}, expected mp or ray")
        if not 0 < self.gpu_memory_utilization <= 1:
            raise InputError(f"engine option gpu_memory_utilization is {self.gpu_memory_utilization}, expected 0 to 1")
        if self.adapter_rank < 0:
            raise InputError(f"engine option adapter_rank is {self.adapter_rank}, expected 0 or more")
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"engine option {name} is {value}, expected at least 1")
