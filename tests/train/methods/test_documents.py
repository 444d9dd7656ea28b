from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

from train.methods import documents

LENGTHS = (7, 1, 12, 3)
CONFIGS = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}


@pytest.fixture
def made() -> Callable[..., Any]:
    def make(layout: str, **settings: Any) -> Any:
        torch.manual_seed(3)
        config = CONFIGS[layout](
            vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, head_dim=8, **settings,
        )  # fmt: skip
        return AutoModelForCausalLM.from_config(config)

    return make


def packed() -> dict[str, Any]:
    """Documents end to end, as TRL's collator lays them."""
    ids = torch.randint(0, 50, (1, sum(LENGTHS)), generator=torch.Generator().manual_seed(5))
    borders = torch.tensor([0, *LENGTHS]).cumsum(0).to(torch.int32)
    positions = torch.cat([torch.arange(length) for length in LENGTHS])[None]
    return {"input_ids": ids, "position_ids": positions, "cu_seq_lens_q": borders, "cu_seq_lens_k": borders}


def loss_and_gradients(model: Any, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    model.zero_grad()
    logits = model(**batch, use_cache=False).logits
    logits.square().mean().backward()
    return logits.detach(), torch.cat([weight.grad.flatten() for weight in model.parameters()])


@pytest.mark.parametrize("layout", documents.LAYOUTS)
def test_logits_and_gradients_are_those_of_a_mask_over_the_row(made: Callable[..., Any], layout: str) -> None:
    model, batch = made(layout), packed()
    masked = loss_and_gradients(model, batch)
    with documents.apart(model, 12):
        assert model.config._attn_implementation == documents.NAME
        apart = loss_and_gradients(model, batch)
    assert model.config._attn_implementation == "sdpa"
    for one, other in zip(apart, masked, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_a_document_in_a_row_has_the_logits_that_it_has_alone(made: Callable[..., Any]) -> None:
    model, batch = made("llama"), packed()
    with documents.apart(model, 12):
        together = model(**batch, use_cache=False).logits
    for begin, end in pairwise(batch["cu_seq_lens_q"].tolist()):
        alone = model(input_ids=batch["input_ids"][:, begin:end], use_cache=False).logits
        torch.testing.assert_close(together[:, begin:end], alone, atol=1e-6, rtol=1e-5)


def test_a_window_that_a_document_may_leave_keeps_the_mask(made: Callable[..., Any]) -> None:
    model = made("mistral", sliding_window=8)
    with documents.apart(model, 12):
        assert model.config._attn_implementation == "sdpa"
    with documents.apart(model, 8):
        assert model.config._attn_implementation == documents.NAME


def test_other_attention_is_left_as_it_is(made: Callable[..., Any]) -> None:
    model = made("llama", attn_implementation="eager")
    with documents.apart(model, 12):
        assert model.config._attn_implementation == "eager"


def test_the_model_is_as_before_when_training_fails(made: Callable[..., Any]) -> None:
    model = made("llama")
    with pytest.raises(ValueError), documents.apart(model, 12):
        raise ValueError
    assert model.config._attn_implementation == "sdpa"
