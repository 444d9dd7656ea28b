"""What a model's configuration says of its size: context, number type, heads, key-value cache."""

import json
from pathlib import Path
from typing import Any

from curation import weights
from curation.errors import InputError

CPU_CONTEXT = 4096  # tokens, at most, unless asked for: the cache of a long context would take all memory
CPU_HEADS = (32, 64, 80, 96, 112)  # head dimensions that vLLM's CPU kernels have, besides 128 and more
# Tokens in a block of the key-value cache on a CPU, where vLLM would take 128. What prompts have in common is computed
# once in whole blocks only, and few have so much. Its kernels want no less than 32.
BLOCK = 32
SEQUENCES = 256  # answered at a time on a CPU
_USUAL = 256  # tokens of prompt and answer together that the cache is laid out for
_CPU_CACHE = 1 << 29  # bytes of it, at most, unless the context needs more


def configuration(folder: Path) -> Any:
    """The text part of a model folder's configuration.

    Raises:
        InputError: when transformers cannot read it, or it needs code from the model's folder.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config()
    except (ValueError, OSError, KeyError, TypeError, AttributeError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{folder}/config.json: {reason}; expected a model that transformers knows") from error


def context(model: str, config: Any, asked: int | None, on_cpu: bool) -> int:
    """Longest prompt plus answer, tokens.

    Raises:
        InputError: when more is asked than the model knows, or nothing says how much that is.
    """
    own = getattr(config, "max_position_embeddings", None)
    if asked is not None and own is not None and asked > own:
        raise InputError(f"engine option max_model_len is {asked}, expected at most {own}, the context of {model}")
    length = asked or own
    if length is None:
        raise InputError(f"{model}: its config.json names no max_position_embeddings: set max_model_len")
    return min(length, CPU_CONTEXT) if on_cpu and asked is None else length


def number_type(asked: str, config: Any, on_cpu: bool) -> str:
    """`float32`, `bfloat16` or `float16`; `auto` as EngineOptions says."""
    if asked != "auto":
        return asked
    stored = str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")
    if on_cpu:
        return "float32"
    return "bfloat16" if stored == "float32" else stored


def check_heads(model: str, config: Any) -> None:
    """Raise InputError for a head dimension that vLLM's CPU kernels do not have."""
    size = _head_size(config)
    if size not in CPU_HEADS and size < 128:
        raise InputError(
            f"{model}: heads of dimension {size}, expected one of {', '.join(map(str, CPU_HEADS))} or 128 and more for "
            "vLLM on a CPU: choose the engine transformers"
        )


def check_adapter(folder: str, rank: int | None = None) -> None:
    """Look at an adapter before it is loaded.

    Args:
        folder: of the adapter; its files are there.
        rank: highest that the engine has room for, None for any.

    Raises:
        InputError: when it is no LoRA adapter, of a higher rank, or holds what is no number.
    """
    settings = json.loads((Path(folder) / "adapter_config.json").read_text(encoding="utf-8"))
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise InputError(
            f"{folder}: found an adapter of type {kind}, expected LORA, the one kind that engines here serve"
        )
    highest = max([settings.get("r", 0), *(settings.get("rank_pattern") or {}).values()])
    if rank is not None and highest > rank:
        raise InputError(f"{folder}: an adapter of rank {highest}, expected at most {rank}, the engine's adapter_rank")
    weights.check_finite(Path(folder))


def cpu_cache_bytes(config: Any, length: int, number_bytes: int) -> int:
    """Bytes of key-value cache on a CPU: for 256 answers of usual length, but at least one of the whole context."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    block = BLOCK * 2 * config.num_hidden_layers * heads * _head_size(config) * number_bytes
    whole = (-(-length // BLOCK) + 2) * block
    usual = SEQUENCES * -(-min(length, _USUAL) // BLOCK) * block
    return max(whole, min(usual, _CPU_CACHE))


def _head_size(config: Any) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
