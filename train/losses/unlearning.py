"""Losses that make a model lose what it knows of a forget set. Pure functions; log-probabilities in nats."""

import torch
import torch.nn.functional as F

from .tokens import IGNORED


def gradient_ascent(forget: torch.Tensor) -> torch.Tensor:
    """The log-likelihood itself: its descent is the ascent of the usual loss (Jang et al. 2023, arXiv 2210.01504).

    It has no bound, and a model that goes on descending loses everything: only with few steps, or `npo`.

    Args:
        forget: (rows,) mean log-probability a token.

    Returns:
        Loss (rows,).
    """
    return forget


def gradient_difference(forget: torch.Tensor, retain: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    """Ascent on what is to be forgotten, descent on what is to stay (Liu et al. 2022, arXiv 2203.12817).

    Args:
        forget, retain: (rows,) mean log-probability a token, of rows drawn from either set.
        weight: of what is to stay.

    Returns:
        Loss, a scalar: mean over the rows of either set.
    """
    return forget.mean() - weight * retain.mean()


def npo(forget: torch.Tensor, reference: torch.Tensor, beta: float) -> torch.Tensor:
    """Negative preference optimisation (Zhang et al. 2024, arXiv 2404.05868, equation 3).

    -(2 / beta) log sigmoid(-beta log(P / P_ref)): bounded below, and for beta to 0 the gradient of `gradient_ascent`.

    Args:
        forget: (rows,) log-probability of whole answers under the model.
        reference: (rows,) the same under the model before unlearning.
        beta: how soon a row that became unlikely counts less.

    Returns:
        Loss (rows,).
    """
    return -2 / beta * F.logsigmoid(-beta * (forget - reference))


def divergence(logits: torch.Tensor, before: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """KL divergence a token of a model from the one it was, as Maini et al. keep rows (2024, arXiv 2401.06121).

    Args:
        logits, before: (rows, length, vocabulary), of the model and of the model before.
        labels: int64 (rows, length), `tokens.IGNORED` where nothing is counted.

    Returns:
        KL(before || now) in nats, (rows,): mean over the places that predict a counted token, 0 without any.
    """
    mask = labels[:, 1:] != IGNORED
    now, then = (F.log_softmax(side[:, :-1].float(), dim=-1) for side in (logits, before))
    each = F.kl_div(now, then, reduction="none", log_target=True).sum(-1)
    return (each * mask).sum(-1) / mask.sum(-1).clamp(min=1)
