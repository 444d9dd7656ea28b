"""Checkpoints that a killed run goes on from: whole or not there, and never another run's."""

import json
import shutil
from pathlib import Path

COMPLETE = "complete"  # names the files of a checkpoint that is all there, and their sizes
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
    """Say that all files of a checkpoint are there, as long as they are."""
    sizes = {str(file.relative_to(checkpoint)): file.stat().st_size for file in checkpoint.rglob("*") if file.is_file()}
    (checkpoint / COMPLETE).write_text(json.dumps(sizes), encoding="utf-8")


def last(state: Path) -> Path | None:
    """The newest complete checkpoint; incomplete ones are removed."""
    discard(state)
    return max(state.glob("checkpoint-*"), key=step, default=None)


def discard(state: Path) -> list[str]:
    """Remove the checkpoints that a kill, or a full disk, left incomplete; their names in the order of their steps."""
    broken = sorted((folder for folder in state.glob("checkpoint-*") if not _whole(folder)), key=step)
    for folder in broken:
        shutil.rmtree(folder)
    return [folder.name for folder in broken]


def step(checkpoint: Path | None) -> int:
    """After which step a checkpoint was written, 0 for none."""
    return 0 if checkpoint is None else int(checkpoint.name.rpartition("-")[2])


def _whole(checkpoint: Path) -> bool:
    try:
        sizes = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False
