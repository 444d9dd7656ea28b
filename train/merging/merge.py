"""Models merged part by part: memory for some megabytes of each of them, whatever the size of model and tensors."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash

from curation import storage, tables
from curation.errors import InputError

from .. import models
from ..options.merging import MergeOptions
from . import deltas, depth, interpolation, writing
from .parents import Parent, opened

CARD = "merge.json"


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
        progress: told the bytes that are written.

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

    def parts(name: str) -> Iterator[torch.Tensor]:
        for made in _merged(name, parents, ground, options, seen):
            progress(made.nbytes)
            yield made

    out.mkdir(parents=True, exist_ok=True)
    writing.write(first.shapes, first.types, parts, out)
    for name in (*models.COMPANIONS, "config.json"):
        if (first.folder / name).is_file():
            shutil.copyfile(first.folder / name, out / name)
    card = _card(parents, ground, options, seen)
    storage.write_text(tables.canonical_json(card) + "\n", out / CARD)
    return card


def _merged(
    name: str, parents: list[Parent], ground: Parent | None, options: MergeOptions, seen: _Seen
) -> Iterator[torch.Tensor]:  # fmt: skip
    """The merged tensor in parts, in the type that the first model has for it."""
    empty = 0 in parents[0].shapes[name]
    if empty:
        return
    made = _between(name, parents, options, seen) if ground is None else _added(name, parents, ground, options, seen)
    for part in made:
        if not all(map(torch.isfinite, torch.aminmax(part))):  # NaN is both the least and the largest
            raise InputError(_not_finite(name, [*parents, *([ground] if ground is not None else [])]))
        yield part.to(writing.number_type(parents[0].types[name]))


def _not_finite(name: str, models: Sequence[Parent]) -> str:
    """Whose weights are no numbers; or that those of all are, and their merging left what can be written."""
    for model in models:
        for part in model.parts(name):
            if not bool(part.isfinite().all()):
                return (f"{model.folder}: {name} has values that are NaN or infinite, expected numbers; a run that "
                        "diverged leaves such weights")  # fmt: skip
    return f"{name}: holds numbers that are not finite after merging, expected finite weights; lower scale or weights"


def _read(name: str, parents: Sequence[Parent]) -> Iterator[list[torch.Tensor]]:
    """A tensor of each model in float32, part by part."""
    for parts in zip(*(parent.parts(name) for parent in parents), strict=True):
        yield [part.float() for part in parts]


def _between(name: str, parents: list[Parent], options: MergeOptions, seen: _Seen) -> Iterator[torch.Tensor]:
    """On the line or arcs between the models: a pass for their angles, one for the sum."""
    products = np.zeros((len(parents), len(parents)))
    for parts in _read(name, parents):
        products += interpolation.products(parts)
        seen.apart += _square(parts[-1] - parts[0])
    seen.length += float(products[0, 0])
    found = interpolation.tree(products, options.method, depth.value_at(name, options.points, parents[0].layers))
    seen.cosines += found.cosines
    seen.straight += found.straight
    seen.ratios += found.ratios
    weights = [float(weight) for weight in found.weights]
    for parts in _read(name, parents):
        made = weights[0] * parts[0]
        for weight, part in zip(weights[1:], parts[1:], strict=True):
            made += weight * part
        yield made


def _added(
    name: str, parents: list[Parent], ground: Parent, options: MergeOptions, seen: _Seen
) -> Iterator[torch.Tensor]:  # fmt: skip
    """The base and the merged differences from it."""
    products = np.zeros((2, 2))
    weights = options.weights or (1.0,) * len(parents)
    change = _changes(name, parents, ground, options, weights)
    for start, *parts in _read(name, [ground, *parents]):
        differences = [part - start for part in parts]
        products += interpolation.products([differences[0], differences[-1]])
        seen.apart += _square(parts[-1] - parts[0])
        seen.length += _square(parts[0])
        made = change(differences)
        made *= options.scale
        made += start
        yield made
    if len(parents) > 1:
        seen.cosines.append(interpolation.cosine(products))


def _changes(
    name: str, parents: list[Parent], ground: Parent, options: MergeOptions, weights: Sequence[float]
) -> Callable[[list[torch.Tensor]], torch.Tensor]:  # fmt: skip
    """What merges the differences of each part, given in order, into one."""

    def differences() -> Iterator[list[torch.Tensor]]:
        for start, *parts in _read(name, [ground, *parents]):
            yield [part - start for part in parts]

    match options.method:
        case "ties":
            cuts = deltas.cuts(differences, options.density)
            equal = [0] * len(parents)

            def ties(found: list[torch.Tensor]) -> torch.Tensor:
                for at, cut in enumerate(cuts):
                    found[at], equal[at] = deltas.trimmed(found[at], cut, equal[at])
                return deltas.elected(found, weights, options.normalise)

            return ties
        case "dare":
            factors = _factors(name, differences, len(parents), options)
            generators = _generators(name, len(parents), options)

            def dare(found: list[torch.Tensor]) -> torch.Tensor:
                kept = [factor * deltas.drawn(one, options.density, generator)
                        for factor, one, generator in zip(factors, found, generators, strict=True)]  # fmt: skip
                return deltas.task_arithmetic(kept, weights, options.normalise)

            return dare
    return lambda found: deltas.task_arithmetic(found, weights, options.normalise)


def _factors(
    name: str, differences: Callable[[], Iterator[list[torch.Tensor]]], models: int, options: MergeOptions
) -> list[float]:  # fmt: skip
    """What the drawn entries of each model are multiplied by."""
    if options.rescale == "share":
        return [1 / options.density] * models
    generators = _generators(name, models, options)
    before, after = [0.0] * models, [0.0] * models
    for found in differences():
        for at, (one, generator) in enumerate(zip(found, generators, strict=True)):
            before[at] += float(one.abs().sum(dtype=torch.float64))
            after[at] += float(deltas.drawn(one, options.density, generator).abs().sum(dtype=torch.float64))
    return [deltas.restoring(*sums) for sums in zip(before, after, strict=True)]


def _generators(name: str, models: int, options: MergeOptions) -> list[torch.Generator]:
    """One for a tensor of each model, so that what is drawn depends on no order of tensors."""
    seeds = (
        xxhash.xxh3_64_intdigest(tables.canonical_json([options.seed, name, number]).encode()) >> 1
        for number in range(models)
    )
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _square(part: torch.Tensor) -> float:
    """Sum of the squares of the entries, in float64."""
    return float(interpolation.products([part])[0, 0])


def _card(parents: list[Parent], ground: Parent | None, options: MergeOptions, seen: _Seen) -> dict[str, Any]:
    cosines = torch.tensor(seen.cosines or [1.0], dtype=torch.float64)
    everyone = [*parents, *([] if ground is None else [ground])]
    called = told_apart([parent.folder for parent in everyone])
    named = [
        {"name": name, "fingerprint": models.fingerprint(parent.folder)}
        for name, parent in zip(called, everyone, strict=True)
    ]
    return {
        "options": asdict(options),
        "parents": named[: len(parents)],
        "base": None if ground is None else named[-1],
        "tensors": len(parents[0].shapes),
        "cosine": {"lowest": float(cosines.min()), "median": float(cosines.median())},
        "straight": seen.straight / len(seen.cosines) if seen.cosines and ground is None else None,
        "length_ratio": sum(seen.ratios) / len(seen.ratios) if seen.ratios else None,
        "distance": {"between": seen.apart**0.5, "relative": (seen.apart / seen.length) ** 0.5 if seen.length else 0.0},
    }


def told_apart(folders: Sequence[Path]) -> list[str]:
    """Names of folders: their last parts, as many as tell different folders of one name apart (`first/train`).

    Whole paths of this machine would mean nothing elsewhere.
    """
    parts = [folder.resolve().parts[1:] for folder in folders]

    def tail(own: tuple[str, ...]) -> str:
        alike = {other for other in parts if other[-1:] == own[-1:]}
        lengths = range(1, max(map(len, alike)) + 1)  # of a folder with fewer parts all are taken
        return "/".join(own[-next(n for n in lengths if len({other[-n:] for other in alike}) == len(alike)) :])

    return [tail(own) for own in parts]
