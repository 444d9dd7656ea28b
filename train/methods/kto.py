"""Kahneman-Tversky optimisation of answers that are good or bad, through TRL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
from datasets import Dataset
from trl import KTOConfig, KTOTrainer

from curation.errors import InputError

from ..data import comparisons
from ..data.encoding import Encoder
from ..data.preparation import Prepared
from ..devices import processes
from ..options.run import TrainOptions
from . import preference, setup
from .setup import Setup, Trained

MEASURES = ("kl", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected")


class EncodedKto(KTOTrainer):
    """TRL's trainer on rows that are encoded already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix the answers of a run: columns `prompt_ids`, `completion_ids`, `KL_completion_ids`, `label`.

    The loss is relative to how far the model has moved from the reference (its KL), which is estimated on answers to
    other prompts: each row's is the answer before it in its step (section 4.1 of the paper), however the step is cut
    into parts and shared out. Such an answer is cut where it would be longer than `max_tokens` behind the prompt; no
    gradient goes through it.

    Raises:
        InputError: for rows that cannot be read or trained on, answers all good or all bad, and batches of one row.
    """
    micro = options.micro_batch_size or options.batch_size // processes.count()
    if micro < 2:
        name = "batch_size" if options.micro_batch_size is None else "micro_batch_size"
        raise InputError(f"{name} is {micro} in each process, expected at least 2 with method kto, which sets a row "
                         "against its neighbours")  # fmt: skip
    columns = {
        "prompt_ids": pl.col("prompt_ids"),
        "completion_ids": pl.col("answers").list.first(),
        "label": pl.col("scores").list.first() == 1.0,
    }
    made = preference.prepared(options, encoder, comparisons.labelled, columns)
    labels = made.dataset["label"]
    if all(labels) or not any(labels):
        raise InputError(f"data: {len(labels)} answers are all {'good' if labels[0] else 'bad'}, expected both with "
                         "method kto")  # fmt: skip
    answers = list(made.dataset["completion_ids"])
    room = [encoder.max_tokens - len(ids) for ids in made.dataset["prompt_ids"]]
    others = [answers[other][: room[row]] for row, other in enumerate(neighbours(len(answers), options.batch_size))]
    return replace(made, dataset=made.dataset.add_column("KL_completion_ids", others))


def neighbours(rows: int, batch: int) -> Sequence[int]:
    """Of each row the one before it in its batch, of the first the last; of a last row alone the one before it."""
    found = []
    for row in range(rows):
        first = row // batch * batch
        last = min(first + batch, rows) - 1
        found.append(row - 1 if row > first or first == last else last)
    return found


def run(given: Setup) -> Trained:
    """Train on the answers."""
    options = given.options.kto
    config = KTOConfig(
        **setup.arguments(given),
        beta=options.beta,
        desirable_weight=options.desirable,
        undesirable_weight=options.undesirable,
        max_length=None,
        disable_dropout=preference.without_dropout(given.options),
    )
    start = preference.before(given)
    trainer = EncodedKto(
        model=given.tuned.model,
        ref_model=preference.reference(given),
        args=config,
        train_dataset=given.prepared.dataset,
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    return preference.run(trainer, given, start, MEASURES)
