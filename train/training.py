"""A training run, whatever its method: resumed exactly, ending in a plain model folder with its run card."""

import importlib.metadata
import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch
from safetensors import SafetensorError

from curation import storage, tables
from curation.errors import InputError

from . import checkpoints, methods, models
from .data.encoding import Encoder
from .data.preparation import Prepared
from .devices import processes, sharding
from .fingerprints import without_paths
from .methods.setup import Progress, Setup, Trained
from .options.run import TrainOptions
from .silence import quiet
from .tunings.calibration import calibration, shown
from .tunings.tuning import load

CARD = "run_card.json"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers")


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
    say: Callable[[str], None] = lambda sentence: None,
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
        say: told from which step a run that was stopped goes on, and which checkpoints it could not use.

    Raises:
        InputError: for a model or data that cannot be trained on, or an `out` that holds something else.
    """
    out = Path(out)
    threads = torch.get_num_threads()
    torch.set_num_threads(options.threads or threads)
    try:
        with quiet():
            return _train(options, out, progress, work or out.with_name(f".{out.name}.work"), say)
    except (OSError, RuntimeError, SafetensorError) as error:
        # torch says of a full disk only that a write failed
        if storage.disk_full(error) or "PytorchStreamWriter failed writing" in str(error):
            raise InputError(f"{out.parent}: no space left on the device while writing {out.name} or its checkpoints "
                             f"({shutil.disk_usage(out.parent).free >> 20} MB free)") from error  # fmt: skip
        raise
    finally:
        torch.set_num_threads(threads)


def _train(
    options: TrainOptions,
    out: Path,
    progress: Callable[[Progress], None] | None,
    work: Path,
    say: Callable[[str], None],
) -> TrainReport:
    sharding.check(options)
    processes.join()
    base = models.locate(options.model)
    tokenizer = models.tokenizer(base)
    limit = models.context_length(base) if options.max_tokens is None else options.max_tokens
    encoder = Encoder(tokenizer, models.end_ids(base, tokenizer), limit, options.over_long, options.out_of_order,
                      models.embeddings(base))  # fmt: skip
    method = methods.module(options.method)
    prepared: Prepared = method.prepare(options, encoder)
    card = _card(options, base, prepared, limit)
    if out.exists() and any(out.iterdir()):
        report = _finished(out, card, prepared)
        if processes.first():
            shutil.rmtree(work, ignore_errors=True)  # a kill may have left it
        return report
    with processes.in_turn():
        state = checkpoints.folder_of(work, card["fingerprint"])
        broken = checkpoints.discard(state)
        checkpoint = checkpoints.last(state)
    if broken or checkpoint is not None:
        say(_resumed(broken, checkpoints.step(checkpoint)))
    corda = calibration(options, encoder, prepared)
    own = work if processes.first() else work.with_name(f"{work.name}.{processes.rank()}")  # made before training
    tuned = load(options, base, own, getattr(method, "HEAD", "causal"), corda)
    setup = Setup(options, tuned, tokenizer, prepared, state, checkpoint, progress)
    trained: Trained = method.run(setup)
    if not trained.losses or not all(map(math.isfinite, trained.losses)):
        raise InputError(f"training did not converge: a loss is not finite, lower learning_rate "
                         f"{options.learning_rate:g}")  # fmt: skip
    card |= {"final_loss": trained.losses[-1], "measures": trained.measures, **trained.facts}
    if processes.first():
        _write(trained, setup, card, out)
    processes.wait()
    shutil.rmtree(own, ignore_errors=not processes.first())
    return TrainReport(out, card, trained.losses, prepared.ledger, checkpoints.step(setup.checkpoint))


def _card(options: TrainOptions, base: Path, prepared: Prepared, limit: int) -> dict[str, Any]:
    """What decides the weights, without any path of this machine."""
    settings = without_paths({name: value for name, value in asdict(options).items() if name not in ("model", "data")})
    settings |= {"max_tokens": limit, "threads": torch.get_num_threads(), "steps": prepared.steps}
    weights = {source.name: source.weight for source in options.data}
    decides = {
        "model": {"name": base.name, "fingerprint": models.fingerprint(base)},
        "options": json.loads(tables.canonical_json(settings)),
        "sources": {name: {"weight": weights.get(name), **facts} for name, facts in prepared.sources.items()},
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "processes": processes.count(),
        **({"sharded": True} if processes.sharded() else {}),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    return {"fingerprint": tables.fingerprint(decides), **decides, "tokens": int(prepared.tokens.sum())}


def _finished(out: Path, card: dict[str, Any], prepared: Prepared) -> TrainReport:
    found = models.read_json(out / CARD) if (out / CARD).is_file() else {}
    if found.get("fingerprint") != card["fingerprint"]:
        raise InputError(f"{out}: the folder is not empty and holds something else, expected a new folder")
    return TrainReport(out, found, found["losses"], prepared.ledger, prepared.steps)


def _resumed(broken: list[str], step: int) -> str:
    """What becomes of a run that was stopped."""
    where = f"goes on from step {step}" if step else "begins anew"
    if not broken:
        return where
    found = f"{', '.join(broken)} {'were' if len(broken) > 1 else 'was'} half written, by a kill or on a full disk"
    return f"{where}: {found}, and removed"


def _write(trained: Trained, setup: Setup, card: dict[str, Any], out: Path) -> None:
    """Write the model folder under a temporary name, sync it and rename it."""
    temporary = out.with_name(f".{out.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    card |= setup.tuned.write(trained.model, temporary, shown(setup.prepared))
    card["losses"] = trained.losses
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
