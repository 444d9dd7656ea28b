"""Losses on answers of which one is better than another. Pure functions; all log-probabilities in nats."""

import torch
import torch.nn.functional as F


def orpo(chosen: torch.Tensor, rejected: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Odds ratio preference optimisation (Hong et al. 2024, arXiv 2403.07691, equations 6 and 7).

    The negative log-likelihood of the chosen answer, less beta times log sigmoid of the log odds ratio, where
    odds(y) = P(y) / (1 - P(y)) and P(y) is the geometric mean of the probabilities of y's tokens.

    Args:
        chosen, rejected: (pairs,) mean log-probability a token, below 0.
        beta: weight of the odds ratio (lambda in the paper).

    Returns:
        Loss (pairs,), and the log odds ratio (pairs,): above 0 where the chosen answer is likelier.
    """
    ratio = (chosen - rejected) - (_log_of_rest(chosen) - _log_of_rest(rejected))
    return -chosen - beta * F.logsigmoid(ratio), ratio


def _log_of_rest(log_prob: torch.Tensor) -> torch.Tensor:
    """log(1 - exp(x)) for x < 0, without cancellation on either side (Maechler 2012)."""
    below = log_prob.clamp(max=-1e-7)  # a probability of one has no odds
    return torch.where(below > -0.6931, torch.log(-torch.expm1(below)), torch.log1p(-torch.exp(below)))


def slic(
    chosen: torch.Tensor, rejected: torch.Tensor, reference: torch.Tensor, delta: float, weight: float
) -> torch.Tensor:
    """Sequence likelihood calibration (SLiC-HF: Zhao et al. 2023, arXiv 2305.10425, equation 1).

    max(0, delta - log P(chosen) + log P(rejected)) - weight log P(reference). No reference model: the last term holds
    the model to answers of the fine-tuning set.

    Args:
        chosen, rejected: (pairs,) log-probability of the whole answer.
        reference: (pairs,) log-probability of the target that regularises.
        delta: margin in nats.
        weight: of the regularisation (lambda).

    Returns:
        Loss (pairs,).
    """
    return (delta - chosen + rejected).clamp(min=0) - weight * reference


def rrhf(log_probs: torch.Tensor, lengths: torch.Tensor, scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Rank responses (RRHF: Yuan et al. 2023, arXiv 2304.05302, equations 2 to 5).

    Of any two answers to a prompt, the one with the lower score must not have the higher log-probability a token: the
    difference is the loss. The best answer's negative log-likelihood is added: its sum, as in equation 4 (the released
    code adds its mean). The number of answers may differ.

    Args:
        log_probs: (prompts, answers) log-probability of whole answers.
        lengths: (prompts, answers) their tokens.
        scores: (prompts, answers) the higher the better; equal ones are not compared.
        mask: boolean (prompts, answers), which are answers and which fill up the row. At least one a prompt.

    Returns:
        Loss (prompts,).
    """
    each = log_probs / lengths.clamp(min=1)
    worse = scores.unsqueeze(2) < scores.unsqueeze(1)  # [p, i, j]: answer i is worse than answer j
    both = mask.unsqueeze(2) & mask.unsqueeze(1)
    hinge = (each.unsqueeze(2) - each.unsqueeze(1)).clamp(min=0)
    ranking = (hinge * (worse & both)).sum((1, 2))
    best = scores.masked_fill(~mask, -torch.inf).argmax(1, keepdim=True)
    return ranking - log_probs.gather(1, best).squeeze(1)
