"""LoReFT (Wu et al. 2024, arXiv 2404.03592, section 3.2): hidden states changed in a small subspace, weights untouched.

After a layer, at the first and the last positions of the prompt, a state h becomes h + R^T (W h + b - R h). The rows of
R are orthonormal and span the subspace; W and b say what h is to be in it. The positions of the answer are left alone,
so that generation with a cache of keys and values pays for the prompt only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import parametrize

from curation.errors import InputError

from ..data.encoding import IGNORED
from ..options.tunings import Loreft

TENSORS = ("rotation", "source", "bias")


class Intervention(nn.Module):
    """The change after one layer: `rotation` of shape (hidden, rank) is R^T, `source` (rank, hidden) W, `bias` b."""

    def __init__(self, hidden: int, rank: int, generator: torch.Generator) -> None:
        """Start from a random subspace with W = R and b = 0, where nothing is changed yet."""
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(hidden, rank, generator=generator))
        self.rotation = nn.Parameter(rotation)
        self.source = nn.Parameter(rotation.T.clone())
        self.bias = nn.Parameter(torch.zeros(rank))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """What is added to states of shape (..., hidden), in their type; the arithmetic is in float32."""
        found, rotation = states.float(), self.rotation
        wanted = nn.functional.linear(found, self.source - rotation.T, self.bias)
        return nn.functional.linear(wanted, rotation).to(states.dtype)


class Orthonormal(nn.Module):
    """Keeps the columns of a tall matrix orthonormal while it is trained: Q of its QR decomposition.

    torch's own `orthogonal` forms reflections instead, whose gradient costs seconds at a width of 4096.
    """

    def forward(self, matrix: torch.Tensor) -> torch.Tensor:
        """Q of shape (hidden, rank) with the sign that makes R's diagonal positive: orthonormal columns stay."""
        columns, triangle = torch.linalg.qr(matrix)
        return columns * triangle.diagonal().sign()


class Interventions(nn.Module):
    """The changes of a model's layers, and the positions at which a pass through the model makes them."""

    def __init__(self, hidden: int, layers: Sequence[int], options: Loreft, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.of = nn.ModuleDict({str(number): Intervention(hidden, options.rank, generator) for number in layers})
        self.first, self.last = options.first, options.last
        self.positions: torch.Tensor | None = None  # bool of shape (rows, positions); none where nothing is changed

    def aim(self, model: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Before a pass: find the positions. The prompt is what comes before the first label that is learned, or the
        first `prompt_tokens` (int64 of shape (rows,)) of each row, or all of a row from which generation goes on."""
        prompt, labels, cache = named.pop("prompt_tokens", None), named.get("labels"), named.get("past_key_values")
        ids = given[0] if given else named["input_ids"]
        if cache is not None and cache.get_seq_length():
            self.positions = None  # an answer's token
            return given, named
        mask = named.get("attention_mask")
        there = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        if prompt is None and labels is not None:
            begun = (labels != IGNORED).cumsum(-1) > 0
            prompt = (there & ~begun).sum(-1)
        elif prompt is None and not named.get("use_cache"):
            raise RuntimeError("LoReFT must know where each row's prompt ends, expected labels or prompt_tokens")
        elif prompt is None:
            prompt = there.sum(-1)
        place, end = there.cumsum(-1) - 1, prompt[:, None]
        near = (place < self.first) | (place >= end - self.last)
        self.positions = there & (place < end) & near
        if self.training and not self.positions.any(-1).all():
            raise InputError("tuning loreft: a row has no prompt whose positions could be changed, expected rows of "
                             "prompt and completion or conversations")  # fmt: skip
        return given, named

    def change(self, number: int) -> Any:
        """The hook of a layer that changes its output, of shape (rows, positions, hidden)."""

        def hook(layer: nn.Module, given: Any, output: Any) -> Any:
            if self.positions is None:
                return output
            states = output[0] if isinstance(output, tuple) else output
            changed = states + self.of[number_text](states) * self.positions[..., None]
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        number_text = str(number)
        return hook


def attach(model: Any, options: Loreft, seed: int) -> Interventions:
    """Freeze a causal model and put changes after its layers, which do nothing yet.

    Raises:
        InputError: for a layer that the model has not, or a rank above its width.
    """
    config = model.config.get_text_config()
    layers, hidden = model.get_decoder().layers, config.hidden_size
    numbers = options.layers or range(len(layers))
    if missing := [number for number in numbers if number >= len(layers)]:
        raise InputError(f"loreft.layers names {missing[0]}, expected numbers below {len(layers)}, the model's layers")
    if options.rank > hidden:
        raise InputError(f"loreft.rank is {options.rank}, expected at most {hidden}, the width of the model")
    model.requires_grad_(False)
    changes = Interventions(hidden, numbers, options, seed).to(model.device)
    for change in changes.of.values():
        parametrize.register_parametrization(change, "rotation", Orthonormal())
    hook(model, changes)
    return changes


def hook(model: Any, changes: Interventions) -> None:
    """Make every pass through the model go through the changes, which become its part `loreft`."""
    model.loreft = changes
    model.register_forward_pre_hook(changes.aim, with_kwargs=True)
    layers = model.get_decoder().layers
    for name in changes.of:
        layers[int(name)].register_forward_hook(changes.change(int(name)))


def write(changes: Interventions, path: Path) -> None:
    """Write the changes as safetensors: `LAYER.rotation`, `LAYER.source` and `LAYER.bias`, float32."""
    tensors = {
        f"{layer}.{name}": getattr(change, name).detach().float().cpu().contiguous()
        for layer, change in changes.of.items()
        for name in TENSORS
    }
    save_file(tensors, path, metadata={"format": "pt"})


def read(path: Path, hidden: int, options: Loreft) -> Interventions:
    """The changes of a file of `write`, frozen.

    Raises:
        InputError: when it holds other tensors than the options say.
    """
    tensors = load_file(path)
    changes = Interventions(hidden, options.layers, options, 0)
    expected = {name: weight.shape for name, weight in changes.of.state_dict().items()}
    if expected != {name: tensor.shape for name, tensor in tensors.items()}:
        raise InputError(f"{path}: found {len(tensors)} tensors, expected rotation, source and bias of rank "
                         f"{options.rank} and width {hidden} for layers {list(options.layers)}")  # fmt: skip
    changes.of.load_state_dict(tensors)
    return changes.requires_grad_(False).eval()
