from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from train.options.reinforcement import Ppo, Reinforcement, RewardModel


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (RewardModel, {"held_out": 1.0}, "reward.held_out is 1.0, expected a share"),
        (RewardModel, {"centre": -1}, "reward.centre is -1"),
        (Reinforcement, {"count_limit": 0}, "reinforcement.count_limit is 0"),
        (Reinforcement, {"check": "numbre"}, "reinforcement.check is 'numbre', expected one of number, choice"),
        (Reinforcement, {"gate": 0.2}, "reinforcement.reward_models is '0 models', expected two with a gate"),
        (Reinforcement, {"gate": 1.5, "reward_models": ("a", "b")}, "reinforcement.gate is 1.5"),
        (Reinforcement, {"reward_models": ("a",), "model_weights": (1.0, 2.0)}, "is '2 weights', expected 1 or none"),
        (Reinforcement, {"kl_weight": -0.1}, "reinforcement.kl_weight is -0.1"),
        (Reinforcement, {"no_end_penalty": -1}, "reinforcement.no_end_penalty is -1"),
        (Reinforcement, {"max_new_tokens": 0}, "reinforcement.max_new_tokens is 0"),
        (Reinforcement, {"temperature": 0}, "reinforcement.temperature is 0"),
        (Reinforcement, {"answers": 1}, "reinforcement.answers is 1, expected at least 2"),
        (Reinforcement, {"clip": 1.0}, "reinforcement.clip is 1.0"),
        (Ppo, {"epochs": 0}, "ppo.epochs is 0"),
        (Ppo, {"minibatches": 0}, "ppo.minibatches is 0"),
        (Ppo, {"lam": 1.1}, "ppo.lam is 1.1"),
        (Ppo, {"value_clip": 0}, "ppo.value_clip is 0"),
        (Ppo, {"kl_in": "rewards"}, "ppo.kl_in is 'rewards', expected reward or loss"),
        (Ppo, {"kl_target": 0.0}, "ppo.kl_target is 0.0, expected a number above 0"),
        (Ppo, {"critic_learning_rate": 0}, "ppo.critic_learning_rate is 0"),
        (Ppo, {"ptx_weight": 0}, "ppo.ptx_weight is 0"),
        (Ppo, {"shared": True, "critic": "model"}, "ppo.critic is 'model', expected none with shared"),
    ],
)
def test_a_bad_value_is_named(options: type, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        options(**given)


def test_paths_become_paths() -> None:
    found = Reinforcement(reward_models=("a", "b"), gate=0.15, model_weights=[2.0])  # type: ignore[arg-type]
    assert found.reward_models == (Path("a"), Path("b")) and found.model_weights == (2.0,)
    assert Ppo(ptx=["rows"], critic="model") == Ppo(ptx=(Path("rows"),), critic=Path("model"))  # type: ignore[arg-type]


def test_the_price_of_leaving_the_start_serves_where_it_counts() -> None:
    assert Reinforcement().price(in_loss=True) == 0.2 and Reinforcement().price(in_loss=False) == 0.05
    assert [Reinforcement(kl_weight=0.0).price(where) for where in (True, False)] == [0.0, 0.0]
    assert Reinforcement(kl_weight=3.0).price(in_loss=True) == 3.0 and Ppo().kl_in == "loss"
