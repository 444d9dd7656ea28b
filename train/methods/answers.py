"""A trainer for losses on the log-probabilities of whole answers: orpo, slic and rrhf are one function each."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import torch
from peft import get_peft_model
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments, set_seed

from ..evaluation.preference_accuracy import padded
from ..losses import tokens
from . import preference, setup
from .setup import Setup, Trained

COLUMNS = {name: pl.col(name) for name in ("prompt_ids", "answers", "scores")}


@dataclass(frozen=True)
class Answered:
    """Answers to the prompts of a batch, float32 of shape (prompts, answers) unless said otherwise.

    Attributes:
        sums: log-probability of each answer, nats.
        lengths: tokens of each answer.
        scores: the higher the better.
        mask: boolean, which are answers and which fill up the row.
    """

    sums: torch.Tensor
    lengths: torch.Tensor
    scores: torch.Tensor
    mask: torch.Tensor

    @property
    def means(self) -> torch.Tensor:
        """Log-probability a token of each answer."""
        return self.sums / self.lengths.clamp(min=1)


Loss = Callable[[Answered], tuple[torch.Tensor, dict[str, torch.Tensor]]]


class AnswersTrainer(Trainer):
    """A trainer of transformers whose loss is a function of the answers' log-probabilities.

    The loss of a step is the mean over its prompts; what the function measures beside it is logged with it.
    """

    loss_is_scaled_for_ga = False  # a mean of each part of a step: transformers divides by their number

    def __init__(self, given: Setup, loss: Loss) -> None:
        model = given.tuned.model
        if given.tuned.peft is not None:
            set_seed(given.options.seed)  # of the adapters' first values
            model = get_peft_model(model, given.tuned.peft)
            if given.options.gradient_checkpointing:
                model.enable_input_require_grads()
        arguments = TrainingArguments(**setup.arguments(given), remove_unused_columns=False)
        super().__init__(model=model, args=arguments, data_collator=collated, train_dataset=given.prepared.dataset)
        self._loss = loss
        self._measured: defaultdict[str, list[float]] = defaultdict(list)

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *_: Any, **__: Any) -> torch.Tensor:
        """Mean loss over the prompts of a batch from `collated`."""
        logits = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
        ).logits  # fmt: skip
        found, counted = tokens.log_probabilities(logits, inputs["labels"])
        mask = inputs["mask"]
        sums = _grid(tokens.sums(found, counted), mask)
        lengths = _grid(counted.sum(-1).to(sums.dtype), mask)
        losses, measures = self._loss(Answered(sums, lengths, inputs["scores"], mask))
        for name, value in measures.items():
            self._measured[name].append(self.accelerator.gather(value.detach().float().mean()).mean().item())
        return losses.mean()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step with the means of what was measured in its parts."""
        logs |= {name: sum(values) / len(values) for name, values in self._measured.items()}
        self._measured.clear()
        super().log(logs, start_time)


def collated(rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """A batch: all answers with their prompts below each other, and of each prompt `scores` and `mask`."""
    answers = padded([(row["prompt_ids"], answer) for row in rows for answer in row["answers"]])
    scores = [torch.tensor(row["scores"], dtype=torch.float32) for row in rows]
    return {
        "input_ids": answers.input_ids,
        "attention_mask": answers.attention_mask,
        "labels": answers.labels,
        "scores": pad_sequence(scores, batch_first=True),
        "mask": pad_sequence([torch.ones_like(one, dtype=torch.bool) for one in scores], batch_first=True),
    }


def train(given: Setup, loss: Loss, measures: tuple[str, ...]) -> Trained:
    """Train with a loss, measuring held-out pairs before and after."""
    start = preference.before(given)
    return preference.run(AnswersTrainer(given, loss), given, start, measures)


def of_pairs(answered: Answered, per_token: bool) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Log-probabilities of the better and the worse answers, (pairs,) each, and the measures of all pairs."""
    chosen, rejected = (answered.means if per_token else answered.sums).unbind(1)
    right = (chosen > rejected).float()
    measures = {"logps/chosen": chosen, "logps/rejected": rejected, "margins": chosen - rejected, "accuracies": right}
    return chosen, rejected, measures


def _grid(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Values of all answers, (answers,), in their places (prompts, answers), 0 elsewhere."""
    return torch.zeros(mask.shape, dtype=values.dtype, device=values.device).masked_scatter(mask, values)
