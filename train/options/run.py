"""What decides a training run, documented field by field and validated where it is made."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from curation.errors import InputError

from . import compatibility
from .blocks import Blocks
from .preferences import Dpo, Kto, Orpo, Preferences, Slic
from .reinforcement import Ppo, Reinforcement, RewardModel
from .tunings import Lora, Loreft, Prefix, Prompt, Vocabulary
from .unlearning import Unlearning

Method = Literal["sft", "cpt", "dpo", "kto", "orpo", "slic", "rrhf", "reward", "ppo", "rloo", "grpo", "unlearn"]
Tuning = Literal["full", "lora", "prompt", "prefix", "loreft", "blocks"]
OverLong = Literal["split", "drop", "refuse"]
OutOfOrder = Literal["drop", "refuse"]
Alpaca = Literal["auto", "chat", "prompt"]
METHODS: tuple[Method, ...] = (
    "sft", "cpt", "dpo", "kto", "orpo", "slic", "rrhf", "reward", "ppo", "rloo", "grpo", "unlearn",
)  # fmt: skip
TUNINGS: tuple[Tuning, ...] = ("full", "lora", "prompt", "prefix", "loreft", "blocks")
OVER_LONG: tuple[OverLong, ...] = ("split", "drop", "refuse")
OUT_OF_ORDER: tuple[OutOfOrder, ...] = ("drop", "refuse")
ALPACA: tuple[Alpaca, ...] = ("auto", "chat", "prompt")
SCHEDULES = ("cosine", "linear", "constant", "constant_with_warmup", "inverse_sqrt")


def _require(valid: bool, field_name: str, found: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{field_name} is {found!r}, expected {expected}")


@dataclass(frozen=True)
class Source:
    """One source of training rows.

    Attributes:
        path: a file (.parquet, .jsonl, .jsonl.gz, .jsonl.zst) or a folder of them.
        weight: share of the training tokens, relative to the other sources' weights. Given for all sources or for
            none; without weights each source counts for as many tokens as it has.
        name: how run cards and ledgers call it; the path's last part unless given.
        text_column: column to train on as plain text instead of `text`.
        ordered: its rows keep the order they are in, in place of an order drawn anew for every pass.
    """

    path: Path
    weight: float | None = None
    name: str = ""
    text_column: str | None = None
    ordered: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        object.__setattr__(self, "name", self.name or self.path.name)
        if self.weight is not None:
            _require(0 < self.weight < math.inf, f"weight of {self.name}", self.weight, "a number above 0")


@dataclass(frozen=True)
class TrainOptions:
    """Everything that decides the weights a run ends with.

    Attributes:
        model: folder (or hub name) of the model that training starts from.
        data: sources and their shares of the training tokens.
        method: `sft` trains rows padded side by side; `cpt` trains on `text`, packed into rows of `max_tokens`
            without attention across documents; `dpo`, `kto`, `orpo`, `slic` and `rrhf` learn which answer is better,
            from comparisons (see `data.comparisons`); `reward` learns which answer is better and becomes a reward
            model; `ppo`, `rloo` and `grpo` draw answers to prompts and learn from their rewards; `unlearn` makes the
            model forget the rows.
        tuning: `lora`, `full`, `blocks` (new layers between frozen ones), or `prompt`, `prefix` and `loreft`, whose
            result stands beside its base; see `compatibility` for what goes with which method.
        lora: the adapters of `lora`.
        prompt: the embeddings of `prompt`.
        prefix: the keys and values of `prefix`.
        loreft: the changes of `loreft`.
        blocks: the new layers of `blocks`.
        trainable: patterns (`model.layers.3*.mlp.*`) of weights. With `full` they alone move, all of them unless given;
            with `lora` and `blocks` they move too, beside the adapters or the new layers.
        vocabulary: with `full`, the rows of the embeddings that move in a model with new tokens.
        reward: training of a reward model.
        reinforcement: rewards, drawing and the price of leaving the start, for `ppo`, `rloo` and `grpo`.
        ppo: what only `ppo` has.
        unlearning: of `unlearn`: how it forgets, and rows that it keeps.
        preferences: of all methods that learn from comparisons: what is held out.
        dpo, kto, orpo, slic: of the methods of these names.
        learning_rate: its peak.
        schedule: course of the learning rate, one of `SCHEDULES`, as transformers defines them.
        warmup: share of the steps over which the learning rate rises to its peak.
        weight_decay: of AdamW.
        max_grad_norm: gradients are scaled down to this norm.
        batch_size: rows a step; of prompts, each with its answers.
        micro_batch_size: rows that pass through the model at once; it divides `batch_size`. Unset, all of them, or one
            packed row.
        steps: optimiser steps; arms of a comparison get the same number. Sources are repeated as often as it takes.
        epochs: where `steps` is unset, passes over the first source, the others following by their shares; without
            weights, passes over all rows.
        max_tokens: longest training row, tokens; unset, what the model's positions allow.
        over_long: what becomes of a longer row: `split` (text only), `drop` (a ledger row each), or `refuse` the run.
        out_of_order: what becomes of a conversation in which user and assistant do not take turns, the user first,
            behind at most one system turn: `drop` (a ledger row each), or `refuse` the run.
        alpaca: how a row of Alpaca (`instruction`, `input`, `output`) is read: `chat`, as a conversation, `prompt`,
            under the prompt that Alpaca was trained with, `auto`, as a conversation where the model has a chat
            template.
        checkpoint_steps: steps between two checkpoints, from which a killed run goes on.
        gradient_checkpointing: recompute activations in the backward pass, to save memory.
        threads: CPU threads of torch; equal bytes need equal numbers. Unset, torch's own choice.
        seed: of the data order, the adapters' first values and dropout.
    """

    model: str
    data: tuple[Source, ...]
    method: Method = "sft"
    tuning: Tuning = "lora"
    lora: Lora = field(default_factory=Lora)
    prompt: Prompt = field(default_factory=Prompt)
    prefix: Prefix = field(default_factory=Prefix)
    loreft: Loreft = field(default_factory=Loreft)
    blocks: Blocks = field(default_factory=Blocks)
    trainable: tuple[str, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    preferences: Preferences = field(default_factory=Preferences)
    dpo: Dpo = field(default_factory=Dpo)
    kto: Kto = field(default_factory=Kto)
    orpo: Orpo = field(default_factory=Orpo)
    slic: Slic = field(default_factory=Slic)
    reward: RewardModel = field(default_factory=RewardModel)
    reinforcement: Reinforcement = field(default_factory=Reinforcement)
    ppo: Ppo = field(default_factory=Ppo)
    unlearning: Unlearning = field(default_factory=Unlearning)
    learning_rate: float = 2e-4
    schedule: str = "cosine"
    warmup: float = 0.05
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    batch_size: int = 16
    micro_batch_size: int | None = None
    steps: int | None = None
    epochs: float = 1.0
    max_tokens: int | None = None
    over_long: OverLong = "refuse"
    out_of_order: OutOfOrder = "refuse"
    alpaca: Alpaca = "auto"
    checkpoint_steps: int = 200
    gradient_checkpointing: bool = False
    threads: int | None = None
    seed: int = 17

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", str(self.model))
        object.__setattr__(self, "data", tuple(self.data))
        _require(bool(self.data), "data", self.data, "at least one source")
        weighted = sum(source.weight is not None for source in self.data)
        _require(weighted in (0, len(self.data)), "data", f"{weighted} of {len(self.data)} sources with a weight",
                 "a weight for every source or for none")  # fmt: skip
        _require(self.method in METHODS, "method", self.method, "one of " + ", ".join(METHODS))
        _require(self.tuning in TUNINGS, "tuning", self.tuning, "one of " + ", ".join(TUNINGS))
        object.__setattr__(self, "trainable", tuple(self.trainable))
        _require(not self.trainable or self.tuning not in compatibility.BESIDE, "trainable", list(self.trainable),
                 f"none with tuning {self.tuning}, whose result stands beside a base that does not move")  # fmt: skip
        _require(not self.trainable or self.tuning != "lora" or self.lora.corda == "none", "trainable",
                 list(self.trainable), "none with lora.corda, which starts from other weights")  # fmt: skip
        _require(not (self.trainable and self.method == "ppo" and self.ppo.shared), "trainable", list(self.trainable),
                 "none with ppo.shared, where nothing of the one base moves")  # fmt: skip
        _require(self.vocabulary == Vocabulary() or self.tuning == "full", "vocabulary", self.vocabulary,
                 f"none with tuning {self.tuning}, which leaves the embeddings as they are")  # fmt: skip
        for source in self.data if self.method == "cpt" else ():
            _require(not source.ordered, f"method cpt with rows of {source.name} in their order", self.method,
                     "another method: packing puts rows together by their lengths")  # fmt: skip
        reason = compatibility.refusal(self.method, self.tuning, self.gradient_checkpointing)
        if reason is not None:
            raise InputError(f"method {self.method} with tuning {self.tuning}: {reason}")
        _require(self.over_long in OVER_LONG, "over_long", self.over_long, "one of " + ", ".join(OVER_LONG))
        _require(self.out_of_order in OUT_OF_ORDER, "out_of_order", self.out_of_order,
                 "one of " + ", ".join(OUT_OF_ORDER))  # fmt: skip
        _require(self.alpaca in ALPACA, "alpaca", self.alpaca, "one of " + ", ".join(ALPACA))
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "a number above 0")
        _require(self.schedule in SCHEDULES, "schedule", self.schedule, "one of " + ", ".join(SCHEDULES))
        _require(0 <= self.warmup < 1, "warmup", self.warmup, "a share of at least 0 and below 1")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "at least 1")
        micro = self.micro_batch_size
        _require(micro is None or (micro >= 1 and self.batch_size % micro == 0), "micro_batch_size", micro,
                 f"a divisor of batch_size {self.batch_size}")  # fmt: skip
        _require(self.steps is None or self.steps >= 1, "steps", self.steps, "at least 1")
        _require(self.epochs > 0, "epochs", self.epochs, "a number above 0")
        _require(self.max_tokens is None or self.max_tokens >= 2, "max_tokens", self.max_tokens, "at least 2")
        _require(self.checkpoint_steps >= 1, "checkpoint_steps", self.checkpoint_steps, "at least 1")
        _require(self.threads is None or self.threads >= 1, "threads", self.threads, "at least 1")
