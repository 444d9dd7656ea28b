"""Direct preference optimisation, through TRL."""

from typing import Any

import polars as pl
import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from ..data import comparisons
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..options.run import TrainOptions
from . import preference, setup
from .setup import Setup, Trained

MEASURES = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen",
            "logps/rejected")  # fmt: skip


class EncodedDpo(DPOTrainer):
    """TRL's trainer on rows that are encoded already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        """As TRL does it, without a bar on the terminal and without leaving a file behind."""
        found = []
        for start in range(0, len(dataset), batch_size):
            rows = list(dataset.select(range(start, min(start + batch_size, len(dataset)))))
            batch = {key: value.to(self.accelerator.device) for key, value in self.data_collator(rows).items()}
            found.append(self.compute_ref_log_probs(self.ref_model or self.model, batch))
        for column, parts in zip(("ref_chosen_logps", "ref_rejected_logps"), zip(*found, strict=True), strict=True):
            dataset = dataset.add_column(column, torch.cat(parts).tolist())
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
        ref_model=preference.reference(given, kept=not options.precompute),
        args=config,
        train_dataset=given.prepared.dataset,
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    return preference.run(trainer, given, start, MEASURES)
