"""Supervised fine-tuning on rows side by side, and continued pretraining on packed text, through TRL."""

import polars as pl
from datasets import Dataset
from trl import SFTConfig, SFTTrainer, pack_dataset

from curation import tables

from ..data import mixing, preparation
from ..data import rows as data
from ..data.encoding import IGNORED, Encoder
from ..data.preparation import Part, Prepared
from ..options.run import Source, TrainOptions
from . import documents, setup
from .setup import Setup, Trained


def prepare(options: TrainOptions, encoder: Encoder) -> Prepared:
    """Read, encode, pack and mix the sources of a run: columns `input_ids`, `labels` and, packed, `seq_lengths`.

    Raises:
        InputError: for rows that cannot be read or trained on, and for two sources of one name.
    """
    preparation.named_apart(options.data)
    return preparation.mixed(options, [part(source, options, encoder) for source in options.data])


def run(given: Setup) -> Trained:
    """Train on the rows."""
    packed = given.options.method == "cpt"
    # Packed rows of one pass through the model are laid end to end. Where attention is not document by document, it is
    # square in their joint length: one row at a time unless asked otherwise.
    micro = given.options.micro_batch_size or (1 if packed else None)
    config = SFTConfig(
        **setup.arguments(given, micro),
        dataset_kwargs={"skip_prepare_dataset": True},  # encoded, counted and packed already
        max_length=None,
        packing=False,
        padding_free=packed,
    )
    trainer = SFTTrainer(
        model=given.tuned.model,
        args=config,
        train_dataset=given.prepared.dataset,
        processing_class=given.tokenizer,
        peft_config=given.tuned.peft,
    )
    if not packed:
        return setup.run(trainer, given)
    with documents.apart(given.tuned.model, int(given.prepared.tokens.max())):
        return setup.run(trainer, given)


def part(source: Source, options: TrainOptions, encoder: Encoder) -> Part:
    """Encoded rows of a source: columns `input_ids`, `labels` and, packed for cpt, `seq_lengths`.

    Raises:
        InputError: for rows that cannot be read or trained on.
    """
    column = source.text_column or ("text" if options.method == "cpt" else None)
    chat = bool(encoder.tokenizer.chat_template) if options.alpaca == "auto" else options.alpaca == "chat"
    rows = data.load(source.path, column, chat)
    encoded = encoder.encode(rows, source.name)
    frame = encoded.rows
    if not source.ordered:
        frame = frame[mixing.order(frame["row_id"].to_list(), options.seed, 0)]
    digest = preparation.digest(frame, ("input_ids", "labels"))
    if options.method == "cpt":
        frame = _packed(frame, encoder.max_tokens)
        ids = [str(number) for number in range(frame.height)]
    else:
        ids = frame["row_id"].to_list()
    lengths = frame["input_ids"].list.len().cast(pl.Int64).to_numpy()
    ignored = frame["labels"].list.count_matches(IGNORED).cast(pl.Int64).to_numpy()
    return preparation.part(frame.drop("row_id", strict=False), ids, lengths, lengths - ignored, rows.height, digest,
                            encoded.ledger)  # fmt: skip


def _packed(frame: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """Rows put together, none cut (all fit already), up to `max_tokens`; `seq_lengths` keeps attention inside each."""
    whole = Dataset.from_polars(frame.drop("row_id"))
    packed = pack_dataset(whole, max_tokens, "bfd_split").to_polars()
    before, after = (int(part["input_ids"].list.len().sum()) for part in (frame, packed))
    if before != after:
        raise tables.TableError(f"packing changed {before} tokens into {after}")
    return packed
