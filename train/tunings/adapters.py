"""Adapters of PEFT: their settings, where they start, and how they are merged into the weights they stand beside."""

import copy
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from peft.tuners.lora.config import CordaConfig
from peft.tuners.lora.corda import preprocess_corda, target_modules
from peft.tuners.tuners_utils import check_target_module_exists
from transformers.pytorch_utils import Conv1D

from curation.errors import InputError

from .. import models
from ..options.tunings import Lora, Prefix, Prompt
from . import names

TOLERANCE = 1e-3  # of the largest logit: float32 rounding is a thousandth of that
Opening = Callable[[Path], Any]
_LINEAR = (torch.nn.Linear, Conv1D)  # GPT-2 writes its linear layers as the latter
_CORDA = {"knowledge": "kpm", "instruction": "ipm"}  # PEFT's names of the two modes


def lora_config(lora: Lora, task: str = "CAUSAL_LM", moving: Sequence[str] = ()) -> LoraConfig:
    """PEFT's form of our options, for a task of PEFT.

    Args:
        lora: our options.
        task: of PEFT.
        moving: names of layers that are trained whole instead of getting an adapter; they are kept in its folder.
    """
    targets = lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules)
    corda = lora.corda != "none"
    return LoraConfig(
        task_type=task,  # type: ignore[arg-type]
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=targets,
        modules_to_save=list(moving) or None,
        use_dora=lora.dora,
        use_rslora=lora.rslora,
        init_lora_weights="corda" if corda else True,
        corda_config=CordaConfig(corda_method=_CORDA[lora.corda]) if corda else None,  # type: ignore[arg-type]
    )


def check_targets(model: Any, lora: Lora, moving: Sequence[str] = ()) -> None:
    """See that every name of a layer is that of one: PEFT passes over those that are not, as long as one is.

    Args:
        model: to be adapted.
        lora: our options.
        moving: names of layers that are trained whole and get no adapter.

    Raises:
        InputError: for a name or a pattern without a layer, a layer that is not linear, or where no layer is left.
    """
    layers = dict(model.named_modules())
    linear = [name.rpartition(".")[2] for name, layer in layers.items() if isinstance(layer, _LINEAR)]
    expected = f"all-linear or names of linear layers ({', '.join(dict.fromkeys(linear))})"
    targets = lora.target_modules
    every = _linear_names(model) if targets == "all-linear" else set()
    adapted = [name for name in layers if name.rpartition(".")[2] in every]
    for target in () if targets == "all-linear" else [targets] if isinstance(targets, str) else targets:
        config = LoraConfig(target_modules=target if isinstance(targets, str) else [target])
        try:
            found = [name for name in layers if check_target_module_exists(config, name)]
        except re.error as error:
            raise InputError(
                f"lora.target_modules has {target!r}, no pattern ({error}), expected {expected}"
            ) from error
        if not found:
            raise InputError(f"lora.target_modules has {target!r}, which no layer is called, expected {expected}")
        if other := [name for name in found if not isinstance(layers[name], _LINEAR)]:
            raise InputError(f"lora.target_modules has {target!r}, found {type(layers[other[0]]).__name__} under "
                             f"{other[0]}, expected {expected}")  # fmt: skip
        adapted += found
    stacked = [name for name in moving if not isinstance(layers[name], torch.nn.modules.conv._ConvNd)
               for weight in layers[name].parameters(recurse=False) if weight.dim() > 2]  # fmt: skip
    if stacked and isinstance(targets, str):
        # PEFT may turn a pattern into adapters of such weights, and then cannot train the same layer whole.
        raise InputError(f"trainable: {stacked[0]} holds weights of several experts, expected a list of names of "
                         "linear layers as lora.target_modules beside it")  # fmt: skip
    if moving and set(adapted) <= set(moving):
        raise InputError("trainable: names every layer of lora.target_modules, expected one at least that is left for "
                         "an adapter, or tuning full")  # fmt: skip


def whole_layers(model: Any, patterns: Sequence[str]) -> list[str]:
    """Names of the layers whose weights the patterns name: PEFT trains and keeps whole layers beside adapters.

    Raises:
        InputError: for a pattern that no weight has, for one that has some of a layer's weights and not the others, or
            an embedding that is the output layer too, which would be two weights afterwards.
    """
    named = dict(model.named_parameters())
    moving = names.matching(list(named), patterns)
    owners = list(dict.fromkeys(name.rpartition(".")[0] for name in moving))
    # A layer within one that is kept whole is kept with it: PEFT would put a copy of it where no forward pass comes by.
    layers = [name for name in owners if not any(name.startswith(f"{owner}.") for owner in owners)]
    for layer in layers:
        if left := [f"{layer}.{name}" for name, _ in model.get_submodule(layer).named_parameters()
                    if f"{layer}.{name}" not in moving]:  # fmt: skip
            raise InputError(f"trainable: {left[0]} is not named and other weights of {layer} are, expected all of a "
                             "layer's weights with tuning lora, which keeps whole layers")  # fmt: skip
    tied = model.get_input_embeddings().weight
    output = model.get_output_embeddings()
    if output is not None and output.weight is tied and any(named[name] is tied for name in moving):
        raise InputError("trainable: names the embedding, which is the output layer too, expected tuning full, or "
                         "names of other weights")  # fmt: skip
    return layers


