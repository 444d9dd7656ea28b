"""Which rows of the embeddings move: of a model with new tokens, those of the new ones alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from curation.errors import InputError

from .. import models
from ..options.tunings import Vocabulary

NEW_TOKENS = "new_tokens.json"  # beside the weights of an expanded model: `first` new id and `count`


@dataclass(frozen=True)
class Held:
    """Rows of a weight that must not move, and what they are: all but `first` to `first + count`."""

    name: str
    weight: torch.nn.Parameter
    first: int
    count: int
    before: torch.Tensor
    after: torch.Tensor

    def put_back(self) -> None:
        """Make the rows what they were: weight decay shrinks what has no gradient too."""
        with torch.no_grad():
            self.weight[: self.first] = self.before.to(self.weight.device)
            self.weight[self.first + self.count :] = self.after.to(self.weight.device)


def new_tokens(folder: Path) -> tuple[int, int]:
    """First id and number of the new tokens of an expanded model.

    Raises:
        InputError: for a model whose vocabulary was not expanded.
    """
    path = folder / NEW_TOKENS
    if not path.is_file():
        raise InputError(f"{folder}: no {NEW_TOKENS}, expected a model whose vocabulary was expanded, for rows "
                         "that are new")  # fmt: skip
    found = models.read_json(path)
    first, count = found.get("first"), found.get("count")
    if not (isinstance(first, int) and isinstance(count, int) and first >= 0 and count >= 1):
        raise InputError(f"{path}: first is {first!r} and count is {count!r}, expected an id and a number of tokens")
    return first, count


def hold(model: Any, folder: Path, options: Vocabulary) -> None:
    """Let only the new rows of the embeddings move, as the options say; both are one weight in a tied model.

    The old rows get no gradient, so that Adam leaves them alone, and are put back before every pass, since weight decay
    does not.

    Raises:
        InputError: for a model whose vocabulary was not expanded, or where none of the rows in question is trained.
    """
    if options == Vocabulary():
        return
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    wanted = {"input": options.input, "output": options.input if tied else options.output}
    weights = {"input": model.get_input_embeddings().weight, "output": model.get_output_embeddings().weight}
    if tied:
        del wanted["output"]
    if "new" not in wanted.values():
        if options.output == "new":
            raise InputError(f"vocabulary.output is 'new' and {folder.name} has one weight for input and output, "
                             "expected vocabulary.input, which counts there")  # fmt: skip
        return
    first, count = new_tokens(folder)
    held = []
    for name, rows in wanted.items():
        weight = weights[name]
        if rows != "new":
            continue
        if not weight.requires_grad:
            raise InputError(f"vocabulary.{name} is 'new' and that embedding is not trained, expected 'all', or "
                             "trainable to name it")  # fmt: skip
        if first + count > len(weight):
            raise InputError(f"{folder / NEW_TOKENS}: names ids up to {first + count}, found {len(weight)} rows in the "
                             f"{name} embedding")  # fmt: skip
        kept = weight.detach()
        held.append(Held(name, weight, first, count, kept[:first].clone(), kept[first + count :].clone()))
        moving = torch.zeros(len(weight), 1)
        moving[first : first + count] = 1
        weight.register_hook(lambda gradient, moving=moving: gradient * moving.to(gradient))  # type: ignore[misc]
    model.held_rows = held
    model.register_forward_pre_hook(lambda *_: put_back(model))


def put_back(model: Any) -> None:
    """Make the held rows of a model what they were; of one that holds none, nothing."""
    for held in getattr(model, "held_rows", ()):
        held.put_back()
