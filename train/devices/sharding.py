"""Weights shared out among the processes (FSDP2): left as they lie in each, whole for a while, or whole again."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from curation.errors import InputError

from ..options import compatibility
from ..options.run import TrainOptions
from ..options.tunings import Vocabulary
from . import processes


def check(options: TrainOptions) -> None:
    """Refuse what would not be what it is without weights shared out.

    Raises:
        InputError: for a tuning or rows of embeddings that are bound to weights that lie whole.
    """
    if not processes.sharded():
        return
    if options.tuning in compatibility.BESIDE:
        raise InputError(f"use_fsdp is set with tuning {options.tuning}, expected lora, full or blocks, or processes "
                         "without it: what stands beside a model is asked for apart from it")  # fmt: skip
    if options.vocabulary != Vocabulary():
        raise InputError("use_fsdp is set with vocabulary 'new', expected 'all', or processes without it: old rows are "
                         "held in embeddings that are whole")  # fmt: skip


def shared_out(model: Any, kept: Collection[nn.Parameter] = ()) -> Any:
    """The model, of whose weights each process keeps its part; nothing where weights are not shared out.

    Each block of layers is put together for its own pass and let go, and what is outside of them for the model's.
    Every process must make it, and ask it equally often.

    Args:
        model: of transformers or PEFT, or one that holds such a one. Its forward pass must be called as a whole.
        kept: weights that every process keeps.
    """
    if not processes.sharded():
        return model
    from accelerate.utils import FullyShardedDataParallelPlugin

    asked = FullyShardedDataParallelPlugin()
    given = {"reshard_after_forward": asked.reshard_after_forward, "offload_policy": asked.cpu_offload,
             "ignored_params": set(kept)}  # fmt: skip
    blocks = {name for part in model.modules() for name in getattr(part, "_no_split_modules", None) or ()}
    for part in list(model.modules()):
        if part is not model and type(part).__name__ in blocks:
            fully_shard(part, **given)
    fully_shard(model, **given)
    return model


def parts(model: nn.Module) -> list[FSDPModule]:
    """Modules whose weights are shared out together, the outermost first."""
    return [module for module in model.modules() if isinstance(module, FSDPModule)]


@contextlib.contextmanager
def kept_whole(model: nn.Module) -> Iterator[None]:
    """Let every process hold all weights, so that each may ask the model as often as it likes: to draw answers.

    Every process must come here.
    """
    shared = parts(model)
    states = [part._get_fsdp_state() for part in shared]
    for state in states:  # PyTorch takes the first that is called for the outermost: PEFT's `generate` calls another
        state._lazy_init()
    groups = [group for state in states for group in state._fsdp_param_groups]
    after = [group.post_forward_mesh_info for group in groups]
    for part in shared:
        part.unshard()
    for group in groups:
        group.post_forward_mesh_info = None  # not let go with the end of a pass
    try:
        yield
    finally:
        for group, mesh in zip(groups, after, strict=True):
            group.post_forward_mesh_info = mesh
        for part in shared:
            part.reshard()


def whole(model: nn.Module) -> nn.Module:
    """The model with all of its weights in every process, of which FSDP may have left a part in each; FSDP lets it go.

    Every process must call it.
    """
    shared = parts(model)
    for part in shared:
        part.reshard()
    found: dict[int, nn.Parameter] = {}  # a weight that two layers share stays one
    for module in model.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            lying: object = weight
            if not isinstance(lying, DTensor):
                continue
            if id(weight) not in found:
                full = lying.full_tensor().detach()
                found[id(weight)] = nn.Parameter(full, requires_grad=weight.requires_grad)
            setattr(module, name, found[id(weight)])
    for part in shared:  # PyTorch 2.13 has no way back from `fully_shard`
        state = part._get_fsdp_state()
        state._pre_forward_hook_handle.remove()
        state._post_forward_hook_handle.remove()
        for group in state._fsdp_param_groups:
            for held in group.fsdp_params:
                held._post_load_hook_handle.remove()
        part.__class__ = type(part).__bases__[1]
    return model


def gathered(tensor: torch.Tensor) -> torch.Tensor:
    """A weight, or what an optimiser keeps of one, whole and on the CPU for the first process; the others get an empty
    tensor in place of one that is shared out. Every process must ask."""
    if not isinstance(tensor, DTensor):
        return tensor.detach().cpu()
    full = tensor.full_tensor().detach()
    return full.cpu() if processes.first() else torch.empty(0)


def laid_as(whole: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """A whole tensor that every process has, as a weight of its shape lies in them."""
    if not isinstance(weight, DTensor):
        return whole
    given = whole.to(device=weight.device_mesh.device_type)
    return distribute_tensor(given, weight.device_mesh, weight.placements, src_data_rank=None)


def add_up_gradients(weights: Sequence[nn.Parameter]) -> None:
    """Let each weight's gradient be the sum over all processes. FSDP has left the mean."""
    for weight in weights:
        gradient: object = weight.grad
        if isinstance(gradient, DTensor):
            gradient.mul_(processes.count())
        elif processes.count() > 1 and isinstance(gradient, torch.Tensor):
            distributed.all_reduce(gradient)
