from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed, nn
from torch.distributed.tensor import DTensor

from curation.errors import InputError
from train import models
from train.devices import sharding
from train.options.run import Source, TrainOptions
from train.options.tunings import Vocabulary
from train.training import train

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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tuning": "prefix"}, "use_fsdp is set with tuning prefix, expected lora, full or blocks"),
        ({"tuning": "full", "vocabulary": Vocabulary(input="new")}, "use_fsdp is set with vocabulary 'new', expected"),
    ],
)
def test_what_is_bound_to_whole_weights_is_refused(
    given: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = TrainOptions("m", (Source(tmp_path),), steps=1, **given)
    sharding.check(options)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(InputError, match=said):
        train(options, tmp_path / "out")


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
    model.load_state_dict(model.state_dict())  # as PEFT does where adapters are written
    torch.testing.assert_close(model(IDS).logits, expected, rtol=0, atol=0)
