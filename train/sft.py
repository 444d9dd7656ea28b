"""Supervised fine-tuning and continued pretraining through TRL, resumed exactly, ending in a plain model folder."""

import importlib.metadata
import json
import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch
from safetensors import SafetensorError
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from curation import storage, tables
from curation.errors import InputError

from . import adapters, models
from .encoding import Encoder
from .options import TrainOptions
from .preparation import Prepared, prepare
from .silence import quiet
from .tuning import EXPANDED, Tuned, load

COMPLETE = "complete"  # marks a checkpoint whose files are all there
CARD = "run_card.json"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers")


@dataclass(frozen=True)
class Progress:
    """Where a run stands: optimiser step, of how many, tokens a second since it (re)started, loss of the step."""

    step: int
    steps: int
    tokens_per_second: float
    loss: float


@dataclass(frozen=True)
class TrainReport:
    """What a run made.

    Attributes:
        folder: the model: weights, configuration, tokenizer, template, run card; LoRA beside it in `adapter/`.
        card: the run card.
        losses: of every step.
        ledger: rows dropped or split, schema `tables.LEDGER`.
        resumed_from: step of the checkpoint that the run went on from, 0 for none.
    """

    folder: Path
    card: dict[str, Any]
    losses: list[float]
    ledger: pl.DataFrame
    resumed_from: int = 0


def train(
    options: TrainOptions,
    out: Path,
    progress: Callable[[Progress], None] | None = None,
    work: Path | None = None,
) -> TrainReport:
    """Train and write the model to `out`, whole or not at all.

    A run that was killed goes on from its last checkpoint in `work` and ends with the same bytes, on the same machine
    and with the same libraries and number of threads. A checkpoint of other options, data or model is not used. A
    folder `out` that already holds this run's result is left as it is.

    Args:
        options: what decides the weights.
        out: model folder to be made.
        progress: told after every step.
        work: folder for checkpoints, removed at the end; `.NAME.work` beside `out` unless given.

    Raises:
        InputError: for a model or data that cannot be trained on, or an `out` that holds something else.
    """
    out = Path(out)
    threads = torch.get_num_threads()
    torch.set_num_threads(options.threads or threads)
    try:
        with quiet():
            return _train(options, out, progress, work or out.with_name(f".{out.name}.work"))
    except (OSError, RuntimeError, SafetensorError) as error:
        # torch says of a full disk only that a write failed
        if storage.disk_full(error) or "PytorchStreamWriter failed writing" in str(error):
            raise InputError(f"{out.parent}: no space left on the device while writing {out.name} or its checkpoints "
                             f"({shutil.disk_usage(out.parent).free >> 20} MB free)") from error  # fmt: skip
        raise
    finally:
        torch.set_num_threads(threads)


def _train(options: TrainOptions, out: Path, progress: Callable[[Progress], None] | None, work: Path) -> TrainReport:
    base = models.locate(options.model)
    tokenizer = models.tokenizer(base)
    limit = models.context_length(base) if options.max_tokens is None else options.max_tokens
    encoder = Encoder(tokenizer, models.end_ids(base, tokenizer), limit, options.over_long)
    prepared = prepare(options, encoder)
    card = _card(options, base, prepared, limit)
    if out.exists() and any(out.iterdir()):
        report = _finished(out, card, prepared)
        shutil.rmtree(work, ignore_errors=True)  # a kill may have left it
        return report
    state = _state(work, card["fingerprint"])
    tuned = load(options, base, work)
    trainer = _trainer(options, tuned, tokenizer, prepared, state)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Callbacks(prepared, options.batch_size, progress))
    checkpoint = _last_checkpoint(state)
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    if not losses or not all(map(math.isfinite, losses)):
        raise InputError(f"training did not converge: a loss is not finite, lower learning_rate "
                         f"{options.learning_rate:g}")  # fmt: skip
    card |= {"final_loss": losses[-1]}
    _write(trainer, options, tuned.folder, prepared, card, losses, out)
    shutil.rmtree(work)
    return TrainReport(out, card, losses, prepared.ledger, 0 if checkpoint is None else _step(checkpoint))


