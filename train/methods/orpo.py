"""Odds ratio preference optimisation: the better answer's likelihood, and its odds against the worse one's."""

import torch

from ..data import comparisons
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..losses.preferences import orpo
from ..options.run import TrainOptions
from . import answers, preference
from .answers import Answered
from .setup import Setup, Trained

MEASURES = ("logps/chosen", "logps/rejected", "margins", "accuracies", "log_odds_ratio")


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix the pairs of a run: columns `prompt_ids`, `answers` and `scores`.

    Raises:
        InputError: for rows that cannot be read or trained on.
    """
    return preference.prepared(options, encoder, comparisons.pairs, answers.COLUMNS)


def run(given: Setup) -> Trained:
    """Train on the pairs."""

    def loss(answered: Answered) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        chosen, rejected, measures = answers.of_pairs(answered, per_token=True)
        losses, ratio = orpo(chosen, rejected, given.options.orpo.beta)
        return losses, {**measures, "log_odds_ratio": ratio}

    return answers.train(given, loss, MEASURES)
