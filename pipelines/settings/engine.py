"""Settings of an engine."""

from typing import Literal

from pydantic import Field

from .base import Settings


class EngineSettings(Settings):
    """Which engine answers, and its size."""

    kind: Literal["auto", "vllm", "transformers"] = Field("auto", description="auto: vLLM when it is installed")
    max_model_len: int | None = Field(
        None, description="longest prompt plus answer, tokens; the model's own unless set"
    )
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs a model is spread over (vLLM)")
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="share of GPU memory (vLLM)")
    chunk: int = Field(256, ge=1, description="requests generated and committed together")
