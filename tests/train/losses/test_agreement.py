"""Losses are those of TRL and of the papers' released code, on small inputs, to 1e-5.

What TRL 0.21.0 computes (later ones have no such trainer) is stored: its lines were run on these inputs.
"""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from train.losses import policy, preferences, unlearning

LENGTHS = torch.tensor([5, 2, 4])
MASK = torch.arange(5)[None] < LENGTHS[:, None]


def wave(pace: float) -> torch.Tensor:
    """Numbers between -1 and 1 that anyone can make again."""
    return torch.sin(torch.arange(15, dtype=torch.float32) * pace).reshape(3, 5)


ADVANTAGES = [[0.8135994, 0.3247271, -1.2243307, -2.126765, -1.2184429], [1.1279709, 1.870119, 0.0, 0.0, 0.0],
              [0.5011245, -0.2102879, -1.3583763, -1.2482228, 0.0]]  # fmt: skip
RETURNS = [[0.8135994, 0.9689447, -0.2388809, -1.2635555, -0.8834547], [0.7771877, 0.9985433, 0.0, 0.0, 0.0],
           [1.1581111, 0.7778803, -0.5037771, -0.9291239, 0.0]]  # fmt: skip
WHITENED = [[0.8393165, 0.4534968, -0.7690253, -1.4812299, -0.7643787], [1.0874197, 1.6731257, 0.0, 0.0, 0.0],
            [0.5927103, 0.031261, -0.8748146, -0.7878811, 0.0]]  # fmt: skip
SCALED = [[0.5894179, 0.2035981, -1.018924, -1.7311286, -1.0142773], [0.8375211, 1.4232271, 0.0, 0.0, 0.0],
          [0.3428116, -0.2186377, -1.1247133, -1.0377798, 0.0]]  # fmt: skip
POLICY, VALUE = -0.04373478889465332, 0.9692733883857727


def close(found: torch.Tensor, stored: list[list[float]] | float) -> None:
    torch.testing.assert_close(found, torch.tensor(stored), atol=1e-5, rtol=1e-5)


def test_ppo_is_that_of_trl() -> None:
    rewards, values = wave(1.3) * MASK, wave(0.7) * MASK
    gains, returns = policy.advantages(rewards, values, MASK, 0.9, 0.8)
    close(gains, ADVANTAGES)
    close(returns, RETURNS)
    whitened = policy.whiten(gains, MASK)
    close(whitened * MASK, WHITENED)
    close(policy.whiten(gains, MASK, shift_mean=False) * MASK, SCALED)
    close(policy.policy_loss(-wave(0.4).abs(), -wave(0.9).abs(), whitened, MASK, 0.2)[0], POLICY)
    close(policy.value_loss(wave(2.1), values, returns, MASK, 0.2), VALUE)


def test_slic_is_the_hinge_of_trl_and_the_likelihood_of_the_reference() -> None:
    trainer = pytest.importorskip("trl.experimental.cpo").CPOTrainer
    torch.manual_seed(0)
    chosen, rejected = -torch.rand(16) * 30, -torch.rand(16) * 30
    given = SimpleNamespace(beta=0.5, loss_type="hinge", accelerator=SimpleNamespace(device="cpu"), label_smoothing=0,
                            simpo_gamma=0, alpha=0.0)  # fmt: skip
    theirs = 2 * trainer.cpo_loss(given, chosen, rejected)[0]  # 1 - beta x is half of 2 - x
    torch.testing.assert_close(preferences.slic(chosen, rejected, chosen, 2.0, 0.0), theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(preferences.slic(chosen, rejected, chosen, 2.0, 0.3), theirs - 0.3 * chosen)


def test_npo_is_that_of_its_released_code() -> None:
    """Which has losses of the two models where we have log-probabilities."""
    now, before = wave(0.3).flatten() * 20, wave(0.8).flatten() * 20
    theirs = -F.logsigmoid(0.1 * (now - before)).mean() * 2 / 0.1
    torch.testing.assert_close(unlearning.npo(-now, -before, 0.1).mean(), theirs, atol=1e-5, rtol=1e-5)


def test_rrhf_ranks_as_its_released_code_and_adds_the_paper_s_sum() -> None:
    """The code averages the best answer's negative log-likelihood over its padded row; the paper, as we, adds it up."""
    torch.manual_seed(0)
    lengths, rewards = torch.tensor([12, 4, 7, 2, 9]), torch.tensor([[0.3, 2.0, -1.0, 0.5, 2.5]])
    each = -torch.rand(5, 12) * 3 * (torch.arange(12)[None] < lengths[:, None])
    scores = each.sum(1) / lengths
    apart, wanted = scores[None] - scores[:, None], rewards - rewards.T
    ranking = -apart[(wanted > 0) & (apart < 0)].sum()
    ours = preferences.rrhf(each.sum(1)[None], lengths[None], rewards, torch.ones(1, 5, dtype=torch.bool))
    torch.testing.assert_close(ours[0], ranking - each[4].sum(), atol=1e-5, rtol=1e-5)
