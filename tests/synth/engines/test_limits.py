"""What is read of a model's configuration: its context, its number type, its heads and the cache that it needs."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, LlamaConfig, MambaConfig

from curation.errors import InputError
from synth.engines import limits


def llama(**settings: Any) -> LlamaConfig:
    usual = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 32768}
    return LlamaConfig(**(usual | settings))


def test_a_configuration_is_read(tiny_model: Path) -> None:
    config = limits.configuration(tiny_model)
    assert (config.max_position_embeddings, config.head_dim, config.num_key_value_heads) == (256, 32, 1)


DAMAGED = [
    '{"model_type": "llama", ',
    '{"model_type": "nonsense"}',
    "{}",
    "[]",
    '{"model_type": "llama", "hidden_size": []}',
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_configuration_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=f"^{tmp_path}/config.json: .*expected a model that transformers knows$"):
        limits.configuration(tmp_path)


def test_code_from_a_model_is_not_run(tmp_path: Path) -> None:
    """Its own file would have left a trace."""
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig"}})
    )
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    with pytest.raises(InputError, match="expected a model that transformers knows"):
        limits.configuration(tmp_path)
    assert not (tmp_path / "trace").exists()


def test_the_context_is_the_models_unless_less_is_asked() -> None:
    assert limits.context("m", llama(), None, on_cpu=False) == 32768
    assert limits.context("m", llama(), 100, on_cpu=False) == limits.context("m", llama(), 100, on_cpu=True) == 100


def test_on_a_cpu_a_long_context_is_asked_for() -> None:
    assert limits.context("m", llama(), None, on_cpu=True) == 4096
    assert limits.context("m", llama(), 20000, on_cpu=True) == 20000
    assert limits.context("m", llama(max_position_embeddings=512), None, on_cpu=True) == 512


def test_more_than_the_model_knows_is_refused() -> None:
    with pytest.raises(InputError, match="^engine option max_model_len is 32769, expected at most 32768.* of some/m$"):
        limits.context("some/m", llama(), 32769, on_cpu=False)


def test_a_model_that_names_no_context_is_told_one() -> None:
    config = MambaConfig()
    assert limits.context("m", config, 100, on_cpu=False) == 100
    with pytest.raises(InputError, match="^some/m: .*no max_position_embeddings: set max_model_len$"):
        limits.context("some/m", config, None, on_cpu=False)


@pytest.mark.parametrize(
    ("asked", "stored", "on_cpu", "taken"),
    [
        ("auto", torch.bfloat16, True, "float32"),
        ("auto", None, True, "float32"),
        ("auto", torch.bfloat16, False, "bfloat16"),
        ("auto", torch.float16, False, "float16"),
        ("auto", torch.float32, False, "bfloat16"),
        ("auto", None, False, "bfloat16"),
        ("float16", torch.float32, True, "float16"),
        ("float32", torch.bfloat16, False, "float32"),
    ],
)
def test_the_number_type(asked: str, stored: torch.dtype | None, on_cpu: bool, taken: str) -> None:
    assert limits.number_type(asked, llama(dtype=stored), on_cpu) == taken


@pytest.mark.parametrize("size", [32, 64, 80, 96, 112, 128, 192, 256])
def test_heads_that_the_kernels_have(size: int) -> None:
    limits.check_heads("m", llama(head_dim=size))


@pytest.mark.parametrize(("heads", "size"), [(2, 16), (1, 48), (4, 8)])
def test_heads_that_they_have_not_are_refused_with_the_way_out(heads: int, size: int) -> None:
    config = llama(hidden_size=heads * size, num_attention_heads=heads)
    with pytest.raises(InputError, match=f"^some/m: heads of dimension {size}, .*choose the engine transformers$"):
        limits.check_heads("some/m", config)


def test_the_cache_holds_a_whole_context_and_two_blocks() -> None:
    config = llama(head_dim=32, num_key_value_heads=1, max_position_embeddings=1 << 20)
    token = 2 * 2 * 1 * 32 * 4  # keys and values, of two layers with one head of 32 numbers of 4 bytes
    assert limits.cpu_cache_bytes(config, 1 << 20, 4) == ((1 << 20) + 64) * token
    assert limits.cpu_cache_bytes(config, 1 << 20, 2) == ((1 << 20) + 64) * token // 2


def test_the_cache_holds_a_full_batch_where_memory_allows() -> None:
    config = llama(head_dim=32, num_key_value_heads=1)
    token = 2 * 2 * 1 * 32 * 4
    assert limits.cpu_cache_bytes(config, 4096, 4) == 256 * 256 * token
    assert limits.cpu_cache_bytes(config, 100, 4) == 256 * 128 * token  # 100 tokens take four blocks of 32
    big = llama(head_dim=128, num_hidden_layers=28, num_key_value_heads=8)
    assert limits.cpu_cache_bytes(big, 256, 2) == 1 << 29


def test_a_configuration_without_key_value_heads_has_as_many_as_heads() -> None:
    gpt = GPT2Config(n_embd=64, n_head=2, n_layer=2)
    assert limits.cpu_cache_bytes(gpt, 128, 4) == 256 * 128 * (2 * 2 * 2 * 32 * 4)


def adapter(folder: Path, **settings: Any) -> str:
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 8} | settings))
    return str(folder)


def test_an_adapter_of_the_engines_rank_fits(tmp_path: Path, adapters: tuple[Path, Path]) -> None:
    limits.check_adapter(str(adapters[1]), 8)
    limits.check_adapter(adapter(tmp_path, r=64))
    limits.check_adapter(adapter(tmp_path, rank_pattern={"q_proj": 16}), 16)


def test_an_adapter_of_a_higher_rank_is_refused(tmp_path: Path, adapters: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=f"^{adapters[1]}: an adapter of rank 8, expected at most 7, .*adapter_rank$"):
        limits.check_adapter(str(adapters[1]), 7)
    with pytest.raises(InputError, match="an adapter of rank 16"):
        limits.check_adapter(adapter(tmp_path, rank_pattern={"q_proj": 16}), 8)


def test_an_adapter_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path}: found an adapter of type PROMPT_TUNING, expected LORA, "):
        limits.check_adapter(adapter(tmp_path, peft_type="PROMPT_TUNING"))
