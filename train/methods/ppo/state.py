"""Checkpoints of PPO: weights that move as safetensors, the rest as what torch reads without running code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ... import checkpoints
from ...devices import processes, sharding
from .update import Learner

POLICY, CRITIC, OPTIMISER, LOG = "policy.safetensors", "critic.safetensors", "optimiser.pt", "log.json"
KEPT = 2  # the one before stays until the newest is complete

Log = dict[str, list[float]]


def save(state: Path, step: int, learner: Learner, log: Log) -> None:
    """Write the checkpoint after a step, and remove all but the newest. Every process must call it, the first writes.

    No generator's state is in it: what a step draws hangs on the seed and the step's number.
    """
    moving = {name: {key: sharding.gathered(weight) for key, weight in weights.items()}
              for name, weights in ((POLICY, learner.policy), (CRITIC, learner.critic))}  # fmt: skip
    optimiser = _mapped(learner.optimiser.state_dict(), lambda _, value: sharding.gathered(value))
    if not processes.first():
        return
    folder = checkpoints.named(state, step)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, weights in moving.items():
        save_file({key: weight.contiguous() for key, weight in weights.items()}, folder / name)
    torch.save({"optimiser": optimiser, "scheduler": learner.scheduler.state_dict()}, folder / OPTIMISER)
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
                weight.copy_(sharding.laid_as(saved[key], weight))
    rest = torch.load(folder / OPTIMISER, map_location="cpu", weights_only=True)
    moving = [weight for group in learner.optimiser.param_groups for weight in group["params"]]

    def laid(number: int, value: torch.Tensor) -> torch.Tensor:
        return sharding.laid_as(value, moving[number]) if value.shape == moving[number].shape else value

    learner.optimiser.load_state_dict(_mapped(rest["optimiser"], laid))
    learner.scheduler.load_state_dict(rest["scheduler"])
    return json.loads((folder / LOG).read_text(encoding="utf-8"))


def _mapped(state: dict[str, Any], of: Callable[[int, torch.Tensor], torch.Tensor]) -> dict[str, Any]:
    """An optimiser's state with a function of each weight's number and tensor in place of the tensor."""
    kept = {number: {name: of(number, value) if isinstance(value, torch.Tensor) else value
                     for name, value in each.items()} for number, each in state["state"].items()}  # fmt: skip
    return {**state, "state": kept}
