import math

import pytest
import torch

from train.losses.unlearning import gradient_ascent, gradient_difference, npo


def test_ascent_and_difference():
    forget, retain = torch.tensor([-1.0, -3.0]), torch.tensor([-0.5, -1.5])
    assert gradient_ascent(forget).tolist() == [-1.0, -3.0]
    assert gradient_difference(forget, retain).item() == -1.0
    assert gradient_difference(forget, retain, 2.0).item() == 0.0


def test_npo_by_hand():
    assert npo(torch.tensor([-2.0]), torch.tensor([-2.0]), 0.5).item() == pytest.approx(4 * math.log(2))
    found = npo(torch.tensor([-4.0]), torch.tensor([-2.0]), 0.5)
    assert found.item() == pytest.approx(4 * math.log(1 + math.exp(-1)))


def test_npo_is_bounded_and_for_small_beta_has_the_gradient_of_ascent():
    assert npo(torch.tensor([-1e4]), torch.tensor([-2.0]), 0.1).item() == pytest.approx(0, abs=1e-6)
    forget = torch.tensor([-3.0], requires_grad=True)
    npo(forget, torch.tensor([-2.0]), 1e-4).sum().backward()
    assert forget.grad.item() == pytest.approx(1.0, abs=1e-3)
