"""Settings of unlearning."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curation.errors import InputError

Forgetting = Literal["gradient_ascent", "gradient_difference", "npo"]
Keeping = Literal["nll", "kl"]
FORGETTING: tuple[Forgetting, ...] = ("gradient_ascent", "gradient_difference", "npo")
KEEPING: tuple[Keeping, ...] = ("nll", "kl")


def _require(valid: bool, field_name: str, found: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{field_name} is {found!r}, expected {expected}")


@dataclass(frozen=True)
class Unlearning:
    """What is done with the rows of `data`, which the model is to forget, and with rows that it is to keep.

    Attributes:
        loss: `npo` (arXiv 2404.05868) lowers the likelihood of a row the less, the further it has fallen;
            `gradient_ascent` (arXiv 2210.01504) lowers it without a bound; `gradient_difference` (arXiv 2203.12817)
            does too, and learns the rows of `retain` beside it.
        retain: files or folders of rows that the model is to keep, as many of them in a step as of those to forget.
            `gradient_difference` needs them, `npo` takes them, and with `gradient_ascent` they are only measured.
        retain_loss: what is asked of those rows: `nll`, that they stay likely, or `kl`, that the model predicts in
            them what it predicted before (Maini et al. 2024, arXiv 2401.06121).
        retain_weight: of that loss beside the forgetting; 0 only measures.
        beta: of `npo`, how soon a row that became unlikely counts less; 0.1 is the paper's.
        max_forget_loss: nats a token; training ends with the step in which the rows to forget reach it. Unset, the loss
            of a guess among all tokens, beyond which a model is not ignorant but wrong.
    """

    loss: Forgetting = "npo"
    retain: tuple[Path, ...] = ()
    retain_loss: Keeping = "nll"
    retain_weight: float = 1.0
    beta: float = 0.1
    max_forget_loss: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "retain", tuple(Path(path) for path in self.retain))
        _require(self.loss in FORGETTING, "unlearning.loss", self.loss, "one of " + ", ".join(FORGETTING))
        _require(
            self.retain_loss in KEEPING, "unlearning.retain_loss", self.retain_loss, "one of " + ", ".join(KEEPING)
        )
        needs = self.loss == "gradient_difference"
        _require(bool(self.retain) or not needs, "unlearning.retain", list(self.retain),
                 "at least one file of rows to keep with gradient_difference")  # fmt: skip
        _require(0 <= self.retain_weight < math.inf, "unlearning.retain_weight", self.retain_weight,
                 "a number of at least 0")  # fmt: skip
        _require(self.retain_weight > 0 or not needs, "unlearning.retain_weight", self.retain_weight,
                 "a number above 0 with gradient_difference")  # fmt: skip
        _require(0 < self.beta < math.inf, "unlearning.beta", self.beta, "a number above 0")
        limit = self.max_forget_loss
        _require(limit is None or 0 < limit < math.inf, "unlearning.max_forget_loss", limit, "a number above 0")
