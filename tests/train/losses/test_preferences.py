import math

import pytest
import torch

from train.losses.preferences import orpo, rrhf, slic


def test_orpo_by_hand():
    """P = 0.5 has odds 1, P = 0.2 has odds 0.25: the ratio is 4."""
    loss, ratio = orpo(torch.tensor([math.log(0.5)]), torch.tensor([math.log(0.2)]), 0.1)
    assert ratio.item() == pytest.approx(math.log(4), rel=1e-5)
    assert loss.item() == pytest.approx(math.log(2) - 0.1 * math.log(0.8), rel=1e-5)


def test_orpo_of_probabilities_near_nothing_and_near_one_is_finite_and_exact():
    chosen, rejected = torch.tensor([-1e-6, -80.0]), torch.tensor([-80.0, -1e-6])
    loss, ratio = orpo(chosen, rejected, 1.0)
    expected = 80 - math.log(-math.expm1(-1e-6))
    torch.testing.assert_close(ratio, torch.tensor([expected, -expected]), rtol=1e-3, atol=0)
    assert torch.isfinite(loss).all()
    certain = torch.zeros(1, requires_grad=True)
    orpo(certain, torch.tensor([-1.0]), 1.0)[0].sum().backward()
    assert torch.isfinite(certain.grad).all()


def test_slic_by_hand():
    found = slic(torch.tensor([-5.0, -2.0]), torch.tensor([-6.0, -9.0]), torch.tensor([-4.0, -4.0]), 2.0, 0.5)
    assert found.tolist() == [1.0 + 2.0, 2.0], "the second pair is further apart than the margin"


def test_rrhf_by_hand():
    """A token: -1, -2 and -0.5; best the first. Worse but likelier: the third than the first (0.5) and second (1.5)."""
    log_probs, lengths = torch.tensor([[-2.0, -4.0, -1.0]]), torch.tensor([[2, 2, 2]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    found = rrhf(log_probs, lengths, torch.tensor([[3.0, 2.0, 1.0]]), mask)
    assert found.item() == pytest.approx(0.5 + 1.5 + 2.0)
    assert rrhf(log_probs, lengths, torch.tensor([[3.0, 1.0, 1.0]]), mask).item() == pytest.approx(0.5 + 2.0)


def test_rrhf_knows_rows_of_fewer_answers():
    log_probs, lengths = torch.tensor([[-2.0, -4.0, 7.0]]), torch.tensor([[2, 2, 0]])
    mask = torch.tensor([[True, True, False]])
    found = rrhf(log_probs, lengths, torch.tensor([[1.0, 2.0, 99.0]]), mask)
    assert found.item() == pytest.approx(1.0 + 4.0)


@pytest.mark.parametrize("worse", [True, False])
def test_a_step_down_the_loss_moves_the_better_answer_up(worse):
    chosen, rejected = (torch.tensor([-1.0 if worse else -0.5]).requires_grad_() for _ in range(2))
    orpo(chosen, rejected, 1.0)[0].sum().backward()
    assert chosen.grad.item() < 0 < rejected.grad.item()
