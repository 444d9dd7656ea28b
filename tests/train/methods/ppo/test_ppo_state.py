from collections.abc import Callable

import pytest
import torch

from train import checkpoints
from train.methods.ppo import state
from train.methods.ppo.actors import Separate
from train.methods.ppo.update import Learner, learner
from train.methods.setup import Setup

CPU = torch.device("cpu")


def moved(given: Setup, steps: int) -> Learner:
    learn = learner(Separate(given, frozenset({1}), CPU), given.options, 4)
    for number in range(steps):
        for weights in (learn.policy, learn.critic):
            for weight in weights.values():
                weight.grad = torch.full_like(weight, 0.1 * (number + 1))
        learn.optimiser.step()
        learn.scheduler.step()
    return learn


def test_a_checkpoint_holds_all_that_moves(begun: Callable[..., Setup]) -> None:
    given = begun(schedule="linear")
    whole = moved(given, 2)
    state.save(given.state, 2, whole, {"loss": [3.0, 2.0]})
    again = moved(given, 0)
    assert state.load(checkpoints.last(given.state), again) == {"loss": [3.0, 2.0]}  # type: ignore[arg-type]
    for learn in (whole, again):  # and goes on as the other does
        for weights in (learn.policy, learn.critic):
            for weight in weights.values():
                weight.grad = torch.ones_like(weight)
        learn.optimiser.step()
    for one, other in ((whole.policy, again.policy), (whole.critic, again.critic)):
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert whole.scheduler.get_last_lr() == again.scheduler.get_last_lr() != [given.options.learning_rate] * 2


def test_the_two_newest_stay(begun: Callable[..., Setup]) -> None:
    given = begun()
    learn = moved(given, 1)
    for step in (2, 4, 10):
        state.save(given.state, step, learn, {})
    assert sorted(folder.name for folder in given.state.glob("checkpoint-*")) == ["checkpoint-10", "checkpoint-4"]
    assert checkpoints.step(checkpoints.last(given.state)) == 10


def test_weights_of_another_run_are_refused(begun: Callable[..., Setup]) -> None:
    given = begun()
    state.save(given.state, 1, moved(given, 1), {})
    folder = checkpoints.last(given.state)
    assert folder is not None
    with pytest.raises(RuntimeError, match="policy.safetensors: found .* weights, expected the"):
        state.load(folder, moved(begun(tuning="lora"), 0))
