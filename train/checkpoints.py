"""Checkpoints that a killed run goes on from: whole or not there, and never another run's."""

import shutil
from pathlib import Path

COMPLETE = "complete"  # marks a checkpoint whose files are all there
KEPT = ("expanded",)  # beside the checkpoints of runs: what tunings make before training


def folder_of(work: Path, fingerprint: str) -> Path:
    """The checkpoints' folder of this very run, made where it is not there; those of other runs are removed."""
    state = work / fingerprint
    if work.is_dir():
        for other in work.iterdir():
            if other != state and other.name not in KEPT:
                shutil.rmtree(other)
    state.mkdir(parents=True, exist_ok=True)
    return state


def named(state: Path, step: int) -> Path:
    """Folder of the checkpoint after a step, as transformers calls it."""
    return state / f"checkpoint-{step}"


def mark(checkpoint: Path) -> None:
    """Say that all files of a checkpoint are there."""
    (checkpoint / COMPLETE).touch()


def last(state: Path) -> Path | None:
    """The newest complete checkpoint; those that a kill left incomplete are removed."""
    complete = []
    for folder in state.glob("checkpoint-*"):
        if (folder / COMPLETE).is_file():
            complete.append(folder)
        else:
            shutil.rmtree(folder)
    return max(complete, key=step, default=None)


def step(checkpoint: Path | None) -> int:
    """After which step a checkpoint was written, 0 for none."""
    return 0 if checkpoint is None else int(checkpoint.name.rpartition("-")[2])
