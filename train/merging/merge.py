"""Models merged tensor by tensor: memory for one tensor of each of them, whatever their size."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import xxhash

from curation import storage, tables
from curation.errors import InputError

from .. import models
from ..options.merging import MergeOptions
from . import deltas, depth, interpolation, writing
from .parents import Parent, opened

CARD = "merge.json"
_BETWEEN: dict[str, Callable[[torch.Tensor, torch.Tensor, float], interpolation.Between]] = {
    "lerp": interpolation.lerp,
    "slerp": interpolation.slerp,
    "slerp_geometric": interpolation.slerp_geometric,
}


@dataclass
class _Seen:
    """What is told of the tensors: cosines between parents, arcs replaced by lines, lengths, distances."""

    cosines: list[float] = field(default_factory=list)
    straight: int = 0
    ratios: list[float] = field(default_factory=list)  # length of the result over the mean length of the parents
    apart: float = 0.0  # squares of the differences between first and last parent
    length: float = 0.0  # squares of the first parent's weights


def merge(
    folders: Sequence[Path], out: Path, options: MergeOptions, base: Path | None = None,
    progress: Callable[[int], None] = lambda size: None,
) -> dict[str, Any]:  # fmt: skip
    """Write a model whose weights are made of those of several.

    Mathematics in float32, weights in the type of the first model; tokenizer, template and settings are the first
    model's. With `merge.json` beside the weights: what was merged, how, and what was seen on the way.

    Args:
        folders: of the models, or hub names; in the order of their t and weights.
        out: folder of the result, made when it does not exist.
        options: see `MergeOptions`.
        base: model that differences are from.
        progress: told the bytes of each tensor that is written.

    Returns:
        What `merge.json` holds: parents with fingerprints, options, and over all tensors the cosine between parents,
        the share of arcs that were lines, the ratio of lengths, and how far first and last parent are apart.

    Raises:
        InputError: for models that do not fit each other or the method, or a folder that holds another model.
    """
    options.check_models(len(folders), base is not None)
    if out.is_dir() and any(out.glob("*.safetensors")):
        raise InputError(f"{out}: holds a model already, expected another folder")
    every = [*folders, *([base] if base is not None else [])]
    seen = _Seen()
    found = opened(every)
    parents, ground = found[: len(folders)], found[len(folders)] if base is not None else None
    first = parents[0]

    def tensor(name: str) -> torch.Tensor:
        made = _merged(name, parents, ground, options, seen)
        progress(made.nbytes)
        return made

    out.mkdir(parents=True, exist_ok=True)
    writing.write(first.shapes, first.types, tensor, out)
    for name in (*models.COMPANIONS, "config.json"):
        if (first.folder / name).is_file():
            shutil.copyfile(first.folder / name, out / name)
    card = _card(parents, ground, options, seen)
    storage.write_text(tables.canonical_json(card) + "\n", out / CARD)
    return card


def _merged(
    name: str, parents: list[Parent], ground: Parent | None, options: MergeOptions, seen: _Seen
) -> torch.Tensor:  # fmt: skip
    if ground is not None:
        made = _from_base(name, parents, ground, options, seen)
    else:
        made = _tree(name, parents, options, seen)
    if made.numel() and not all(map(torch.isfinite, torch.aminmax(made))):  # NaN is both the least and the largest
        raise InputError(f"{name}: holds numbers that are not finite after merging, expected finite weights")
    return made.to(writing.number_type(parents[0].types[name]))


def _tree(name: str, parents: list[Parent], options: MergeOptions, seen: _Seen) -> torch.Tensor:
    """Neighbours are merged, then the results, until one is left; each model counts the same."""
    between = _BETWEEN[options.method]
    place = depth.value_at(name, options.points, parents[0].layers)
    nodes = [(parent.tensor(name).float(), 1) for parent in parents]
    _apart(nodes[-1][0] - nodes[0][0], nodes[0][0], seen)
    while len(nodes) > 1:
        following = []
        for left, right in zip(nodes[::2], nodes[1::2], strict=False):
            t = place if len(parents) == 2 else right[1] / (left[1] + right[1])
            found = between(left[0], right[0], t)
            seen.cosines.append(found.cosine)
            seen.straight += found.straight
            lengths = (float(left[0].norm()) + float(right[0].norm())) / 2
            if lengths:
                seen.ratios.append(float(found.values.norm()) / lengths)
            following.append((found.values, left[1] + right[1]))
        nodes = following + nodes[len(following) * 2 :]
    return nodes[0][0]


def _from_base(
    name: str, parents: list[Parent], ground: Parent, options: MergeOptions, seen: _Seen
) -> torch.Tensor:  # fmt: skip
    start = ground.tensor(name).float()
    found = [parent.tensor(name).float() - start for parent in parents]
    weights = options.weights or (1.0,) * len(parents)
    _apart(found[-1] - found[0], found[0] + start, seen)
    if len(found) > 1:
        seen.cosines.append(interpolation.cosine(found[0], found[-1]))
    match options.method:
        case "ties":
            change = deltas.ties(found, weights, options.density, options.normalise)
        case "dare":
            kept = [deltas.dropped(one, options.density, _generator(name, number, options))
                    for number, one in enumerate(found)]  # fmt: skip
            change = deltas.task_arithmetic(kept, weights, options.normalise)
        case _:
            change = deltas.task_arithmetic(found, weights, options.normalise)
    change *= options.scale
    change += start
    return change


def _generator(name: str, number: int, options: MergeOptions) -> torch.Generator:
    """Of one tensor of one model, so that what is drawn depends on no order of tensors."""
    seed = xxhash.xxh3_64_intdigest(tables.canonical_json([options.seed, name, number]).encode()) >> 1
    return torch.Generator().manual_seed(seed)


def _apart(apart: torch.Tensor, first: torch.Tensor, seen: _Seen) -> None:
    """Count in how far the last parent is from the first, and the first."""
    seen.apart += interpolation.product(apart, apart)
    seen.length += interpolation.product(first, first)


def _card(parents: list[Parent], ground: Parent | None, options: MergeOptions, seen: _Seen) -> dict[str, Any]:
    cosines = torch.tensor(seen.cosines or [1.0], dtype=torch.float64)
    return {
        "options": asdict(options),
        "parents": [_named(parent) for parent in parents],
        "base": None if ground is None else _named(ground),
        "tensors": len(parents[0].shapes),
        "cosine": {"lowest": float(cosines.min()), "median": float(cosines.median())},
        "straight": seen.straight / len(seen.cosines) if seen.cosines and ground is None else None,
        "length_ratio": sum(seen.ratios) / len(seen.ratios) if seen.ratios else None,
        "distance": {"between": seen.apart**0.5, "relative": (seen.apart / seen.length) ** 0.5 if seen.length else 0.0},
    }


def _named(parent: Parent) -> dict[str, str]:
    """A parent by the name of its folder and its content; a path of this machine would mean nothing elsewhere."""
    return {"name": parent.folder.name, "fingerprint": models.fingerprint(parent.folder)}
