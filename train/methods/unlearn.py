"""Unlearning: rows made unlikely by gradient ascent, gradient difference or NPO, beside rows that are to stay."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import datasets
import polars as pl
import torch
from datasets import Dataset
from peft import get_peft_model
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from ..data.encoding import IGNORED, Encoder
from ..data.preparation import Prepared, mixed, named_apart
from ..losses import tokens, unlearning
from ..options.run import Source, TrainOptions
from . import preference, setup, sft
from .setup import Setup, Trained

MEASURES = ("forget_loss", "retain_loss", "retain_kl")
MEASURED = 256  # rows of either set, at most, that are measured before and after
RETAIN = "retain_"  # before the names of the columns of rows that are to stay


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """The rows to forget, encoded and mixed, and beside each a row to keep: the same columns with `retain_` before.

    Raises:
        InputError: for rows that cannot be read or trained on, and for two sources of one name.
    """
    kept = tuple(Source(path) for path in options.unlearning.retain)
    named_apart([*options.data, *kept])
    forget = mixed(options, [sft.part(source, options, encoder) for source in options.data])
    if not kept:
        return forget
    # As many rows as there are to forget, whatever the steps they make.
    beside = replace(options, data=kept, steps=len(forget.dataset), batch_size=1, micro_batch_size=None)
    retain = mixed(beside, [sft.part(source, options, encoder) for source in kept])
    columns = retain.dataset.rename_columns({name: RETAIN + name for name in retain.dataset.column_names})
    return Prepared(
        datasets.concatenate_datasets([forget.dataset, columns], axis=1),
        forget.steps,
        forget.tokens + retain.tokens,
        forget.sources | retain.sources,
        pl.concat([forget.ledger, retain.ledger]),
    )


def run(given: Setup) -> Trained:
    """Train until the steps are through, or the rows to forget have lost as much as they may."""
    options, rows = given.options.unlearning, given.prepared.dataset
    limit = options.max_forget_loss or math.log(given.tuned.model.config.get_text_config().vocab_size)
    model = given.tuned.model.to("cuda" if torch.cuda.is_available() else "cpu")
    before = _measured(model, given)
    if options.loss == "npo":
        rows = rows.add_column("reference", _references(model, rows, _batch(given)))
    trainer = UnlearningTrainer(given, rows)
    stop = _Stop(limit)
    trainer.add_callback(stop)
    trained = setup.run(trainer, given, MEASURES)
    after = _measured(trained.model, given)
    sets = {name: {**before[name], "after": after[name]["before"]} for name in before}
    kept = {name: values for name, values in trained.measures.items() if values}
    facts = {"unlearning": {"max_forget_loss": limit, "stopped_at": stop.step, **sets}}
    return replace(trained, measures=kept, facts=facts)


class UnlearningTrainer(Trainer):
    """A trainer of transformers whose step makes some rows less likely and keeps others."""

    loss_is_scaled_for_ga = False  # a mean of each part of a step: transformers divides by their number

    def __init__(self, given: Setup, rows: Dataset) -> None:
        self._options = given.options.unlearning
        model, self._reference = given.tuned.model, None
        asked_before = bool(self._options.retain) and self._options.retain_loss == "kl"
        if asked_before:
            self._reference = preference.reference(given)
        if given.tuned.peft is not None:
            set_seed(given.options.seed)  # of the adapters' first values
            model = get_peft_model(model, given.tuned.peft)
            if given.options.gradient_checkpointing:
                model.enable_input_require_grads()
        arguments = TrainingArguments(**setup.arguments(given), remove_unused_columns=False)
        super().__init__(model=model, args=arguments, data_collator=collated, train_dataset=rows)
        if self._reference is not None:
            self._reference.to(self.accelerator.device)
        self._asks_before = asked_before
        self._measured: defaultdict[str, list[float]] = defaultdict(list)

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *_: Any, **__: Any) -> torch.Tensor:
        """Loss of a batch from `collated`: the rows to forget first, then those to keep."""
        options, labels = self._options, inputs["labels"]
        logits = _logits(model, inputs)
        found, mask = tokens.log_probabilities(logits, labels)
        sums, means = tokens.sums(found, mask), tokens.means(found, mask)
        forget = len(labels) // 2 if options.retain else len(labels)
        self._measure("forget_loss", -means[:forget])
        if options.retain:
            self._measure("retain_loss", -means[forget:])
        if options.loss == "npo":
            loss = unlearning.npo(sums[:forget], inputs["reference"], options.beta).mean()
        else:
            loss = unlearning.gradient_ascent(means[:forget]).mean()
        if not options.retain or options.loss == "gradient_ascent" or not options.retain_weight:
            return loss
        if not self._asks_before:
            if options.loss == "gradient_difference":
                return unlearning.gradient_difference(means[:forget], means[forget:], options.retain_weight)
            return loss - options.retain_weight * means[forget:].mean()
        kept = {name: inputs[name][forget:] for name in ("input_ids", "attention_mask")}
        divergence = unlearning.divergence(logits[forget:], self._before(model, kept), labels[forget:])
        self._measure("retain_kl", divergence)
        return loss + options.retain_weight * divergence.mean()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step with the means of what was measured in its parts."""
        logs |= {name: sum(values) / len(values) for name, values in self._measured.items()}
        self._measured.clear()
        super().log(logs, start_time)

    def _measure(self, name: str, rows: torch.Tensor) -> None:
        self._measured[name].append(self.accelerator.gather(rows.detach().float().mean()).mean().item())

    @torch.no_grad()
    def _before(self, model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of the model that training starts from."""
        if self._reference is not None:
            return _logits(self._reference, inputs)
        with self.accelerator.unwrap_model(model).disable_adapter():
            return _logits(model, inputs)


def collated(rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """A batch: the rows to forget, below them as many to keep where there are any, padded on the right."""
    sides = ["", RETAIN] if RETAIN + "input_ids" in rows[0] else [""]
    ids, labels = (
        [torch.tensor(row[side + name]) for side in sides for row in rows] for name in ("input_ids", "labels")
    )
    batch = {
        "input_ids": pad_sequence(ids, batch_first=True),  # what stands in the padding is not attended to
        "attention_mask": pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
    }
    if "reference" in rows[0]:
        batch["reference"] = torch.tensor([row["reference"] for row in rows])
    return batch


class _Stop(TrainerCallback):
    """Ends training with the step in which the rows to forget reach a loss."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.step: int | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and logs.get("forget_loss", 0.0) >= self.limit:
            self.step = state.global_step
            control.should_training_stop = True
            control.should_save = False  # a run that goes on from a checkpoint must come by here


def _logits(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """(rows, length, vocabulary), without what a prompt that is learned puts before the rows."""
    asked = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    return model(**asked, use_cache=False).logits[:, -asked["input_ids"].shape[1] :]


def _references(model: Any, rows: Dataset, size: int) -> list[float]:
    """Log-probability of each row under the model before training, asked for once for equal rows."""
    keys = [(tuple(ids), tuple(labels)) for ids, labels in zip(rows["input_ids"], rows["labels"], strict=True)]
    distinct = list(dict.fromkeys(keys))
    found = dict(zip(distinct, _scored(model, distinct, size, tokens.sums), strict=True))
    return [found[key] for key in keys]


def _measured(model: Any, given: Setup) -> dict[str, dict[str, float]]:
    """Loss a token of the first rows of either set, as `before`, and how many `rows` they are."""
    rows, found = given.prepared.dataset, {}
    for name, side in (("forget", ""), ("retain", RETAIN)):
        if side + "input_ids" not in rows.column_names:
            continue
        pairs = zip(rows[side + "input_ids"], rows[side + "labels"], strict=True)
        distinct = list(dict.fromkeys((tuple(ids), tuple(labels)) for ids, labels in pairs))[:MEASURED]
        means = _scored(model, distinct, _batch(given), tokens.means)
        found[name] = {"rows": len(distinct), "before": -sum(means) / len(means)}
    return found


@torch.no_grad()
def _scored(
    model: Any,
    rows: Sequence[tuple[Sequence[int], Sequence[int]]],
    size: int,
    reduce: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> list[float]:
    """Log-probabilities of rows of ids and labels, reduced to one value a row."""
    training = model.training
    model.eval()
    values: list[float] = []
    for start in range(0, len(rows), size):
        batch = collated(
            [{"input_ids": list(ids), "labels": list(labels)} for ids, labels in rows[start : start + size]]
        )
        batch = {name: value.to(model.device) for name, value in batch.items()}
        values += reduce(*tokens.log_probabilities(_logits(model, batch), batch["labels"])).tolist()
    model.train(training)
    return values


def _batch(given: Setup) -> int:
    return given.options.micro_batch_size or given.options.batch_size
