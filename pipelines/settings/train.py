"""Settings of the train job."""

from typing import Literal

from pydantic import Field

from .base import Settings


class Mixture(Settings):
    """One source of training rows and its weight, in tokens."""

    path: str = Field(description="file, folder or step:NAME")
    weight: float = Field(1.0, gt=0, description="share of training tokens, relative to the other sources")


class LoraSettings(Settings):
    """Low-rank adapters."""

    rank: int = Field(16, ge=1, description="rank of each adapter")
    alpha: float = Field(32.0, gt=0, description="scale: alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout before the adapter")


class BlocksSettings(Settings):
    """New layers between frozen ones (LLaMA-Pro)."""

    groups: int = Field(4, ge=1, description="parts of equal size that the layers are cut into")
    copies: int = Field(1, ge=1, description="new layers a part")
    placement: Literal["interleaved", "suffix", "prefix"] = Field("interleaved", description="where they are put")


class TrainSettings(Settings):
    """Samples in, a checkpoint out."""

    job: Literal["train"] = "train"
    model: str = Field(description="model folder or name, or step:NAME")
    data: tuple[Mixture, ...] = Field(min_length=1, description="mixture of training rows")
    method: Literal["sft", "cpt"] = Field("sft", description="sft: prompt and completion rows; cpt: text")
    tuning: Literal["lora", "full", "blocks"] = Field("lora", description="which weights move")
    lora: LoraSettings = LoraSettings()
    blocks: BlocksSettings = BlocksSettings()
    trainable: tuple[str, ...] = Field((), description="with full, patterns of the weights that move; all unless set")
    learning_rate: float = Field(2e-4, gt=0, description="peak learning rate")
    batch_size: int = Field(16, ge=1, description="rows a step")
    micro_batch_size: int | None = Field(None, ge=1, description="rows through the model at once, all unless set")
    checkpoint_steps: int = Field(200, ge=1, description="steps between two checkpoints to go on from")
    steps: int | None = Field(None, ge=1, description="optimiser steps, instead of epochs")
    epochs: float = Field(1.0, gt=0, description="passes over the data, where steps is not set")
    max_tokens: int | None = Field(None, ge=1, description="longest training row, tokens; the model's own unless set")
    over_long: Literal["refuse", "drop", "split"] = Field("drop", description="what is done with a longer row")
    threads: int | None = Field(None, ge=1, description="CPU threads of the training; one is fastest for tiny models")
