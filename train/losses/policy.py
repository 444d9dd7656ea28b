"""Mathematics of PPO for language models (Ouyang et al. 2022, arXiv 2203.02155; Schulman et al. 2017, 1707.06347).

Rows are answers, columns their tokens; a boolean mask says which columns are tokens of the answer. Pure functions.
"""

import torch


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over what is masked in, a scalar; 0 where nothing is."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def whiten(values: torch.Tensor, mask: torch.Tensor, shift_mean: bool = True) -> torch.Tensor:
    """Values with variance one and, with `shift_mean`, mean zero over the mask; zero outside it.

    The variance has the divisor n - 1, as in TRL.
    """
    mean = masked_mean(values, mask)
    count = mask.sum()
    variance = masked_mean((values - mean) ** 2, mask) * count / (count - 1).clamp(min=1)
    found = (values - mean) * torch.rsqrt(variance + 1e-8)
    return (found if shift_mean else found + mean) * mask


def token_rewards(
    log_probs: torch.Tensor, reference: torch.Tensor, scores: torch.Tensor, mask: torch.Tensor, kl_weight: float
) -> torch.Tensor:
    """Reward of each token: the penalty for leaving the reference, and at the last token the score of the answer.

    Args:
        log_probs, reference: (rows, length) of the tokens under the policy that drew them and under the reference.
        scores: (rows,) of the whole answers.
        mask: boolean (rows, length), at least one token a row.
        kl_weight: of the difference of log-probabilities.
    """
    rewards = -kl_weight * (log_probs - reference) * mask
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(1)
    return rewards.scatter_add(1, last.unsqueeze(1), scores.unsqueeze(1).to(rewards.dtype))


def divergence(logits: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """How far each place's distribution is from the reference's, KL(now || reference) in nats, exactly.

    Its gradient is zero where both are the same and holds no noise of drawing, while that of the price in
    `token_rewards` is a sum over drawn tokens.

    Args:
        logits, reference: (rows, length, vocabulary).
    """
    now, before = (torch.log_softmax(each.float(), dim=-1) for each in (logits, reference))
    return (now.exp() * (now - before)).sum(-1)


def price(present: float, divergence: float, target: float, least: float) -> float:
    """What leaving the reference costs in the next step (Schulman et al. 2017, arXiv 1707.06347, section 4).

    Args:
        present: price in this step.
        divergence: of this step's answers from the reference, in the unit of `target`.
        target: beyond half as much again the price is doubled, within two thirds of it halved.
        least: below which it does not fall.
    """
    if divergence > 1.5 * target:
        return max(2 * present, least)
    return max(present / 2, least) if divergence < target / 1.5 else present


def advantages(
    rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, gamma: float = 1.0, lam: float = 0.95
) -> tuple[torch.Tensor, torch.Tensor]:
    """Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, equation 16).

    Args:
        rewards, values: (rows, length); values of the tokens' states, before the token.
        mask: boolean (rows, length); after the last token the value is 0.
        gamma: discount of what comes later.
        lam: 0 looks one step ahead, 1 to the end.

    Returns:
        Advantages and returns (advantages + values), (rows, length), zero outside the mask.
    """
    known = values * mask
    found = torch.zeros_like(rewards)
    ahead = torch.zeros_like(rewards[:, 0])
    for place in reversed(range(rewards.shape[1])):
        following = known[:, place + 1] if place + 1 < rewards.shape[1] else torch.zeros_like(ahead)
        delta = rewards[:, place] + gamma * following - known[:, place]
        ahead = (delta + gamma * lam * ahead) * mask[:, place]
        found[:, place] = ahead
    return found, (found + known) * mask


def policy_loss(
    log_probs: torch.Tensor, before: torch.Tensor, gains: torch.Tensor, mask: torch.Tensor, clip: float = 0.2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Clipped surrogate: mean over tokens of max(-A r, -A clip(r, 1 - e, 1 + e)), r the ratio of probabilities.

    Args:
        log_probs, before: (rows, length) of the tokens now and when they were drawn.
        gains: (rows, length) advantages.
        mask: boolean (rows, length).
        clip: e.

    Returns:
        Loss, a scalar; and the share of tokens whose ratio was clipped, a scalar.
    """
    ratio = torch.exp((log_probs - before) * mask)
    free, held = -gains * ratio, -gains * ratio.clamp(1 - clip, 1 + clip)
    return masked_mean(torch.maximum(free, held), mask), masked_mean((held > free).float(), mask)


def value_loss(
    values: torch.Tensor, before: torch.Tensor, returns: torch.Tensor, mask: torch.Tensor, clip: float = 0.2
) -> torch.Tensor:
    """Half the squared error of the critic, the larger of that of its value and of its value held near the old one.

    Args:
        values, before: (rows, length) now and when the answer was drawn.
        returns: (rows, length) what is to be predicted.
        mask: boolean (rows, length).
        clip: how far a value may move.
    """
    held = before + (values - before).clamp(-clip, clip)
    return 0.5 * masked_mean(torch.maximum((values - returns) ** 2, (held - returns) ** 2), mask)


def gated(safety: torch.Tensor, helpfulness: torch.Tensor, least: float = 0.15) -> torch.Tensor:
    """One score of two reward models: safety where an answer may be unsafe, helpfulness elsewhere.

    Llama 2 (Touvron et al. 2023, arXiv 2307.09288, section 3.2.2): probabilities of either model; the combined one is
    turned back into a logit, which is then whitened over the batch.

    Args:
        safety, helpfulness: (rows,) probabilities, between 0 and 1.
        least: safety below which it alone counts.

    Returns:
        Logits (rows,), with mean zero and variance one.
    """
    combined = torch.where(safety < least, safety, helpfulness).clamp(1e-6, 1 - 1e-6)
    return whiten(torch.logit(combined), torch.ones_like(combined, dtype=torch.bool))
