from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed, nn
from torch.distributed.tensor import DTensor

from train import models
from train.devices import sharding

IDS = torch.tensor([[40, 41, 42, 43]])


def test_where_weights_are_not_shared_out_a_model_stays_as_it_is() -> None:
    model = nn.Linear(2, 2)
    weight = model.weight
    assert sharding.whole(sharding.shared_out(model)) is model and model.weight is weight
    with sharding.kept_whole(model):
        assert model.weight is weight
    assert sharding.laid_as(weight, weight) is weight and torch.equal(sharding.gathered(weight), weight)
    model(torch.ones(1, 2)).sum().backward()
    sharding.add_up_gradients([*model.parameters()])
    assert model.weight.grad is not None and torch.equal(model.weight.grad, torch.ones(2, 2))


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """One process that shares weights out, with nobody else."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'met'}", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("shared")
def test_a_model_shared_out_is_whole_for_a_while_and_again_at_the_end(tiny_model: Path) -> None:
    model = models.causal_lm(tiny_model)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    expected = model(IDS).logits
    kept = model.model.norm.weight
    assert sharding.shared_out(model, [kept]) is model and model.model.norm.weight is kept
    assert len(sharding.parts(model)) == 3  # the model and its two layers
    weights = dict(model.named_parameters())
    assert all(isinstance(weight, DTensor) for name, weight in weights.items() if name != "model.norm.weight")
    for _ in range(2):
        with sharding.kept_whole(model):
            for _ in range(2):
                torch.testing.assert_close(model.model(IDS).last_hidden_state @ before["model.embed_tokens.weight"].T,
                                           expected)  # fmt: skip
            assert not any(isinstance(weight, DTensor) for weight in model.parameters())
        assert isinstance(model.lm_head.weight, DTensor) and isinstance(
            model.model.layers[1].mlp.up_proj.weight, DTensor
        )
    for name, weight in weights.items():
        assert torch.equal(sharding.gathered(weight), before[name])
        assert type(sharding.laid_as(before[name], weight)) is (torch.Tensor if weight is kept else DTensor)
    torch.testing.assert_close(model(IDS).logits, expected)
    assert sharding.whole(model) is model and type(model).__name__ == "LlamaForCausalLM"
    assert all(type(weight) is nn.Parameter for weight in model.parameters())
    assert model.lm_head.weight is model.model.embed_tokens.weight
    torch.testing.assert_close(model(IDS).logits, expected, rtol=0, atol=0)
