"""Which weights of a model move: all, some by name, what stands beside them, or new blocks between them."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftConfig

from .. import checkpoints, models
from ..options import compatibility
from ..options.run import TrainOptions
from . import adapters, beside, blocks, loreft, names, vocabulary_rows

EXPANDED = checkpoints.KEPT[0]  # folder below a run's work that holds the model with its new blocks
START = "start"  # the same for the adapters that CorDA starts from
Head = Literal["causal", "score"]
_TASKS = {"causal": "CAUSAL_LM", "score": "SEQ_CLS"}  # PEFT's names


@dataclass(frozen=True)
class Tuned:
    """A model about to be trained.

    Attributes:
        model: with the weights that do not move frozen.
        folder: whose configuration and tokenizer the result gets.
        peft: configuration of the adapters, none where weights themselves move.
        options: of the run.
        head: what the model gives: logits of tokens, or a score.
        start: folder of the adapters that training starts from, where they took something out of the weights.
    """

    model: Any
    folder: Path
    peft: PeftConfig | None
    options: TrainOptions
    head: Head = "causal"
    start: Path | None = None

    def write(self, model: Any, folder: Path, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Write what was trained: a whole model, or what stands beside its base; what the run card says of it.

        Args:
            model: trained, adapters still beside its weights.
            folder: to write to; it is there.
            rows: token ids on which merging is checked.

        Raises:
            RuntimeError: when merging changes a logit by more than rounding can.
        """
        base, tuning = self.folder, self.options.tuning
        name = models.name(self.options.model, base)
        facts: dict[str, Any] = {}
        if tuning in compatibility.BESIDE:
            beside.write(model, tuning, base, name, folder)
            return {"beside": tuning}
        if tuning == "lora":
            adapters.write(model, name, folder / beside.ADAPTER, self.start)
            padding = model.config.get_text_config().pad_token_id
            model, change = adapters.merged(base, folder / beside.ADAPTER, rows, lambda path: _opened(path, self.head))
            facts["largest_logit_change_of_merging"] = change
            model.config.get_text_config().pad_token_id = padding  # where a reward model's score is read
        vocabulary_rows.put_back(model)
        models.write(model.to(models.stored_dtype(base)), base, folder)
        return facts


def load(
    options: TrainOptions, base: Path, work: Path, head: Head = "causal", rows: Sequence[Sequence[int]] = ()
) -> Tuned:
    """The model of a run, in float32 where its weights move.

    Args:
        options: of the run.
        base: model folder.
        work: folder of the run, for what is made before training.
        head: what the model is to give.
        rows: token ids for `lora.corda` to look at.

    Raises:
        InputError: for a pattern that no weight has, a layer that is not there, or a model that cannot be tuned so.
    """
    # What stands beside frozen weights trains in float32; weights that `trainable` names stand among them, and PEFT
    # copies these in the type they have.
    frozen = torch.bfloat16 if torch.cuda.is_available() and not options.trainable else torch.float32
    match options.tuning:
        case "lora":
            model, start = _opened(base, head, frozen), None
            moving = adapters.whole_layers(model, options.trainable)
            config = adapters.lora_config(options.lora, _TASKS[head], moving)
            adapters.check_targets(model, options.lora, moving)
            if options.lora.corda != "none":
                start = work / START
                adapters.preview(model, config, rows)
                found = adapters.begin(model, config, start)
                model = _opened(base, head, frozen)
                for layer, eigens in found.items():
                    model.get_submodule(layer).eigens = eigens
            return Tuned(model, base, config, options, head, start)
        case "prompt":
            model = _opened(base, head, frozen)
            return Tuned(model, base, adapters.prompt_config(options.prompt, base), options, head)
        case "prefix":
            model = _opened(base, head, frozen)
            return Tuned(model, base, adapters.prefix_config(options.prefix), options, head)
        case "loreft":
            model = _opened(base, head, frozen)
            loreft.attach(model, options.loreft, options.seed)
            return Tuned(model, base, None, options, head)
        case "blocks":
            folder = work / EXPANDED
            shutil.rmtree(folder, ignore_errors=True)
            added = blocks.expand(base, folder, options.blocks)
            model = _opened(folder, head)
            head_weights = ["score.*"] if head == "score" else []
            freeze_but(model, [*(f"model.layers.{number}.*" for number in added), *head_weights, *options.trainable])
            return Tuned(model, folder, None, options, head)
    model = _opened(base, head)
    if options.trainable:
        freeze_but(model, options.trainable)
    vocabulary_rows.hold(model, base, options.vocabulary)
    return Tuned(model, base, None, options, head)


def freeze_but(model: Any, patterns: Sequence[str]) -> list[str]:
    """Let only the weights move whose names match a pattern (`*` any text, `?` a character); their names.

    A weight that two layers share (tied embeddings) has one name, that of the embedding.

    Raises:
        InputError: for a pattern that matches no name.
    """
    moving = names.matching([name for name, _ in model.named_parameters()], patterns)
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in moving)
    return moving


def _opened(folder: Path, head: Head, dtype: torch.dtype = torch.float32) -> Any:
    return models.scoring(folder, dtype, new_head=True) if head == "score" else models.causal_lm(folder, dtype)
