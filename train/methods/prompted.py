"""What ppo, rloo and grpo prepare: the prompts of every step."""

from dataclasses import replace

import numpy as np

from curation import tables
from curation.errors import InputError

from ..data import mixing, preparation, prompts
from ..data.encoding import Encoder
from ..data.preparation import Part, Prepared
from ..options.run import Source, TrainOptions


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode and mix prompts: the columns of `prompts.ENCODED` but the row's id and place, in whole steps.

    Raises:
        InputError: for prompts that cannot be read or answered, no reward, two sources of one name, and adapters that
            answers cannot be drawn with.
    """
    if options.tuning == "lora" and options.lora.dropout:
        raise InputError(f"lora.dropout is {options.lora.dropout!r}, expected 0 with the method {options.method}: what "
                         "answers are drawn from would not be what is trained")  # fmt: skip
    if options.tuning == "lora" and options.lora.corda != "none":
        raise InputError(f"lora.corda is {options.lora.corda!r}, expected none with the method {options.method}: "
                         "without its adapters the model is not the one that training starts from")  # fmt: skip
    preparation.named_apart(options.data)
    parts = [_part(source, options, encoder) for source in options.data]
    asked = options.reinforcement
    if not (asked.count or asked.reward_models or any(part.frame["check"].count() for part in parts)):
        raise InputError(f"reinforcement: no reward, expected count, check, reward_models, or rows with a 'check' for "
                         f"the method {options.method}")  # fmt: skip
    mixed = preparation.mixed(options, parts)
    if len(mixed.dataset) % options.batch_size:  # answers are drawn for whole steps
        mixed = preparation.mixed(replace(options, steps=mixed.steps), parts)
    return mixed


def _part(source: Source, options: TrainOptions, encoder: Encoder) -> Part:
    if source.text_column is not None:
        raise InputError(f"{source.name}: text_column is {source.text_column!r}, expected none with method "
                         f"{options.method}, which reads prompts")  # fmt: skip
    found = prompts.load(source.path)
    given = options.reinforcement
    encoded = prompts.encode(found, source.name, encoder, given.max_new_tokens, given.check)
    frame = encoded.rows
    frame = frame[mixing.order(frame["row_id"].to_list(), options.seed, 0)]
    lengths = frame["input_ids"].list.len().cast(int).to_numpy()
    checked = frame.select("references", "check", "choices").rows()
    digest = tables.fingerprint([preparation.digest(frame, ("input_ids",)), checked])
    return preparation.part(frame.drop("row_id", "file", "record"), frame["row_id"].to_list(), lengths,
                            np.zeros_like(lengths), found.height, digest, encoded.ledger)  # fmt: skip
