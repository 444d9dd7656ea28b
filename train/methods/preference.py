"""What the methods that learn from comparisons share: their rows, the model they start from, and what they reached."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from transformers import Trainer

from curation.errors import InputError

from .. import models
from ..data import comparison_encoding, comparisons, mixing, preparation
from ..data.encoding import Encoder
from ..data.preparation import Part, Prepared
from ..evaluation.preference_accuracy import PreferenceAccuracy, preference_accuracy
from ..options.run import Source, TrainOptions
from . import setup
from .setup import Setup, Trained

PER_TOKEN = ("orpo", "rrhf")  # compare means over an answer's tokens, the others sums

Form = Callable[[pl.DataFrame, str], pl.DataFrame]


def prepared(options: TrainOptions, encoder: Encoder, form: Form, columns: dict[str, pl.Expr]) -> Prepared:
    """Read, encode and mix the comparisons of a run, and encode those that are held out.

    Args:
        options: of the run.
        encoder: of the model.
        form: brings comparisons into the form that the method takes, one of those of `comparisons`.
        columns: of the method's rows, from those of `comparison_encoding.ENCODED`.

    Raises:
        InputError: for rows that cannot be read or trained on, two sources of one name, or a text column.
    """
    preparation.named_apart(options.data)
    mixed = preparation.mixed(options, [_part(source, options, encoder, form, columns) for source in options.data])
    held_out = options.preferences.held_out
    if held_out is None:
        return mixed
    pairs = comparisons.pairs(comparisons.load(held_out), held_out.name)
    encoded = comparison_encoding.encode(pairs, held_out.name, encoder)
    return replace(mixed, held_out=encoded.rows, ledger=pl.concat([mixed.ledger, encoded.ledger]))


def without_dropout(options: TrainOptions) -> bool:
    """Whether all dropout is off, as reference and tuned model are to differ by their weights alone."""
    return options.tuning != "lora" or options.lora.dropout == 0  # that of adapters is asked for


def reference(given: Setup, kept: bool = True) -> Any | None:
    """The model that training starts from, frozen; none where it is the tuned one without its adapters.

    Args:
        given: of the run.
        kept: whether it is asked all through training. If it is asked only before, the tuned model answers for it.
    """
    # CorDA moves a part of the weights into the adapters: without them the model is not what it was.
    corda = given.options.tuning == "lora" and given.options.lora.corda != "none"
    if not corda and (given.tuned.peft is not None or not kept):
        return None
    return models.causal_lm(given.tuned.folder, next(given.tuned.model.parameters()).dtype).requires_grad_(False)


def before(given: Setup) -> PreferenceAccuracy | None:
    """Accuracy on the held-out pairs of the model as it is, to be asked for before a trainer is made."""
    return _accuracy(given, given.tuned.model.to("cuda" if torch.cuda.is_available() else "cpu"))


def run(trainer: Trainer, given: Setup, start: PreferenceAccuracy | None, measures: tuple[str, ...]) -> Trained:
    """Train, and measure the held-out pairs again.

    Args:
        trainer: made with `setup.arguments`.
        given: of the run.
        start: from `before`.
        measures: as `setup.run`; one that a step lacks is left out, as the reward of good answers where it had none.
    """
    trained = setup.run(trainer, given, measures)
    kept = {name: values for name, values in trained.measures.items() if len(values) == len(trained.losses)}
    end = _accuracy(given, trained.model)
    if start is None or end is None:
        return replace(trained, measures=kept)
    facts = {"prompts_trained_on": _trained_on(given.prepared), "before": asdict(start), "after": asdict(end)}
    return replace(trained, measures=kept, facts={"held_out": facts})


def _trained_on(made: Prepared) -> int:
    """Held-out pairs whose prompt was trained on as well."""
    assert made.held_out is not None
    trained = set(map(tuple, made.dataset["prompt_ids"]))
    return sum(tuple(prompt) in trained for prompt in made.held_out["prompt_ids"].to_list())


def _accuracy(given: Setup, model: Any) -> PreferenceAccuracy | None:
    if given.prepared.held_out is None:
        return None
    per_token = given.options.method in PER_TOKEN
    return preference_accuracy(model, given.prepared.held_out, per_token, given.options.micro_batch_size or 8)


def _part(source: Source, options: TrainOptions, encoder: Encoder, form: Form, columns: dict[str, pl.Expr]) -> Part:
    if source.text_column is not None:
        raise InputError(f"{source.name}: text_column is {source.text_column!r}, expected none with method "
                         f"{options.method}, which reads comparisons")  # fmt: skip
    read = comparisons.load(source.path)
    encoded = comparison_encoding.encode(form(read, source.name), source.name, encoder)
    rows = encoded.rows
    if not source.ordered:
        rows = rows[mixing.order(rows["row_id"].to_list(), options.seed, 0)]
    each = rows.select("prompt_ids", "answers", "scores").explode("answers", "scores")
    digest = preparation.digest(each.with_columns(pl.concat_list("scores")), ("prompt_ids", "answers", "scores"))
    counted = comparison_encoding.lengths(rows)
    # `input_ids` is what the writing of the model checks itself with: the prompt and its first answer.
    frame = rows.select(input_ids=pl.concat_list("prompt_ids", pl.col("answers").list.first()), **columns)
    return preparation.part(frame, rows["row_id"].to_list(), _numpy(counted["tokens"]), _numpy(counted["loss_tokens"]),
                            read.height, digest, encoded.ledger)  # fmt: skip


def _numpy(column: pl.Series) -> np.ndarray:
    return column.to_numpy()
