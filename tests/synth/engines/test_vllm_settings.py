"""What vLLM is started with, on a CPU and elsewhere; that it takes them is tested with the engine itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from transformers import LlamaConfig

from curation.errors import InputError
from curation.model import Request, Sampling
from synth.engines import limits
from synth.engines.options import EngineOptions
from synth.engines.vllm_settings import SLOTS, Fit, check_room, fit, of_one_copy, served, settings, slot

CONFIG = LlamaConfig(hidden_size=64, num_hidden_layers=2, num_attention_heads=2)
ADAPTERS = ("enable_lora", "max_lora_rank", "max_loras")


def here(dtype: str, length: int, on_cpu: bool) -> Fit:
    return Fit(CONFIG, length, dtype, on_cpu, "device")


def test_no_model_runs_code_of_its_own_or_is_read_from_a_pickle() -> None:
    for on_cpu in (False, True):
        made = settings(EngineOptions(), here("float32", 512, on_cpu))
        assert (made["trust_remote_code"], made["load_format"]) == (False, "safetensors")


def test_what_was_asked_for_is_passed_on() -> None:
    options = EngineOptions(tensor_parallel_size=2, gpu_memory_utilization=0.4, kv_cache_bytes=1 << 20)
    made = settings(options, here("bfloat16", 300, False))
    assert (made["dtype"], made["max_model_len"], made["tensor_parallel_size"]) == ("bfloat16", 300, 2)
    assert (made["gpu_memory_utilization"], made["kv_cache_memory_bytes"]) == (0.4, 1 << 20)
    assert settings(options, here("float32", 300, True))["kv_cache_memory_bytes"] == 1 << 20


def test_on_a_gpu_the_cache_is_left_to_vllm() -> None:
    made = settings(EngineOptions(), here("bfloat16", 512, False))
    assert made["kv_cache_memory_bytes"] is None
    assert not {
        "enforce_eager",
        "enable_chunked_prefill",
        "max_num_batched_tokens",
        "max_num_seqs",
        "block_size",
    } & set(made)


@pytest.mark.parametrize(("dtype", "number_bytes"), [("float32", 4), ("bfloat16", 2)])
def test_on_a_cpu_a_prompt_is_computed_whole_and_the_cache_is_bounded(dtype: str, number_bytes: int) -> None:
    for length in (512, 9000):
        made = settings(EngineOptions(), here(dtype, length, True))
        assert made["enable_chunked_prefill"] is False and made["max_num_batched_tokens"] >= length
        assert made["kv_cache_memory_bytes"] == limits.cpu_cache_bytes(CONFIG, length, number_bytes)


def test_there_is_room_for_adapters_only_when_it_was_asked_for() -> None:
    assert not set(ADAPTERS) & set(settings(EngineOptions(), here("float32", 512, True)))
    for on_cpu in (False, True):
        made = settings(EngineOptions(adapter_rank=9), here("float32", 512, on_cpu))
        assert [made[key] for key in ADAPTERS] == [True, 16, 1]


@pytest.mark.parametrize(
    ("rank", "size"), [(1, 1), (2, 8), (8, 8), (9, 16), (64, 64), (257, 320), (321, 512), (512, 512)]
)
def test_room_is_the_smallest_that_an_adapter_fits_in(rank: int, size: int) -> None:
    assert slot(rank) == size


def test_a_rank_above_all_sizes_is_refused() -> None:
    with pytest.raises(InputError, match="^engine option adapter_rank is 513, expected at most 512$"):
        settings(EngineOptions(adapter_rank=SLOTS[-1] + 1), here("float32", 512, True))


@pytest.mark.vllm
def test_a_model_is_fitted_to_this_machine(tiny_model: Path) -> None:
    own = limits.configuration(tiny_model).max_position_embeddings
    found = fit("tiny", tiny_model, None, "auto")
    assert (found.length, found.dtype, found.on_cpu) == (own, "float32", True)
    assert found.config.to_dict() == limits.configuration(tiny_model).to_dict()
    assert fit("tiny", tiny_model, own - 1, "bfloat16").length == own - 1
    assert fit("tiny", tiny_model, None, "bfloat16").dtype == "bfloat16"
    with pytest.raises(InputError, match=f"max_model_len is {own + 1}, expected at most {own}, the context of tiny"):
        fit("tiny", tiny_model, own + 1, "auto")


@pytest.mark.vllm
@pytest.mark.parametrize("backend", [None, "mp", "ray"])
def test_what_spreads_a_model_over_gpus_reaches_vllm(tiny_model: Path, backend: str | None) -> None:
    """Down to the arguments of its engine: there need not be a GPU here."""
    from vllm import EngineArgs

    options = EngineOptions(tensor_parallel_size=4, data_parallel_size=2, distributed_executor_backend=backend)
    made = EngineArgs(model=str(tiny_model), **{
        name: value for name, value in settings(options, here("bfloat16", 512, False)).items()
        if name != "use_tqdm_on_load"
    })  # fmt: skip
    assert (made.tensor_parallel_size, made.data_parallel_size) == (4, 2)
    assert made.distributed_executor_backend == backend


@pytest.mark.vllm
@pytest.mark.parametrize("backend", [None, "mp", "ray"])
def test_vllm_takes_the_command_of_a_server(tiny_model: Path, backend: str | None) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    options = EngineOptions(tensor_parallel_size=4, data_parallel_size=2, distributed_executor_backend=backend)
    command = served(str(tiny_model), options)
    parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(command[2:])
    parsed.model = parsed.model_tag  # as its command does
    made = AsyncEngineArgs.from_cli_args(parsed)
    assert (made.tensor_parallel_size, made.data_parallel_size) == (4, 2)
    assert (made.distributed_executor_backend, made.data_parallel_backend) == (
        backend,
        "ray" if backend == "ray" else "mp",
    )


@pytest.mark.parametrize(("gpus", "inside"), [(1, None), (4, "mp")])
def test_a_copy_is_one_model_on_one_machine(gpus: int, inside: str | None) -> None:
    options = EngineOptions(512, tensor_parallel_size=gpus, data_parallel_size=3, distributed_executor_backend="ray")
    assert of_one_copy(options) == EngineOptions(
        512, tensor_parallel_size=gpus, data_parallel_size=1, distributed_executor_backend=inside
    )


def test_an_adapter_needs_room() -> None:
    named = Request("r", "the", Sampling(2), adapter="folder")
    check_room(named, EngineOptions(adapter_rank=8))
    check_room(replace(named, adapter=None), EngineOptions())
    with pytest.raises(InputError, match="^request r names the adapter folder: open the engine with adapter_rank$"):
        check_room(named, EngineOptions())
