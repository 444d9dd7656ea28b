"""Direct preference optimisation, through TRL."""

from typing import Any

import polars as pl
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from .. import comparisons
from ..encoding import Encoder
from ..options import TrainOptions
from ..preparation import Prepared
from . import preference, setup
from .setup import Setup, Trained

MEASURES = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen",
            "logps/rejected")  # fmt: skip


class EncodedDpo(DPOTrainer):
    """TRL's trainer on rows that are encoded already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix the pairs of a run: columns `prompt_ids`, `chosen_ids` and `rejected_ids`.

    Raises:
        InputError: for rows that cannot be read or trained on.
    """
    answers = pl.col("answers").list
    columns = {"prompt_ids": pl.col("prompt_ids"), "chosen_ids": answers.get(0), "rejected_ids": answers.get(1)}
    return preference.prepared(options, encoder, comparisons.pairs, columns)


def run(given: Setup) -> Trained:
    """Train on the pairs."""
    options = given.options.dpo
    config = DPOConfig(
        **setup.arguments(given),
        beta=options.beta,
        loss_type=list(options.losses),
        loss_weights=list(options.weights) or None,
        precompute_ref_log_probs=options.precompute,
        max_length=None,
        disable_dropout=preference.without_dropout(given.options),
    )
    start = preference.before(given)
    trainer = EncodedDpo(
        model=given.tuned.model,
        ref_model=preference.reference(given),
        args=config,
        train_dataset=given.prepared.dataset,
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    return preference.run(trainer, given, start, MEASURES)
