"""Settings of an engine."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Settings

_SERVER = ("url", "model_name", "api_key_variable", "concurrency", "timeout", "retries")
_NEEDED = "expected an address such as http://127.0.0.1:8000/v1"


def _without_secret(url: str) -> str:
    """Here and not only where it is used, since a recipe is written into the run before."""
    if any(mark in url for mark in "@?#"):
        raise ValueError("url holds a user, a password or a query, expected only scheme, host, port and path")
    return url


Address = Annotated[str, AfterValidator(_without_secret)]  # of a server


class EngineSettings(Settings):
    """Which engine answers, and its size; or where the server is that does."""

    kind: Literal["auto", "vllm", "transformers", "server"] = Field(
        "auto", description="auto: vLLM when it is installed; server: an OpenAI-compatible address"
    )
    base: str | None = Field(
        None, description="base of a model that holds only what was tuned beside it; found by its name unless set"
    )
    max_model_len: int | None = Field(
        None, description="longest prompt plus answer, tokens; the model's own unless set"
    )
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs a model is spread over (vLLM)")
    data_parallel_size: int = Field(1, ge=1, description="copies of the model, each with its own GPUs, through Ray")
    distributed_executor_backend: Literal["mp", "ray"] | None = Field(
        None, description="what starts vLLM's processes on several GPUs: this machine (mp) or a Ray cluster"
    )
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="share of GPU memory (vLLM)")
    chunk: int | None = Field(
        None, ge=1, description="requests generated and committed together; unless set 256, 4,096 with vLLM on a GPU"
    )
    url: Address | None = Field(None, description="address of the server's API, such as http://127.0.0.1:8000/v1")
    model_name: str | None = Field(None, description="the server's name for the model; its only one unless set")
    api_key_variable: str | None = Field(None, description="environment variable that holds the server's key")
    concurrency: int = Field(32, ge=1, description="requests that a server answers at a time")
    timeout: float = Field(600.0, gt=0, description="seconds that one try of a request to a server may take")
    retries: int = Field(5, ge=0, description="tries after a first one that failed, with growing pauses (server)")

    @model_validator(mode="after")
    def _at_its_address(self) -> Self:
        if self.kind == "server" and self.url is None:
            raise ValueError(f"kind is server without url, {_NEEDED}")
        changed = [name for name in _SERVER if getattr(self, name) != type(self).model_fields[name].default]
        if self.kind != "server" and changed:
            raise ValueError(f"{changed[0]} is set and kind is {self.kind}, expected it for the kind server alone")
        return self
