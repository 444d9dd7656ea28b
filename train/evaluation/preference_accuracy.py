"""In how many pairs a model holds the better answer for the likelier one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import torch
from torch.nn.utils.rnn import pad_sequence

from curation.metrics import intervals

from ..losses import tokens


@dataclass(frozen=True)
class PreferenceAccuracy:
    """Preference accuracy of a model.

    Attributes:
        pairs: how many were compared.
        right: in how many the better answer has the higher log-probability; equal ones are not right.
        share: right of all.
        low, high: of the share, interval of 95 % (Wilson), pairs taken as independent.
        margin: mean difference of the log-probabilities, nats (a token, where means are compared).
        per_token: whether means over an answer's tokens are compared, in place of sums.
    """

    pairs: int
    right: int
    share: float
    low: float
    high: float
    margin: float
    per_token: bool


@dataclass(frozen=True)
class Answers:
    """Answers with their prompts, padded on the right; rows of one tensor.

    Attributes:
        input_ids: int64 (answers, length).
        attention_mask: int64 (answers, length).
        labels: int64 (answers, length), the ids where an answer stands.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor


def padded(sequences: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Answers:
    """Pairs of prompt ids and answer ids as tensors."""
    ids = [torch.tensor([*prompt, *answer]) for prompt, answer in sequences]
    labels = [torch.tensor([tokens.IGNORED] * len(prompt) + list(answer)) for prompt, answer in sequences]
    # What stands in the padding does not matter: nothing attends to it, and no loss counts it.
    return Answers(
        pad_sequence(ids, batch_first=True),
        pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
        pad_sequence(labels, batch_first=True, padding_value=tokens.IGNORED),
    )


def preference_accuracy(model: Any, rows: pl.DataFrame, per_token: bool, batch: int = 8) -> PreferenceAccuracy:
    """Compare the answers of held-out pairs under a model.

    Args:
        model: a causal model of transformers, adapters beside it or not; left in the mode that it was in.
        rows: pairs, schema `comparison_encoding.ENCODED`, at least one, the better answer first.
        per_token: compare the mean log-probability of an answer's tokens (as orpo and rrhf do), not their sum.
        batch: pairs through the model at once.
    """
    training = model.training
    model.eval()
    margins = [margin for part in rows.iter_slices(batch) for margin in _margins(model, part, per_token)]
    model.train(training)
    right = sum(margin > 0 for margin in margins)
    low, high = intervals.wilson(right, len(margins))
    mean = sum(margins) / len(margins)
    return PreferenceAccuracy(len(margins), right, right / len(margins), low, high, mean, per_token)


@torch.inference_mode()
def _margins(model: Any, part: pl.DataFrame, per_token: bool) -> Iterator[float]:
    """Log-probability of the better answer less that of the worse one, of every pair."""
    pairs = [(row["prompt_ids"], answer) for row in part.iter_rows(named=True) for answer in row["answers"]]
    given = padded(pairs)
    device = next(model.parameters()).device
    logits = model(
        input_ids=given.input_ids.to(device), attention_mask=given.attention_mask.to(device), use_cache=False
    ).logits
    found, mask = tokens.log_probabilities(logits, given.labels.to(device))
    each = (tokens.means if per_token else tokens.sums)(found, mask).double().cpu()
    yield from (each[0::2] - each[1::2]).tolist()
