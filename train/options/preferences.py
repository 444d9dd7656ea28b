"""Settings of the methods that learn which answer is better."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curation.errors import InputError

DpoLoss = Literal["sigmoid", "ipo", "hinge", "sigmoid_norm", "sft"]
DPO_LOSSES: tuple[DpoLoss, ...] = ("sigmoid", "ipo", "hinge", "sigmoid_norm", "sft")


def _require(valid: bool, field_name: str, found: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{field_name} is {found!r}, expected {expected}")


@dataclass(frozen=True)
class Preferences:
    """What dpo, kto, orpo, slic and rrhf have in common.

    Attributes:
        held_out: comparisons, a file or a folder, that are not trained on: the run card says in how many of their pairs
            the better answer is the likelier one, before and after. Rows that do not fit are left out of it as they are
            of training.
    """

    held_out: Path | None = None

    def __post_init__(self) -> None:
        if self.held_out is not None:
            object.__setattr__(self, "held_out", Path(self.held_out))


@dataclass(frozen=True)
class Dpo:
    """Direct preference optimisation (arXiv 2305.18290) against the model that training starts from.

    Attributes:
        beta: how much leaving that model costs; 0.1 is the paper's (appendix B; 0.5 for summaries). Of `ipo` it is tau.
        losses: summed. `sigmoid` is the paper's; `ipo` (arXiv 2310.12036, on means over tokens), `hinge` (arXiv
            2309.06657) and `sigmoid_norm` (differences over lengths) stand in its place. `sft` beside one of them is
            the loss a token of the better answer, which keeps its probability from falling with that of the worse one
            (RPO, arXiv 2404.19733).
        weights: of the losses, 1 each unless given.
        precompute: ask that model once, before training, in place of keeping it in memory.
    """

    beta: float = 0.1
    losses: tuple[DpoLoss, ...] = ("sigmoid",)
    weights: tuple[float, ...] = ()
    precompute: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "losses", tuple(self.losses))
        object.__setattr__(self, "weights", tuple(self.weights))
        _require(0 < self.beta < math.inf, "dpo.beta", self.beta, "a number above 0")
        known = all(loss in DPO_LOSSES for loss in self.losses)
        _require(known and len(set(self.losses)) == len(self.losses), "dpo.losses", list(self.losses),
                 "different ones of " + ", ".join(DPO_LOSSES))  # fmt: skip
        _require(bool(set(self.losses) - {"sft"}), "dpo.losses", list(self.losses), "one that compares, beside sft")
        weights = self.weights
        fits = len(weights) in (0, len(self.losses)) and all(0 < weight < math.inf for weight in weights)
        _require(fits, "dpo.weights", list(weights), f"{len(self.losses)} numbers above 0, or none")


@dataclass(frozen=True)
class Kto:
    """Kahneman-Tversky optimisation (arXiv 2402.01306) of single answers, good or bad.

    Attributes:
        beta: how fast gains and losses saturate; 0.1 is the paper's (section 4.2).
        desirable: weight of good answers; 1 for both kinds is the paper's, where there are as many of them.
        undesirable: weight of bad answers. Elsewhere (equation 9) desirable x good / (undesirable x bad), with the
            numbers of answers, is to be from 1 to 3/2, or to 4/3 as TRL's documentation has it: with four times as many
            good ones, `undesirable` 3 to 4 is within both.
    """

    beta: float = 0.1
    desirable: float = 1.0
    undesirable: float = 1.0

    def __post_init__(self) -> None:
        for name in ("beta", "desirable", "undesirable"):
            value = getattr(self, name)
            _require(0 < value < math.inf, f"kto.{name}", value, "a number above 0")


@dataclass(frozen=True)
class Orpo:
    """Odds ratio preference optimisation (arXiv 2403.07691); no reference model.

    Attributes:
        beta: weight of the odds ratio beside the likelihood of the better answer (lambda in the paper, 0.1 to 0.25).
    """

    beta: float = 0.1

    def __post_init__(self) -> None:
        _require(0 < self.beta < math.inf, "orpo.beta", self.beta, "a number above 0")


@dataclass(frozen=True)
class Slic:
    """Sequence likelihood calibration (SLiC-HF, arXiv 2305.10425); no reference model.

    The defaults are conventions: public implementations have a margin of 1 and weights of 0.1 to 0.5.

    Attributes:
        delta: margin in nats by which the better answer shall be the likelier one.
        weight: of the likelihood of the better answer, which takes the place of the paper's fine-tuning targets
            (lambda). Whole answers count: the longer they are, the smaller it may be.
    """

    delta: float = 1.0
    weight: float = 0.5

    def __post_init__(self) -> None:
        _require(0 < self.delta < math.inf, "slic.delta", self.delta, "a number above 0")
        _require(0 <= self.weight < math.inf, "slic.weight", self.weight, "a number of at least 0")
