"""What every method is given, what it gives back, and how a trainer of transformers is run."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback

from curation.errors import InputError

from .. import checkpoints
from ..data.preparation import Prepared
from ..devices import processes, sharding
from ..options.run import TrainOptions
from ..tunings.tuning import Tuned


@dataclass(frozen=True)
class Progress:
    """Where a run stands: optimiser step, of how many, tokens a second since it (re)started, loss of the step."""

    step: int
    steps: int
    tokens_per_second: float
    loss: float


@dataclass(frozen=True)
class Setup:
    """A run about to start.

    Attributes:
        options: of the run.
        tuned: the model, with the weights that do not move frozen.
        tokenizer: the model's.
        prepared: rows in the order of training.
        state: folder of the run's checkpoints.
        checkpoint: the one to go on from, none for the beginning.
        progress: told after every step.
    """

    options: TrainOptions
    tuned: Tuned
    tokenizer: Any
    prepared: Prepared
    state: Path
    checkpoint: Path | None
    progress: Callable[[Progress], None] | None


@dataclass(frozen=True)
class Trained:
    """What a method made.

    Attributes:
        model: the trained one, adapters still beside its weights.
        losses: of every step.
        measures: by name, a value of every step (rewards, margins, divergences); what the run card keeps.
        facts: what else the run card says, such as how a model did on held-out rows.
    """

    model: Any
    losses: list[float]
    measures: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def arguments(setup: Setup, micro: int | None = None) -> dict[str, Any]:
    """Arguments that every configuration of TRL takes from the options of a run.

    Args:
        setup: of the run.
        micro: rows through the model at once; the options' own, or all that a process has of a step, unless given.

    Raises:
        InputError: for a step whose rows the processes cannot share equally.
    """
    options, gpu = setup.options, torch.cuda.is_available()
    share, rest = divmod(options.batch_size, processes.count())
    micro = micro or options.micro_batch_size or share
    if rest or share % micro:
        raise InputError(f"batch_size is {options.batch_size}, expected a multiple of {processes.count()} processes "
                         f"with {micro} rows at once each")  # fmt: skip
    return {
        "output_dir": str(setup.state),
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": share // micro,
        "max_steps": setup.prepared.steps,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": options.schedule,
        "warmup_steps": round(options.warmup * setup.prepared.steps),
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "gradient_checkpointing": options.gradient_checkpointing,
        "seed": options.seed,
        "data_seed": options.seed,
        "train_sampling_strategy": "sequential",  # the order is the mixture's
        "bf16": gpu,
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "save_strategy": "steps",
        "save_steps": options.checkpoint_steps,
        "save_total_limit": 2,  # the one before stays until the newest is complete
        "logging_steps": 1,
        "disable_tqdm": True,
        "report_to": [],
        **processes.configuration(),
    }


def run(trainer: Trainer, setup: Setup, measures: tuple[str, ...] = ()) -> Trained:
    """Train with a trainer of transformers, from the checkpoint if there is one.

    Args:
        trainer: made with `arguments`.
        setup: of the run.
        measures: names in the trainer's log that are kept for every step.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Callbacks(setup))
    trainer.train(resume_from_checkpoint=None if setup.checkpoint is None else str(setup.checkpoint))
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    kept = {name: [float(entry[name]) for entry in log if name in entry] for name in measures}
    model = sharding.whole(trainer.accelerator.unwrap_model(trainer.model))
    return Trained(model, [entry["loss"] for entry in log], kept)


class _Callbacks(TrainerCallback):
    """Marks checkpoints complete and reports progress."""

    def __init__(self, setup: Setup) -> None:
        batch_size, tokens = setup.options.batch_size, setup.prepared.tokens
        ends = range(batch_size, len(tokens) + batch_size, batch_size)
        self.tokens = [0, *(int(tokens[:end].sum()) for end in ends)]
        self.steps = setup.prepared.steps
        self.progress = setup.progress
        self.started, self.first = 0.0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.started, self.first = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if self.progress is not None and processes.first() and logs and "loss" in logs:
            done = self.tokens[state.global_step] - self.tokens[self.first]
            rate = done / max(time.monotonic() - self.started, 1e-9)
            self.progress(Progress(state.global_step, self.steps, rate, logs["loss"]))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        processes.wait()  # each has files of its own in it
        if processes.first():
            checkpoints.mark(checkpoints.named(Path(args.output_dir), state.global_step))
