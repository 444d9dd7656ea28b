"""Block expansion (LLaMA-Pro: Wu et al. 2024, arXiv 2401.02415): new layers that at first do nothing, to be trained.

A new block is a copy of the one before it whose two outputs (`o_proj` of attention, `down_proj` of the network) are
zero: what it adds to the residual stream is nothing, so the model gives the same logits, bit for bit, until training
moves it. The rest stays frozen; the result is a plain checkpoint of a deeper model.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2
import torch

from curation import storage
from curation.errors import InputError

from .. import models
from ..merging import writing
from ..merging.parents import Parent
from ..options.blocks import Blocks

FAMILIES = ("llama", "qwen2", "qwen3", "mistral")  # layouts seen to give identical logits
_BLOCK = re2.compile(r"^(model\.layers\.)(\d+)(\..+)$")
_SILENT = re2.compile(r"\.(?:self_attn\.o_proj|mlp\.down_proj)\.(?:weight|bias)$")


@dataclass(frozen=True)
class Layer:
    """A layer of the expanded model: the number of the layer it is or copies, and whether it is new."""

    source: int
    new: bool


def plan(layers: int, blocks: Blocks) -> list[Layer]:
    """The layers of the expanded model in order.

    Raises:
        InputError: when the groups do not divide the layers.
    """
    if layers % blocks.groups:
        raise InputError(f"blocks.groups is {blocks.groups}, expected a divisor of {layers}, the layers of the model")
    old = [Layer(number, False) for number in range(layers)]
    many = blocks.groups * blocks.copies
    match blocks.placement:
        case "suffix":
            return [*old, *[Layer(layers - 1, True)] * many]
        case "prefix":
            return [*[Layer(0, True)] * many, *old]
    size = layers // blocks.groups
    ends = [Layer(number, True) for number in range(size - 1, layers, size)]
    return [
        layer
        for number in range(layers)
        for layer in (old[number], *([ends[number // size]] * blocks.copies if (number + 1) % size == 0 else []))
    ]


def new_layers(layers: Sequence[Layer]) -> list[int]:
    """Numbers of the new layers in the expanded model."""
    return [number for number, layer in enumerate(layers) if layer.new]


def expand(base: Path, out: Path, blocks: Blocks) -> list[int]:
    """Write the expanded model to a folder, a part of a tensor at a time; the numbers of its new layers.

    Raises:
        InputError: for a model of another layout, or groups that do not divide its layers.
    """
    parent = Parent(base)
    config = parent.config
    family = config.get("model_type")
    if family not in FAMILIES:
        raise InputError(f"{base}/config.json: model_type is {family!r}, expected one of {', '.join(FAMILIES)} to "
                         "add blocks to")  # fmt: skip
    layers = plan(parent.layers, blocks)
    sources = _sources(parent, layers)

    def parts(name: str) -> Iterator[torch.Tensor]:
        source, silent = sources[name]
        for found in parent.parts(source):
            yield torch.zeros_like(found) if silent else found

    shapes = {name: parent.shapes[source] for name, (source, _) in sources.items()}
    types = {name: parent.types[source] for name, (source, _) in sources.items()}
    out.mkdir(parents=True, exist_ok=True)
    writing.write(shapes, types, parts, out)
    for name in models.COMPANIONS:
        if (parent.folder / name).is_file():
            shutil.copyfile(parent.folder / name, out / name)
    storage.write_text(json.dumps(_config(config, layers), indent=2) + "\n", out / "config.json")
    return new_layers(layers)


def _sources(parent: Parent, layers: Sequence[Layer]) -> dict[str, tuple[str, bool]]:
    """For each tensor of the expanded model the one it is taken from, and whether it is zero."""
    found: dict[str, tuple[str, bool]] = {}
    names: dict[int, list[tuple[str, str, str]]] = {}
    for name in parent.shapes:
        place = _BLOCK.match(name)
        if place is None:
            found[name] = (name, False)
        else:
            names.setdefault(int(place.group(2)), []).append((name, place.group(1), place.group(3)))
    for number, layer in enumerate(layers):
        for name, before, after in names[layer.source]:
            found[f"{before}{number}{after}"] = (name, layer.new and _SILENT.search(after) is not None)
    return found


def _config(config: dict[str, Any], layers: Sequence[Layer]) -> dict[str, Any]:
    """The configuration of the deeper model; what is listed layer by layer is listed for the new ones too."""
    found = {**config, "num_hidden_layers": len(layers)}
    kinds = config.get("layer_types")
    if kinds is not None:
        found["layer_types"] = [kinds[layer.source] for layer in layers]
    return found
