"""Settings of the train job."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from curation.errors import InputError
from train.options.blocks import Blocks
from train.options.preferences import Dpo, Kto, Orpo, Preferences, Slic
from train.options.reinforcement import Ppo, Reinforcement, RewardModel
from train.options.run import Alpaca, Method, OutOfOrder, OverLong, Source, TrainOptions, Tuning
from train.options.tunings import Lora, Loreft, Prefix, Prompt, Vocabulary
from train.options.unlearning import Unlearning

from .base import Settings, forbidding_others

Tier = Literal["verified_self", "verified_rewrite", "gold_fallback", "new_knowledge"]
Schedule = Literal["cosine", "linear", "constant", "constant_with_warmup", "inverse_sqrt"]

for _options in (
    Blocks,
    Dpo,
    Kto,
    Lora,
    Loreft,
    Orpo,
    Ppo,
    Preferences,
    Prefix,
    Prompt,
    Reinforcement,
    RewardModel,
    Slic,
    Unlearning,
    Vocabulary,
):
    forbidding_others(_options)


class Mixture(Settings):
    """One source of training rows, its weight in tokens, and which of its rows in which order."""

    path: str = Field(description="file, folder or step:NAME")
    weight: float = Field(1.0, gt=0, description="share of training tokens, relative to the other sources")
    tier: tuple[Tier, ...] = Field((), description="only rows of these tiers; all rows unless set")
    documents: str | None = Field(
        None, description="file, folder or step:NAME of documents: each is read right after the rows that ask about it"
    )
    key: str | None = Field(None, description="key that a row and its document share; what synthesize wrote needs none")

    @model_validator(mode="after")
    def _a_key_joins_documents(self) -> "Mixture":
        if self.key is not None and self.documents is None:
            raise ValueError("key: found it without documents, expected both")
        return self


class TrainSettings(Settings):
    """Samples in, a checkpoint out. The options of a method or a tuning stand under their own name."""

    job: Literal["train"] = "train"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[Mixture, ...] = Field(min_length=1, description="mixture of training rows")
    method: Method = Field("sft", description="what is learned from the rows")
    tuning: Tuning = Field("lora", description="which weights move")
    lora: Lora = Field(Lora(), description="options of the tuning `lora`")
    prompt: Prompt = Field(Prompt(), description="options of the tuning `prompt`")
    prefix: Prefix = Field(Prefix(), description="options of the tuning `prefix`")
    loreft: Loreft = Field(Loreft(), description="options of the tuning `loreft`")
    blocks: Blocks = Field(Blocks(), description="options of the tuning `blocks`")
    vocabulary: Vocabulary = Field(Vocabulary(), description="rows of new tokens that move, of an enlarged vocabulary")
    preferences: Preferences = Field(Preferences(), description="options of the methods that learn from comparisons")
    dpo: Dpo = Field(Dpo(), description="options of the method `dpo`")
    kto: Kto = Field(Kto(), description="options of the method `kto`")
    orpo: Orpo = Field(Orpo(), description="options of the method `orpo`")
    slic: Slic = Field(Slic(), description="options of the method `slic`")
    reward: RewardModel = Field(RewardModel(), description="options of the method `reward`")
    reinforcement: Reinforcement = Field(Reinforcement(), description="rewards and drawing of `ppo`, `rloo` and `grpo`")
    unlearning: Unlearning = Field(Unlearning(), description="options of the method `unlearn`")
    ppo: Ppo = Field(Ppo(), description="options of the method `ppo`")
    trainable: tuple[str, ...] = Field(
        (), description="names of weights: with full they alone move, with lora and blocks too"
    )
    learning_rate: float = Field(2e-4, gt=0, description="peak learning rate")
    schedule: Schedule = Field("cosine", description="course of the learning rate")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps over which the learning rate rises")
    weight_decay: float = Field(0.0, ge=0, description="weight decay of AdamW")
    max_grad_norm: float = Field(1.0, gt=0, description="gradients are scaled down to this norm")
    batch_size: int = Field(16, ge=1, description="rows a step")
    micro_batch_size: int | None = Field(None, ge=1, description="rows through the model at once, all unless set")
    steps: int | None = Field(None, ge=1, description="optimiser steps, instead of epochs")
    epochs: float = Field(1.0, gt=0, description="passes over the data, where steps is not set")
    max_tokens: int | None = Field(None, ge=1, description="longest training row, tokens; the model's own unless set")
    over_long: OverLong | None = Field(
        None, description="what is done with a longer row; of method cpt it is split, of others dropped, unless set"
    )
    out_of_order: OutOfOrder = Field("drop", description="what is done with a conversation out of turn")
    alpaca: Alpaca = Field("auto", description="how rows of Alpaca are read: as conversations, or under its prompt")
    checkpoint_steps: int = Field(200, ge=1, description="steps between two checkpoints to go on from")
    gradient_checkpointing: bool = Field(False, description="recompute activations in place of keeping them")
    threads: int | None = Field(None, ge=1, description="CPU threads of the training; one is fastest for tiny models")
    processes: int = Field(1, ge=1, description="processes that share every step, one a GPU")
    accelerate: str | None = Field(None, description="accelerate's configuration file of those processes (FSDP)")

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainSettings":
        """Before anything runs, and not only where it is used."""
        try:
            self.options("model", [Source(Path("rows"))], 0)
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def options(self, model: str, sources: Sequence[Source], seed: int) -> TrainOptions:
        """As training takes them: every option of a run that is a setting of the same name.

        Raises:
            InputError: for settings that do not go together.
        """
        named = {one.name for one in fields(TrainOptions)} & set(type(self).model_fields) - {"model", "data"}
        given = {name: getattr(self, name) for name in named}
        if self.over_long is None:  # half a text is a text, half an answer is another answer
            given["over_long"] = "split" if self.method == "cpt" else "drop"
        return TrainOptions(model=model, data=tuple(sources), seed=seed, **given)
