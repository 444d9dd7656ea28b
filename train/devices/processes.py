"""One of several processes of a run, as `accelerate launch` starts them: all train, the first one alone writes."""

import contextlib
import os
from collections.abc import Iterator

import torch
from torch import distributed, nn
from torch.distributed.tensor import DTensor

from curation.errors import InputError


def count() -> int:
    """Processes of this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Number of this process, from 0."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def first() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def join() -> None:
    """Meet the other processes and take a device; nothing where there are none.

    Raises:
        InputError: for a way of sharing weights out that would not be followed.
    """
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true":
        version = os.environ.get("FSDP_VERSION", "1")
        if not torch.cuda.is_available():
            raise InputError(
                "use_fsdp is set and there is no GPU, expected one: accelerate leaves weights whole on CPUs"
            )
        if version != "2":
            raise InputError(f"fsdp_version is {version}, expected 2")
    if count() > 1:
        from accelerate import PartialState

        PartialState(cpu=not torch.cuda.is_available())


def wait() -> None:
    """Go on when all processes have come here."""
    if count() > 1:
        distributed.barrier()


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """The first process before the others."""
    if not first():
        wait()
    yield
    if first():
        wait()


def whole(model: nn.Module) -> nn.Module:
    """The model with all of its weights in every process, of which FSDP may have left a part in each.

    Every process must call it.
    """
    found: dict[int, nn.Parameter] = {}  # a weight that two layers share stays one
    for module in model.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            part: object = weight
            if not isinstance(part, DTensor):
                continue
            if id(weight) not in found:
                full = part.full_tensor().detach()
                found[id(weight)] = nn.Parameter(full, requires_grad=weight.requires_grad)
            setattr(module, name, found[id(weight)])
    return model
