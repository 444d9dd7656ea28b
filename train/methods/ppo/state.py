"""Checkpoints of PPO: weights that move as safetensors, the rest as what torch reads without running code."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ... import checkpoints
from .update import Learner

POLICY, CRITIC, OPTIMISER, LOG = "policy.safetensors", "critic.safetensors", "optimiser.pt", "log.json"
KEPT = 2  # the one before stays until the newest is complete

Log = dict[str, list[float]]


def save(state: Path, step: int, learner: Learner, log: Log) -> None:
    """Write the checkpoint after a step, and remove all but the newest.

    No generator's state is in it: what a step draws hangs on the seed and the step's number.
    """
    folder = checkpoints.named(state, step)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, weights in ((POLICY, learner.policy), (CRITIC, learner.critic)):
        save_file({key: weight.detach().cpu().contiguous() for key, weight in weights.items()}, folder / name)
    torch.save({"optimiser": learner.optimiser.state_dict(), "scheduler": learner.scheduler.state_dict()},
               folder / OPTIMISER)  # fmt: skip
    (folder / LOG).write_text(json.dumps(log), encoding="utf-8")
    checkpoints.mark(folder)
    for old in sorted(state.glob("checkpoint-*"), key=checkpoints.step)[:-KEPT]:
        shutil.rmtree(old)


def load(folder: Path, learner: Learner) -> Log:
    """Put weights, optimiser and schedule back as they were after the checkpoint's step; what had been measured."""
    for name, weights in ((POLICY, learner.policy), (CRITIC, learner.critic)):
        saved = load_file(folder / name)
        if saved.keys() != weights.keys():
            raise RuntimeError(f"{folder / name}: found {len(saved)} weights, expected the {len(weights)} that move")
        with torch.no_grad():
            for key, weight in weights.items():
                weight.copy_(saved[key])
    device = next(iter(learner.policy.values())).device
    rest = torch.load(folder / OPTIMISER, map_location=device, weights_only=True)
    learner.optimiser.load_state_dict(rest["optimiser"])
    learner.scheduler.load_state_dict(rest["scheduler"])
    return json.loads((folder / LOG).read_text(encoding="utf-8"))
