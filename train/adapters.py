"""Adapters merged into the weights they stand beside, with the difference that merging makes measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel

from . import models
from .options import Lora

TOLERANCE = 1e-3  # of the largest logit: float32 rounding is a thousandth of that


def lora_config(lora: Lora) -> LoraConfig:
    """PEFT's form of our options."""
    targets = lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules)
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=targets,
    )


def write(model: Any, base_name: str, folder: Path) -> None:
    """Write an adapter in PEFT's form, naming its base by name rather than by a path of this machine."""
    model.peft_config["default"].base_model_name_or_path = base_name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
    models.readable(folder)


def merged(base: Path, adapter: Path, rows: Sequence[Sequence[int]]) -> tuple[Any, float]:
    """The base with the adapter's update added to its weights, in float32, and the largest change of a logit.

    Args:
        base: model folder.
        adapter: adapter folder of PEFT.
        rows: token ids on which the logits with the adapter beside and inside the weights are compared.

    Raises:
        RuntimeError: when a logit changes by more than a thousandth of the largest.
    """
    beside = PeftModel.from_pretrained(models.causal_lm(base), str(adapter)).eval()
    before = [_logits(beside, row) for row in rows]
    inside = beside.merge_and_unload()
    change = 0.0
    for row, logits in zip(rows, before, strict=True):
        difference = float((_logits(inside, row) - logits).abs().max())
        if difference > TOLERANCE * max(1.0, float(logits.abs().max())):
            raise RuntimeError(f"{adapter}: merging changes a logit by {difference:.3g}, more than rounding can")
        change = max(change, difference)
    return inside, change


@torch.inference_mode()
def _logits(model: Any, row: Sequence[int]) -> torch.Tensor:
    return model(input_ids=torch.tensor([list(row)], device=model.device)).logits[0].float()
