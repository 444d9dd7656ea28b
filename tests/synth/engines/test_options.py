"""Settings of an engine are checked where they are made."""

from typing import Any

import pytest

from curation.errors import InputError
from synth.engines.options import DTYPES, EngineOptions

COUNTS = ["max_model_len", "tensor_parallel_size", "data_parallel_size", "kv_cache_bytes", "batch", "chunk"]


def test_what_is_not_set_is_left_to_the_engine() -> None:
    options = EngineOptions()
    assert (options.max_model_len, options.kv_cache_bytes, options.chunk) == (None, None, None)
    assert (options.dtype, options.device, options.adapter_rank, options.thinking) == ("auto", "auto", 0, False)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_begin_at_one(name: str) -> None:
    options: dict[str, Any] = {name: 1}
    assert getattr(EngineOptions(**options), name) == 1
    for count in (0, -1):
        with pytest.raises(InputError, match=f"^engine option {name} is {count}, expected at least 1$"):
            EngineOptions(**{name: count})


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_memory_is_a_share(share: float) -> None:
    assert EngineOptions(gpu_memory_utilization=1.0).gpu_memory_utilization == 1.0
    with pytest.raises(InputError, match=f"^engine option gpu_memory_utilization is {share}, expected 0 to 1$"):
        EngineOptions(gpu_memory_utilization=share)


def test_a_rank_is_none_or_more() -> None:
    assert EngineOptions(adapter_rank=0).adapter_rank == 0
    with pytest.raises(InputError, match="^engine option adapter_rank is -1, expected 0 or more$"):
        EngineOptions(adapter_rank=-1)


def test_a_number_type_is_one_that_engines_have() -> None:
    assert [EngineOptions(dtype=name).dtype for name in DTYPES] == list(DTYPES)
    with pytest.raises(InputError, match="^engine option dtype is 'float8', expected one of auto, float32, bfloat16"):
        EngineOptions(dtype="float8")


def test_processes_are_started_by_what_vllm_has() -> None:
    assert EngineOptions(distributed_executor_backend="ray").distributed_executor_backend == "ray"
    with pytest.raises(InputError, match="distributed_executor_backend is 'rays', expected mp or ray$"):
        EngineOptions(distributed_executor_backend="rays")
