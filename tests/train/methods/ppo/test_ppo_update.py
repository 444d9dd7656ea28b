from collections.abc import Callable

import pytest
import torch

from train.methods.ppo.actors import Separate
from train.methods.ppo.rollout import answers_of, observe, whitened_advantages
from train.methods.ppo.update import Old, learner, update
from train.methods.rewards import Rewards
from train.methods.setup import Setup
from train.options.reinforcement import Ppo, Reinforcement

CPU = torch.device("cpu")
DRAWN = [[100, 101, 1], [102, 103], [100, 1], [104, 105, 106, 107]]


def step(
    given: Setup, micro: int, old: Old | None = None, spoil: bool = False, price: float = 0.0
) -> tuple[Separate, dict[str, float]]:
    """One step on given answers."""
    torch.manual_seed(0)
    actors = Separate(given, frozenset({1}), CPU)
    answers = answers_of(given.prepared.dataset.to_list()[:4], DRAWN, given.tokenizer, frozenset({1}))
    torch.manual_seed(1)
    rollout = observe(actors, Rewards(given.options.reinforcement), answers, 0, micro, 1.0, CPU)
    gains, returns = whitened_advantages(rollout, 0.05, 1.0, 0.95)
    learn = learner(actors, given.options, 1)
    if spoil:
        with torch.no_grad():
            next(iter(learn.policy.values())).mul_(1.01)
    torch.manual_seed(2)
    return actors, update(actors, learn, rollout, gains, returns, old, given.options, 0, micro, price)


def test_the_first_ratio_is_one_to_the_bit_and_checked(begun: Callable[..., Setup]) -> None:
    found = step(begun(), 1)[1]
    assert found["first_ratio"] == 1.0
    assert found["ratio"] != 1.0, "later steps of the same answers move"
    with pytest.raises(RuntimeError, match="the first ratio of probabilities is .*, expected 1"):
        step(begun(), 1, spoil=True)


def test_parts_of_a_minibatch_add_up_to_the_whole(begun: Callable[..., Setup]) -> None:
    two = Ppo(epochs=2, minibatches=1)  # in the second there is a divergence from the start
    whole, parts = (step(begun(ppo=two, micro_batch_size=micro), micro, price=0.5) for micro in (4, 1))
    assert whole[1]["divergence"] > 1e-6
    assert parts[1] == pytest.approx(whole[1], rel=1e-4, abs=1e-6)
    for left, right in zip(whole[0].moving()[0].values(), parts[0].moving()[0].values(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)


def test_a_price_in_the_loss_is_of_the_whole_distribution_and_pulls_back(begun: Callable[..., Setup]) -> None:
    """Nothing at the first optimiser step, which starts from the reference; then the dearer, the less is left."""
    first = step(begun(ppo=Ppo(epochs=1)), 4, price=10.0)[1]
    assert first["divergence"] == pytest.approx(0, abs=1e-7)
    free, dear = (step(begun(ppo=Ppo(epochs=8)), 4, price=price)[1] for price in (1e-9, 100.0))
    assert 0 < dear["divergence"] < 0.3 * free["divergence"]
    assert dear["loss"] == pytest.approx(dear["policy_loss"] + dear["value_loss"] + 100 * dear["divergence"])
    assert "divergence" not in step(begun(), 4)[1]


def test_good_answers_become_likelier_and_bad_ones_less(begun: Callable[..., Setup]) -> None:
    """Answers without an end token lose the penalty, the others nothing."""
    given = begun(learning_rate=3e-3, reinforcement=Reinforcement(count="zz", no_end_penalty=5.0, max_new_tokens=6))
    actors = step(given, 2)[0]
    answers = answers_of(given.prepared.dataset.to_list()[:4], DRAWN, given.tokenizer, frozenset({1}))
    after = observe(actors, Rewards(given.options.reinforcement), answers, 0, 2, 1.0, CPU)
    change = ((after.log_probs - after.reference) * after.mask).sum(1) / after.mask.sum(1)
    assert min(change[0], change[2]) > max(change[1], change[3])


def test_old_rows_are_learned_beside_the_answers(begun: Callable[..., Setup]) -> None:
    ids = [[50, 51, 52, 1]] * 4
    old = Old(ids, [[-100, -100, 52, 1]] * 4)
    found = []
    for weight in (1e-9, 10.0):
        given = begun(learning_rate=3e-3, ppo=Ppo(epochs=4, ptx_weight=weight))
        actors, told = step(given, 4, old)
        labels = torch.tensor(ids)
        log_probs = torch.log_softmax(actors.logits(labels, torch.ones_like(labels)), -1)
        found.append((log_probs[0, 1, 52].item(), told["ptx_loss"]))
    assert found[1][0] > found[0][0] + 0.1, "the old tokens are likelier"
    assert found[1][1] < found[0][1]


def test_the_schedule_ends_with_the_last_optimiser_step(begun: Callable[..., Setup]) -> None:
    given = begun(schedule="linear", ppo=Ppo(epochs=3, minibatches=2, critic_learning_rate=5e-3))
    learn = learner(Separate(given, frozenset({1}), CPU), given.options, 2)
    assert [group["lr"] for group in learn.optimiser.param_groups] == [1e-3, 5e-3]
    for _ in range(12):
        learn.optimiser.step()
        learn.scheduler.step()
    assert [group["lr"] for group in learn.optimiser.param_groups] == [0.0, 0.0]
