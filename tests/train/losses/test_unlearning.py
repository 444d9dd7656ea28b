import math

import pytest
import torch

from train.losses.unlearning import divergence, gradient_ascent, gradient_difference, npo


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


def test_the_divergence_is_from_the_model_before_and_of_counted_tokens_alone() -> None:
    before = torch.log(torch.tensor([[[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]]]))
    now = torch.log(torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]]))
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    second = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    labels = torch.tensor([[0, 1, 1]])
    assert divergence(now, before, labels).tolist() == pytest.approx([(first + second) / 2])
    assert divergence(now, before, torch.tensor([[0, -100, 1]])).tolist() == pytest.approx([second])
    assert divergence(before, before, labels).tolist() == pytest.approx([0.0])
    assert divergence(now, before, torch.full((1, 3), -100)).tolist() == [0.0]
