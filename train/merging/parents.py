"""Models that are to be merged: opened a tensor at a time, seen to have one shape before anything is merged."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from curation.errors import InputError

from .. import models

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

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        """Open the weights of a folder until the stack ends.

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
        self._file: dict[str, Any] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.types: dict[str, str] = {}
        for file in files:
            try:
                opened = stack.enter_context(safe_open(file, framework="pt"))
            except SafetensorError as error:
                raise InputError(f"{file}: cannot be read ({error}), expected whole weights") from error
            names: list[str] = opened.keys()
            for name in names:
                if name in self._file:
                    raise InputError(f"{file}: holds {name} a second time, expected each tensor in one file")
                piece = opened.get_slice(name)
                self._file[name], self.shapes[name] = opened, tuple(piece.get_shape())
                self.types[name] = piece.get_dtype()

    def tensor(self, name: str) -> torch.Tensor:
        """A tensor, as it is stored."""
        return self._file[name].get_tensor(name)

    @property
    def layers(self) -> int:
        """Layers of the model, at least one."""
        return max(1, int(self.config.get("num_hidden_layers", 1)))


@contextlib.contextmanager
def opened(folders: Sequence[Path]) -> Iterator[list[Parent]]:
    """Open models and see that they can be merged.

    Raises:
        InputError: naming the first model, setting, tensor or token that differs.
    """
    with contextlib.ExitStack() as stack:
        found = [Parent(folder, stack) for folder in folders]
        for other in found[1:]:
            _same(found[0], other)
        yield found


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
        raise InputError(f"{other}: token {token!r} has the number {theirs.get(token)}, expected {ours.get(token)} as "
                         f"{first} has it: their vocabularies differ")  # fmt: skip
