"""Rank responses: answers to a prompt, likely in the order of their scores, and the best one learned."""

import torch

from ..data import comparisons
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..losses.preferences import rrhf
from ..options.run import TrainOptions
from . import answers, preference
from .answers import Answered
from .setup import Setup, Trained

MEASURES = ("logps/best", "accuracies")


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix the rankings of a run, of any number of answers: columns `prompt_ids`, `answers`, `scores`.

    Raises:
        InputError: for rows that cannot be read or trained on.
    """
    return preference.prepared(options, encoder, comparisons.rankings, answers.COLUMNS)


def run(given: Setup) -> Trained:
    """Train on the rankings."""

    def loss(answered: Answered) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        losses = rrhf(answered.sums, answered.lengths, answered.scores, answered.mask)
        return losses, measured(answered)

    return answers.train(given, loss, MEASURES)


def measured(answered: Answered) -> dict[str, torch.Tensor]:
    """Log-probability a token of the best answers, (prompts,), and the share of two answers in order, (prompts,)."""
    means, scores, mask = answered.means, answered.scores, answered.mask
    better = (scores.unsqueeze(2) > scores.unsqueeze(1)) & mask.unsqueeze(2) & mask.unsqueeze(1)
    ordered = (means.unsqueeze(2) > means.unsqueeze(1)) & better
    best = scores.masked_fill(~mask, -torch.inf).argmax(1, keepdim=True)
    return {
        "logps/best": means.gather(1, best).squeeze(1),
        "accuracies": ordered.sum((1, 2)) / better.sum((1, 2)).clamp(min=1),
    }
