import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import policy

MASK = torch.tensor([[True, True, True], [True, True, False]])


def test_rewards_are_the_penalty_and_at_the_last_token_the_score():
    log_probs, reference = torch.full((2, 3), -1.0), torch.full((2, 3), -1.5)
    found = policy.token_rewards(log_probs, reference, torch.tensor([2.0, -1.0]), MASK, 0.1)
    torch.testing.assert_close(found, torch.tensor([[-0.05, -0.05, 1.95], [-0.05, -1.05, 0.0]]))


def test_the_divergence_and_its_gradient_by_hand():
    """p (1/2, 1/2) from q (1/4, 3/4): ln(4/3)/2 nats; by a logit p times what its log-ratio exceeds that mean by."""
    logits = torch.tensor([[[0.0, 0.0], [1.0, 3.0]]], requires_grad=True)
    reference = torch.tensor([[[0.0, math.log(3)], [5.0, 7.0]]])
    found = policy.divergence(logits, reference)
    mean = 0.5 * math.log(4 / 3)
    assert found[0].tolist() == pytest.approx([mean, 0.0], abs=1e-6)
    found.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 0].tolist() == pytest.approx([0.5 * (math.log(2) - mean), 0.5 * (math.log(2 / 3) - mean)])
    assert logits.grad[0, 1].tolist() == pytest.approx([0.0, 0.0], abs=1e-6), "the same distribution pulls nowhere"


@pytest.mark.parametrize(
    ("present", "divergence", "expected"),
    [(0.2, 3.1, 0.4), (0.2, 2.9, 0.2), (0.2, 1.4, 0.2), (0.2, 1.3, 0.1), (0.1, -0.5, 0.08), (0.08, 0.0, 0.08)],
)
def test_the_price_doubles_far_from_the_target_and_halves_within_it(present, divergence, expected):
    assert policy.price(present, divergence, target=2.0, least=0.08) == pytest.approx(expected)


def test_advantages_by_hand():
    """gamma 1, lambda 0.5: deltas 1 + 2 - 1, 0 + 3 - 2 and 4 - 3; from the end 1, 1 + 0.5, 2 + 0.75."""
    rewards, values = torch.tensor([[1.0, 0.0, 4.0]]), torch.tensor([[1.0, 2.0, 3.0]])
    found, returns = policy.advantages(rewards, values, torch.ones(1, 3, dtype=torch.bool), 1.0, 0.5)
    assert found.tolist() == [[2.75, 1.5, 1.0]] and returns.tolist() == [[3.75, 3.5, 4.0]]


def test_nothing_after_the_last_token_counts():
    rewards, values = torch.tensor([[1.0, 0.0, 50.0]]), torch.tensor([[1.0, 2.0, 70.0]])
    found, returns = policy.advantages(rewards, values, torch.tensor([[True, True, False]]), 1.0, 0.5)
    assert found.tolist() == [[2.0 - 1.0, -2.0, 0.0]] and returns[0, 2] == 0


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=8), st.floats(0.1, 1))
def test_with_lambda_one_the_return_is_the_discounted_sum(rewards, gamma):
    row = torch.tensor([rewards])
    _, returns = policy.advantages(row, torch.randn(row.shape), torch.ones_like(row, dtype=torch.bool), gamma, 1.0)
    expected = [sum(gamma**later * r for later, r in enumerate(rewards[at:])) for at in range(len(rewards))]
    torch.testing.assert_close(returns, torch.tensor([expected], dtype=torch.float32), rtol=1e-4, atol=1e-4)


def test_whitened_values():
    values = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 99.0]])
    found = policy.whiten(values, MASK)
    inside = found[MASK]
    assert inside.mean().item() == pytest.approx(0, abs=1e-6) and inside.std().item() == pytest.approx(1, abs=1e-5)
    assert found[1, 2] == 0
    kept = policy.whiten(values, MASK, shift_mean=False)[MASK]
    assert kept.mean().item() == pytest.approx(3, abs=1e-5)
    assert torch.isfinite(policy.whiten(torch.tensor([[2.0]]), torch.tensor([[True]]))).all()


def test_the_policy_loss_is_clipped_where_it_would_gain_by_it():
    before = torch.zeros(1, 4)
    log_probs = torch.log(torch.tensor([[1.5, 0.5, 1.5, 1.0]]))
    gains = torch.tensor([[1.0, -1.0, -1.0, 2.0]])
    loss, clipped = policy.policy_loss(log_probs, before, gains, torch.ones(1, 4, dtype=torch.bool))
    assert loss.item() == pytest.approx((-1.2 + 0.8 + 1.5 - 2.0) / 4) and clipped.item() == 0.5


def test_the_first_loss_is_the_mean_gain():
    log_probs, gains = torch.randn(2, 3), torch.randn(2, 3)
    loss, clipped = policy.policy_loss(log_probs, log_probs, gains, MASK)
    torch.testing.assert_close(loss, -policy.masked_mean(gains, MASK))
    assert clipped == 0


def test_the_value_loss_is_the_larger_of_two():
    values, before, returns = torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[1.0]])
    found = policy.value_loss(values, before, returns, torch.tensor([[True]]))
    assert found.item() == pytest.approx(0.5 * 0.8**2), "the value may only move by 0.2"


def test_safety_counts_where_it_is_low():
    found = policy.gated(torch.tensor([0.1, 0.9, 0.9]), torch.tensor([0.99, 0.2, 0.6]))
    logits = torch.tensor([math.log(0.1 / 0.9), math.log(0.2 / 0.8), math.log(0.6 / 0.4)])
    torch.testing.assert_close(found, (logits - logits.mean()) / logits.std())
    assert torch.isfinite(policy.gated(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))).all()
