"""Models that are to be merged: read a part of a tensor at a time, seen to have one shape before anything is merged."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from curation.errors import InputError

from .. import models
from . import writing

PART = 1 << 19  # entries of a tensor that are read at once: two megabytes in float32

# What decides the meaning of a weight beside its shape; other settings (such as dropout) may differ.
_ARCHITECTURE = ("model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                 "num_key_value_heads", "intermediate_size", "tie_word_embeddings", "rope_theta", "rope_parameters",
                 "rope_scaling", "hidden_act", "head_dim")  # fmt: skip


class Parent:
    """The tensors of a model folder, each read when it is asked for.

    Attributes:
        folder: of the model.
        shapes: of every tensor by its name.
        types: of every tensor by its name, as safetensors names them.
        config: its configuration.
    """

    def __init__(self, folder: Path) -> None:
        """See what a folder's weights are.

        Raises:
            InputError: for an adapter, weights that are no safetensors, or a damaged file.
        """
        if (folder / "adapter_config.json").is_file():
            raise InputError(f"{folder}: is an adapter, expected a whole model; merge it into its base first")
        self.folder = models.locate(str(folder))
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            raise InputError(f"{self.folder}: its weights are pickles, expected model.safetensors")
        self.config = models.read_json(self.folder / "config.json")
        self._place: dict[str, tuple[Path, int]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.types: dict[str, str] = {}
        for file in files:
            try:
                with safe_open(file, framework="pt") as whole:
                    pieces = {name: whole.get_slice(name) for name in whole.keys()}  # noqa: SIM118, no mapping
                    shapes = {name: tuple(piece.get_shape()) for name, piece in pieces.items()}
                    types = {name: piece.get_dtype() for name, piece in pieces.items()}
            except SafetensorError as error:
                raise InputError(f"{file}: cannot be read ({error}), expected whole weights") from error
            if twice := sorted(shapes.keys() & self.shapes.keys()):
                raise InputError(f"{file}: holds {twice[0]} a second time, expected each tensor in one file")
            self.shapes.update(shapes)
            self.types.update(types)
            self._place.update({name: (file, begin) for name, begin in writing.places(file).items()})

    def parts(self, name: str, entries: int = PART) -> Iterator[torch.Tensor]:
        """A tensor, flat and as it is stored, so many entries at a time.

        Read and not mapped, since mapped pages would stay with the process until the last tensor.

        Raises:
            InputError: for one that holds no floating-point numbers, or a file that was cut since it was opened.
        """
        kind = writing.number_type(self.types[name])
        if kind is None:
            raise InputError(f"{self.folder}: {name} is of type {self.types[name]}, expected weights that are "
                             "floating-point numbers, none that are quantised")  # fmt: skip
        file, begin = self._place[name]
        whole = torch.Size(self.shapes[name]).numel()
        for at in range(0, whole, entries):
            made = torch.empty(min(entries, whole - at), dtype=kind)
            with file.open("rb") as stream:
                stream.seek(begin + at * kind.itemsize)
                read = stream.readinto(made.view(torch.uint8).numpy().data)
            if read != made.nbytes:
                raise InputError(f"{file}: {name} ends after {at * kind.itemsize + read} of {whole * kind.itemsize} "
                                 "bytes, expected a whole file")  # fmt: skip
            yield made

    @property
    def layers(self) -> int:
        """Layers of the model, at least one."""
        return max(1, int(self.config.get("num_hidden_layers", 1)))


def opened(folders: Sequence[Path]) -> list[Parent]:
    """Open models and see that they can be merged.

    Raises:
        InputError: naming the first model, setting, tensor or token that differs.
    """
    found = [Parent(folder) for folder in folders]
    for other in found[1:]:
        _same(found[0], other)
    return found


def _same(first: Parent, other: Parent) -> None:
    for key in _ARCHITECTURE:
        ours, theirs = first.config.get(key), other.config.get(key)
        if ours != theirs:
            raise InputError(
                f"{other.folder}/config.json: {key} is {theirs!r}, expected {ours!r} as {first.folder} has"
            )
    for name in sorted({*first.shapes, *other.shapes}):
        if name not in other.shapes or name not in first.shapes:
            lacking, having = (other, first) if name not in other.shapes else (first, other)
            raise InputError(f"{lacking.folder}: has no tensor {name}, expected it as {having.folder} has it")
        if first.shapes[name] != other.shapes[name]:
            raise InputError(f"{other.folder}: {name} has the shape {list(other.shapes[name])}, expected "
                             f"{list(first.shapes[name])} as {first.folder} has it")  # fmt: skip
    _same_tokens(first.folder, other.folder)


def _same_tokens(first: Path, other: Path) -> None:
    """Rows of an embedding mean tokens: equal shapes with another vocabulary would mix words."""
    ours, theirs = models.tokenizer(first).get_vocab(), models.tokenizer(other).get_vocab()
    if ours != theirs:
        token = min({*ours, *theirs}, key=lambda one: (ours.get(one) == theirs.get(one), ours.get(one, 1 << 60), one))
        found, expected = (str(of.get(token, "none")) for of in (theirs, ours))
        raise InputError(f"{other}: token {token!r} has the number {found}, expected {expected} as {first} has it: "
                         "their vocabularies differ")  # fmt: skip
