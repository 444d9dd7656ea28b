"""One of several processes of a run, as `accelerate launch` starts them: all train, the first one alone writes."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import torch
from torch import distributed

from curation.errors import InputError

Row = TypeVar("Row")


def count() -> int:
    """Processes of this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Number of this process, from 0."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def first() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def sharded() -> bool:
    """Whether weights are shared out among the processes (FSDP)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def join() -> None:
    """Meet the other processes and take a device; nothing where there are none.

    Raises:
        InputError: for a way of sharing weights out that would not be followed.
    """
    on_cpu = not torch.cuda.is_available()
    if sharded():
        version = os.environ.get("FSDP_VERSION", "1")
        if version != "2":
            raise InputError(f"fsdp_version is {version}, expected 2")
        if count() < 2:
            raise InputError("use_fsdp is set with 1 process, expected several to share weights out among")
        # Else all processes but the first would read no weights, which checks and references need.
        os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"
    if count() > 1:
        from accelerate import PartialState

        PartialState(cpu=on_cpu)
        if sharded() and on_cpu:
            _share_on_cpu()


def _share_on_cpu() -> None:
    """Say what accelerate leaves out on CPUs (1.15, `AcceleratorState`): that weights are shared out."""
    from accelerate import Accelerator, PartialState
    from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

    state = Accelerator(cpu=True).state
    state.fsdp_plugin = FullyShardedDataParallelPlugin()
    state.distributed_type = PartialState().distributed_type = DistributedType.FSDP


def configuration() -> dict[str, Any]:
    """What transformers is told of the processes: to take them as `join` left them, where it would not find them so."""
    if sharded() and not torch.cuda.is_available():
        return {"accelerator_config": {"use_configured_state": True}}
    return {}


def wait() -> None:
    """Go on when all processes have come here."""
    if count() > 1:
        distributed.barrier()


def gathered(values: torch.Tensor) -> torch.Tensor:
    """What all processes have, (rows of all, ...): that of the first, then of the second; (rows, ...) in each."""
    if count() == 1:
        return values
    given = values.to("cuda" if torch.cuda.is_available() else "cpu").contiguous()
    parts = [torch.empty_like(given) for _ in range(count())]
    distributed.all_gather(parts, given)
    return torch.cat(parts).to(values.device)


def gathered_rows(rows: Sequence[Row]) -> list[Row]:
    """The same for rows of any kind, such as answers."""
    if count() == 1:
        return list(rows)
    parts: list[Any] = [None] * count()
    distributed.all_gather_object(parts, list(rows))
    return [row for part in parts for row in part]


def add_up(*values: torch.Tensor) -> None:
    """Let each tensor be the sum of what all processes have in it."""
    if count() > 1:
        for tensor in values:
            distributed.all_reduce(tensor)


def share(parts: Sequence[Row]) -> Sequence[Row]:
    """Those of the parts of a batch that this process works on."""
    return parts[rank() :: count()]


def own(rows: int) -> slice:
    """The part of this process where every process has as many of all `rows`."""
    share = rows // count()
    return slice(rank() * share, (rank() + 1) * share)


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """The first process before the others."""
    if not first():
        wait()
    yield
    if first():
        wait()
