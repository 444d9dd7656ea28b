"""Sequence likelihood calibration: a margin between the answers, and the better one's likelihood to hold on to."""

import torch

from ..data import comparisons
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..losses.preferences import slic
from ..options.run import TrainOptions
from . import answers, preference
from .answers import Answered
from .setup import Setup, Trained

MEASURES = ("logps/chosen", "logps/rejected", "margins", "accuracies")


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix the pairs of a run: columns `prompt_ids`, `answers` and `scores`.

    Raises:
        InputError: for rows that cannot be read or trained on.
    """
    return preference.prepared(options, encoder, comparisons.pairs, answers.COLUMNS)


def run(given: Setup) -> Trained:
    """Train on the pairs. The target that regularises is the better answer."""
    options = given.options.slic

    def loss(answered: Answered) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        chosen, rejected, measures = answers.of_pairs(answered, per_token=False)
        return slic(chosen, rejected, chosen, options.delta, options.weight), measures

    return answers.train(given, loss, MEASURES)