def prompt_config(prompt: Prompt, base: Path) -> PromptTuningConfig:
    """PEFT's form of our options."""
    return PromptTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=prompt.tokens,
        prompt_tuning_init="TEXT" if prompt.text else "SAMPLE_VOCAB",
        prompt_tuning_init_text=prompt.text or None,
        tokenizer_name_or_path=str(base) if prompt.text else None,
    )


def prefix_config(prefix: Prefix) -> PrefixTuningConfig:
    """PEFT's form of our options."""
    return PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=prefix.tokens)


def preview(model: Any, config: LoraConfig, rows: Sequence[Sequence[int]]) -> None:
    """CorDA's look at the inputs of every adapted layer (arXiv 2406.05223, section 3.2).

    PEFT leaves its decompositions on the layers, where making adapters finds them.

    Args:
        model: to be adapted.
        config: of its adapters.
        rows: token ids, at least one row.

    Raises:
        InputError: for a rank above what a layer has.
    """
    if config.target_modules == "all-linear":  # preprocess_corda takes names only
        config.target_modules = _linear_names(model)
    for name, layer in target_modules(model, config):
        if config.r > min(layer.weight.shape):
            raise InputError(f"lora.rank is {config.r}, expected at most {min(layer.weight.shape)} with lora.corda, "
                             f"the smaller side of {name}")  # fmt: skip

    def run() -> None:
        for row in rows:
            model(input_ids=torch.tensor([list(row)], device=model.device), use_cache=False)

    preprocess_corda(model, config, run)


def begin(model: Any, config: LoraConfig, folder: Path) -> dict[str, Any]:
    """Write the adapters that training will start from to a folder, after `preview`; the decompositions by layer.

    The model is spent by it: put what is returned on the layers of another one as `eigens`.
    """
    found = {name: layer.eigens for name, layer in target_modules(model, config)}
    begun = get_peft_model(model, copy.deepcopy(config))
    begun.peft_config["default"].init_lora_weights = True  # so that reading it does not decompose again
    shutil.rmtree(folder, ignore_errors=True)
    begun.save_pretrained(folder)
    return found


def _linear_names(model: Any) -> set[str]:
    """Names of the linear layers but for the output layer, as PEFT's `all-linear` has them."""
    kept = {id(model.get_output_embeddings()), id(getattr(model, "score", None))}
    return {
        name.rpartition(".")[2]
        for name, layer in model.named_modules()
        if isinstance(layer, _LINEAR) and id(layer) not in kept
    }


def write(model: Any, base_name: str, folder: Path, start: Path | None = None) -> None:
    """Write an adapter in PEFT's form, naming its base by name rather than by a path of this machine.

    Args:
        model: PEFT's.
        base_name: of the base.
        folder: to be made.
        start: folder of the adapter that training started from, where that took something out of the weights (CorDA):
            what is written is the difference, of twice the rank, beside the weights as they were.
    """
    config = model.peft_config["default"]
    config.base_model_name_or_path = base_name
    config.corda_config = None  # of where training started
    if isinstance(getattr(config, "target_modules", None), set):
        config.target_modules = sorted(config.target_modules)  # of a set each process has an order of its own
    converted = {} if start is None else {"path_initial_model_for_weight_conversion": str(start)}
    model.save_pretrained(folder, **converted)
    (folder / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
    models.readable(folder)


def merged(
    base: Path, adapter: Path, rows: Sequence[Sequence[int]], opened: Opening = models.causal_lm
) -> tuple[Any, float]:
    """The base with the adapter's update added to its weights, in float32, and the largest change of a logit.

    Args:
        base: model folder.
        adapter: adapter folder of PEFT.
        rows: token ids on which the logits with the adapter beside and inside the weights are compared.
        opened: reads a model folder in float32.

    Raises:
        RuntimeError: when a logit changes by more than a thousandth of the largest.
    """
    beside = PeftModel.from_pretrained(opened(base), str(adapter)).eval()
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
