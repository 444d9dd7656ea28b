from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from curation.errors import InputError
from train import models
from train.methods.ppo.actors import HEAD, Critic, Separate, head_of
from train.methods.setup import Setup
from train.options.reinforcement import Ppo

CPU = torch.device("cpu")
IDS, ATTENTION = torch.tensor([[40, 41, 42, 43]]), torch.ones(1, 4, dtype=torch.long)


def test_the_critic_starts_at_zero_or_at_a_reward_model(tiny_model: Path, tmp_path: Path) -> None:
    assert Critic(tiny_model)(IDS, ATTENTION).tolist() == [[0.0] * 4]
    scoring = models.scoring(tiny_model, new_head=True)
    (tmp_path / "reward").mkdir()
    scoring.config.pad_token_id = 0
    models.write(scoring, tiny_model, tmp_path / "reward")
    values = Critic(tmp_path / "reward")(IDS, ATTENTION)
    torch.testing.assert_close(values[:, -1], scoring.eval()(input_ids=IDS).logits[:, 0])
    assert head_of(tmp_path / "reward", 64).any() and not head_of(tiny_model, 64).any()


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("model.norm.weight", ": norm.weight has 1 of 64 values that are NaN"),
        (HEAD, r"score.weight has the shape \(1, 64\) and 1 values that are NaN or infinite"),
        (None, "no weights for layers.1.mlp.up_proj.weight"),
    ],
)
def test_a_critic_whose_weights_are_not_whole_is_refused(
    tiny_model: Path, tmp_path: Path, weight: str | None, said: str
) -> None:
    scoring = models.scoring(tiny_model, new_head=True)
    scoring.config.pad_token_id = 0
    if weight is not None:
        scoring.get_parameter(weight).data.view(-1)[3] = torch.nan
    models.write(scoring, tiny_model, tmp_path)
    if weight is None:
        held = load_file(tmp_path / "model.safetensors")
        del held["model.layers.1.mlp.up_proj.weight"]
        save_file(held, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=said):
        Critic(tmp_path)


def test_the_reference_stays_where_the_policy_began(begun: Callable[..., Setup]) -> None:
    for tuning in ("full", "lora"):
        actors = Separate(begun(tuning=tuning), frozenset({1}), CPU)
        torch.testing.assert_close(
            actors.logits(IDS, ATTENTION), actors.reference_logits(IDS, ATTENTION), rtol=0, atol=0
        )
        before = actors.reference_logits(IDS, ATTENTION).detach()
        policy, critic = actors.moving()
        assert policy and critic and not {id(one) for one in policy.values()} & {id(one) for one in critic.values()}
        with torch.no_grad():
            for weight in policy.values():
                weight.add_(0.1)
        assert not torch.allclose(actors.logits(IDS, ATTENTION), before)
        torch.testing.assert_close(actors.reference_logits(IDS, ATTENTION), before, rtol=0, atol=0)
        assert set(policy.values()) == {one for one in policy.values() if one.requires_grad}


def test_activations_recomputed_give_the_same_gradients(begun: Callable[..., Setup]) -> None:
    found = []
    for again in (False, True):
        actors = Separate(begun(gradient_checkpointing=again, ppo=Ppo()), frozenset({1}), CPU)
        actors.learning(True)
        assert actors.policy.training == again
        actors.logits(IDS, ATTENTION).sum().backward()
        found.append([weight.grad for weight in actors.moving()[0].values()])
        actors.learning(False)
        assert not actors.policy.training
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
