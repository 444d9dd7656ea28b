"""Reward models: which of two answers is better, through TRL (Ouyang et al. 2022, arXiv 2203.02155, equation 1)."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl
import torch
import xxhash
from trl import RewardConfig, RewardTrainer

from curation.errors import InputError

from .. import models
from ..data import comparison_encoding, comparisons, mixing, preparation
from ..data.encoding import Encoder
from ..data.preparation import Part, Prepared
from ..evaluation.reward_measures import quality
from ..options.run import Source, TrainOptions
from . import setup
from .rewards import len_of, padding_id, side_by_side
from .setup import Setup, Trained

HEAD = "score"  # of the model: one number in place of logits
MEASURES = ("accuracy", "margin", "mean_reward", "min_reward", "max_reward")


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read and encode pairs, keep those of some prompts out, and mix the others: `chosen_ids` and `rejected_ids`.

    Of a ranking the best answer and the worst are a pair. Which prompts are held out hangs on their tokens alone, so
    that no held-out prompt is trained on, in whatever source or order it stands.

    Raises:
        InputError: for rows that cannot be read or trained on, two sources of one name, or none left to train on.
    """
    preparation.named_apart(options.data)
    parts, held_out = zip(*(_part(source, options, encoder) for source in options.data), strict=True)
    return replace(preparation.mixed(options, parts), held_out=pl.concat(held_out))


def run(given: Setup) -> Trained:
    """Train, and measure the model on the held-out pairs."""
    options, tokenizer = given.options, given.tokenizer
    pad = padding_id(tokenizer, models.end_ids(given.tuned.folder, tokenizer), len_of(given.tuned.model))
    config = RewardConfig(
        **setup.arguments(given),
        max_length=None,
        center_rewards_coefficient=options.reward.centre or None,
        disable_dropout=options.tuning != "lora" or options.lora.dropout == 0,
    )
    trainer = RewardTrainer(
        model=given.tuned.model,
        args=config,
        train_dataset=given.prepared.dataset,
        processing_class=tokenizer,
        peft_config=given.tuned.peft,
    )
    # TRL fills up rows with the end token where there is no other, and the score would be read at the token before it.
    trainer.data_collator.pad_token_id = pad
    trainer.model.config.get_text_config().pad_token_id = pad
    trainer.processing_class = None  # from which transformers would take the padding over again
    trained = setup.run(trainer, given, MEASURES)
    held_out = given.prepared.held_out
    assert held_out is not None
    if held_out.is_empty():
        return replace(trained, facts={"held_out": {"pairs": 0}})
    rows = options.micro_batch_size or options.batch_size
    pairs = list(zip(held_out["chosen_ids"].to_list(), held_out["rejected_ids"].to_list(), strict=True))
    scores = score(trained.model, [side for pair in pairs for side in pair], pad, 2 * rows).reshape(-1, 2)
    asked = held_out["prompt_ids"].list.len().to_list()
    tokens = np.array([[len(side) - before for side in pair] for pair, before in zip(pairs, asked, strict=True)])
    if not np.isfinite(scores).all():
        return trained  # its losses say so
    found = {"pairs": len(pairs), **asdict(quality(scores, tokens))}
    return replace(trained, facts={"held_out": found})


@torch.no_grad()
def score(model: Any, sequences: Sequence[Sequence[int]], pad: int, rows: int) -> np.ndarray:
    """Scores of prompts with their answers, float64 (sequences,).

    Args:
        model: for sequence classification with one output, whose padding is `pad`.
        sequences: token ids.
        pad: token to fill up rows with.
        rows: that pass through the model at once.
    """
    model.eval()
    device, found = next(model.parameters()).device, []
    for start in range(0, len(sequences), rows):
        ids, attention = side_by_side(sequences[start : start + rows], pad, device)
        found.append(model(input_ids=ids, attention_mask=attention).logits[:, 0].double().cpu())
    return torch.cat(found).numpy()


def _part(source: Source, options: TrainOptions, encoder: Encoder) -> tuple[Part, pl.DataFrame]:
    """A source's pairs to train on, and those that are held out."""
    if source.text_column is not None:
        raise InputError(f"{source.name}: text_column is {source.text_column!r}, expected none with method reward, "
                         "which reads comparisons")  # fmt: skip
    read = comparisons.load(source.path)
    encoded = comparison_encoding.encode(comparisons.pairs(read, source.name), source.name, encoder)
    both = [pl.concat_list("prompt_ids", pl.col("answers").list.get(side)) for side in (0, 1)]
    rows = encoded.rows.select("row_id", "prompt_ids", input_ids=both[0], chosen_ids=both[0], rejected_ids=both[1])
    out = rows["prompt_ids"].map_elements(lambda ids: _held_out(ids, options.reward.held_out), pl.Boolean)
    frame, held_out = rows.filter(~out).drop("prompt_ids"), rows.filter(out).sort("row_id")
    if frame.is_empty():
        raise InputError(f"{source.name}: all {rows.height} pairs are held out, expected some to train on; lower "
                         f"reward.held_out {options.reward.held_out:g}")  # fmt: skip
    frame = frame[mixing.order(frame["row_id"].to_list(), options.seed, 0)]
    lengths = frame.select(n=pl.col("chosen_ids").list.len() + pl.col("rejected_ids").list.len())["n"]
    tokens = lengths.cast(pl.Int64).to_numpy()
    digest = preparation.digest(frame, ("chosen_ids", "rejected_ids"))
    part = preparation.part(frame.drop("row_id"), frame["row_id"].to_list(), tokens, tokens, read.height, digest,
                            encoded.ledger)  # fmt: skip
    part.facts["held_out"] = held_out.height
    return part, held_out.select("row_id", "prompt_ids", "chosen_ids", "rejected_ids")


def _held_out(prompt: pl.Series, share: float) -> bool:
    return xxhash.xxh3_64_intdigest(b"held out" + prompt.to_numpy().tobytes()) < share * 2**64
