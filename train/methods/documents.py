"""Attention of packed rows, each document by itself: as much work as its documents have, not as the row is long."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "keepwise_documents"
# Layouts whose attention asks nothing of scaled dot products but the order of tokens and, where set, a window.
LAYOUTS = ("llama", "mistral", "qwen2", "qwen3")


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    cu_seq_lens_q: torch.Tensor,
    **given: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within every document, in the form that transformers calls.

    Args:
        module: the layer.
        query: of shape (1, heads, tokens, dim), the documents end to end.
        key: of shape (1, key heads, tokens, dim).
        value: of the same shape.
        attention_mask: none; transformers makes no mask for this attention.
        cu_seq_lens_q: int32 of shape (documents + 1,), where each document begins, and the number of tokens.
        given: dropout, scale and what else sdpa takes.

    Returns:
        float of shape (1, tokens, heads, dim), and none in place of the weights.
    """
    lengths = cu_seq_lens_q.diff().tolist()
    # Splitting, unlike slicing, gives the gradients of all parts back in one piece.
    parts = zip(*(states.split(lengths, dim=2) for states in (query, key, value)), strict=True)
    return torch.cat([sdpa_attention_forward(module, *part, None, **given)[0] for part in parts], dim=1), None


@contextlib.contextmanager
def apart(model: Any, longest: int) -> Iterator[None]:
    """Let a model attend to packed rows document by document, where that gives what a mask over the row gives.

    With a mask, attention on a CPU is computed for all pairs of a row's tokens and then left out between documents. On
    GPUs many small calls cost more than the pairs, and kernels of their own (flash attention) know of documents.

    Args:
        model: of transformers.
        longest: tokens of the longest document; a window of attention must hold it.
    """
    config, before = model.config, model.config._attn_implementation
    window = getattr(config, "sliding_window", None) or longest
    if before != "sdpa" or config.model_type not in LAYOUTS or window < longest or torch.cuda.is_available():
        yield
        return
    AttentionInterface.register(NAME, attend)
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