def _card(options: TrainOptions, base: Path, prepared: Prepared, limit: int) -> dict[str, Any]:
    """What decides the weights, without any path of this machine."""
    settings = {name: value for name, value in asdict(options).items() if name not in ("model", "data")}
    settings |= {"max_tokens": limit, "threads": torch.get_num_threads(), "steps": prepared.steps}
    decides = {
        "model": {"name": base.name, "fingerprint": models.fingerprint(base)},
        "options": json.loads(tables.canonical_json(settings)),
        "sources": {source.name: {"weight": source.weight, **prepared.sources[source.name]} for source in options.data},
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    return {"fingerprint": tables.fingerprint(decides), **decides, "tokens": int(prepared.tokens.sum())}


def _finished(out: Path, card: dict[str, Any], prepared: Prepared) -> TrainReport:
    found = models.read_json(out / CARD) if (out / CARD).is_file() else {}
    if found.get("fingerprint") != card["fingerprint"]:
        raise InputError(f"{out}: the folder is not empty and holds something else, expected a new folder")
    return TrainReport(out, found, found["losses"], prepared.ledger, prepared.steps)


def _state(work: Path, fingerprint: str) -> Path:
    """The checkpoints' folder of this very run; those of other runs are removed."""
    state = work / fingerprint
    if work.is_dir():
        for other in work.iterdir():
            if other not in (state, work / EXPANDED):
                shutil.rmtree(other)
    state.mkdir(parents=True, exist_ok=True)
    return state


def _last_checkpoint(state: Path) -> Path | None:
    """The newest complete checkpoint; those that a kill left incomplete are removed."""
    complete = []
    for folder in state.glob("checkpoint-*"):
        if (folder / COMPLETE).is_file():
            complete.append(folder)
        else:
            shutil.rmtree(folder)
    return max(complete, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _trainer(options: TrainOptions, tuned: Tuned, tokenizer: Any, prepared: Prepared, state: Path) -> SFTTrainer:
    gpu = torch.cuda.is_available()
    packed = options.method == "cpt"
    # Packed rows of one pass through the model are laid end to end, and attention without a kernel for that is square
    # in their joint length: one row at a time unless asked otherwise.
    micro = options.micro_batch_size or (1 if packed else options.batch_size)
    config = SFTConfig(
        output_dir=str(state),
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=options.batch_size // micro,
        max_steps=prepared.steps,
        learning_rate=options.learning_rate,
        lr_scheduler_type=options.schedule,
        warmup_steps=round(options.warmup * prepared.steps),
        weight_decay=options.weight_decay,
        max_grad_norm=options.max_grad_norm,
        gradient_checkpointing=options.gradient_checkpointing,
        seed=options.seed,
        data_seed=options.seed,
        train_sampling_strategy="sequential",  # the order is the mixture's
        dataset_kwargs={"skip_prepare_dataset": True},  # encoded, counted and packed already
        max_length=None,
        packing=False,
        padding_free=packed,
        bf16=gpu,
        use_cpu=not gpu,
        dataloader_pin_memory=gpu,
        save_strategy="steps",
        save_steps=options.checkpoint_steps,
        save_total_limit=2,  # the one before stays until the newest is complete
        logging_steps=1,
        disable_tqdm=True,
        report_to=[],
    )
    return SFTTrainer(
        model=tuned.model,
        args=config,
        train_dataset=prepared.dataset,
        processing_class=tokenizer,
        peft_config=tuned.peft,
    )


class _Callbacks(TrainerCallback):
    """Marks checkpoints complete and reports progress."""

    def __init__(self, prepared: Prepared, batch_size: int, progress: Callable[[Progress], None] | None) -> None:
        ends = range(batch_size, len(prepared.tokens) + batch_size, batch_size)
        self.tokens = [0, *(int(prepared.tokens[:end].sum()) for end in ends)]
        self.steps = prepared.steps
        self.progress = progress
        self.started, self.first = 0.0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.started, self.first = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if self.progress is not None and logs and "loss" in logs:
            done = self.tokens[state.global_step] - self.tokens[self.first]
            rate = done / max(time.monotonic() - self.started, 1e-9)
            self.progress(Progress(state.global_step, self.steps, rate, logs["loss"]))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def _write(
    trainer: SFTTrainer,
    options: TrainOptions,
    base: Path,
    prepared: Prepared,
    card: dict[str, Any],
    losses: list[float],
    out: Path,
) -> None:
    """Write the model folder under a temporary name, sync it and rename it."""
    temporary = out.with_name(f".{out.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if options.tuning == "lora":
        adapters.write(model, base.name, temporary / "adapter")
        rows = prepared.dataset.select(range(min(4, len(prepared.dataset))))["input_ids"]
        model, card["largest_logit_change_of_merging"] = adapters.merged(base, temporary / "adapter", list(rows))
    models.write(model.to(models.stored_dtype(base)), base, temporary)
    card["losses"] = losses
    storage.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", temporary / CARD)
    _sync(temporary)
    if out.is_dir():
        out.rmdir()  # empty
    temporary.rename(out)
    storage.sync_folder(out.parent)


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
    storage.sync_folder(folder)
