"""Which weights of a model move: all, some by name, adapters beside them, or new blocks between them."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig

from curation.errors import InputError

from . import adapters, blocks, checkpoints, models
from .options import TrainOptions

EXPANDED = checkpoints.KEPT[0]  # folder below a run's work that holds the model with its new blocks


@dataclass(frozen=True)
class Tuned:
    """A model about to be trained.

    Attributes:
        model: with the weights that do not move frozen.
        folder: whose configuration and tokenizer the result gets.
        peft: configuration of the adapters, none where weights themselves move.
    """

    model: Any
    folder: Path
    peft: LoraConfig | None


def load(options: TrainOptions, base: Path, work: Path) -> Tuned:
    """The model of a run, in float32 where its weights move.

    Args:
        options: of the run.
        base: model folder.
        work: folder of the run, for the model with new blocks.

    Raises:
        InputError: for a pattern that no weight has, or a model that cannot get blocks.
    """
    gpu = torch.cuda.is_available()
    match options.tuning:
        case "lora":
            # Adapters train in float32 beside frozen weights.
            model = models.causal_lm(base, torch.bfloat16 if gpu else torch.float32)
            return Tuned(model, base, adapters.lora_config(options.lora))
        case "blocks":
            folder = work / EXPANDED
            shutil.rmtree(folder, ignore_errors=True)
            added = blocks.expand(base, folder, options.blocks)
            model = models.causal_lm(folder)
            freeze_but(model, [f"model.layers.{number}.*" for number in added])
            return Tuned(model, folder, None)
    model = models.causal_lm(base)
    if options.trainable:
        freeze_but(model, options.trainable)
    return Tuned(model, base, None)


def freeze_but(model: Any, patterns: Sequence[str]) -> list[str]:
    """Let only the weights move whose names match a pattern (`*` any text, `?` a character); their names.

    A weight that two layers share (tied embeddings) has one name, that of the embedding.

    Raises:
        InputError: for a pattern that matches no name.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"trainable: no weight matches {pattern!r}, expected patterns for names such as "
                             f"{names[0]!r} and {names[-1]!r}")  # fmt: skip
    moving = []
    for name, weight in model.named_parameters():
        weight.requires_grad_(any(fnmatchcase(name, pattern) for pattern in patterns))
        if weight.requires_grad:
            moving.append(name)
    return moving
