"""Settings of the ways of tuning a model that put something beside its weights, and of the rows of its vocabulary."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curation.errors import InputError

Corda = Literal["none", "knowledge", "instruction"]
Rows = Literal["all", "new"]
CORDA: tuple[Corda, ...] = ("none", "knowledge", "instruction")
ROWS: tuple[Rows, ...] = ("all", "new")


def _require(valid: bool, field_name: str, found: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{field_name} is {found!r}, expected {expected}")


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters (arXiv 2106.09685) on the linear layers, merged into the weights at the end.

    Attributes:
        rank: inner dimension of each adapter.
        alpha: the update is scaled by alpha / rank.
        dropout: probability of dropping an input of the adapter.
        target_modules: `all-linear` (all but the output layer), or names such as ("q_proj", "v_proj").
        dora: learn the length of each row of the weights apart from its direction (DoRA, arXiv 2402.09353).
        rslora: scale the update by alpha / sqrt(rank) instead, which keeps its size at high ranks (arXiv 2312.03732).
        corda: where adapters start (CorDA, arXiv 2406.05223), from a decomposition of the weights by the covariance of
            their inputs: `knowledge` trains the directions that `corda_data` uses least, `instruction` those that it
            uses most; `none` starts from nothing, as LoRA does.
        corda_data: rows whose covariance is taken, a file or a folder; with `instruction` the training rows unless
            given. For `knowledge` they are of what is to be kept.
        corda_rows: how many of them.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    dora: bool = False
    rslora: bool = False
    corda: Corda = "none"
    corda_data: Path | None = None
    corda_rows: int = 256

    def __post_init__(self) -> None:
        if not isinstance(self.target_modules, str):
            object.__setattr__(self, "target_modules", tuple(self.target_modules))
        _require(self.rank >= 1, "lora.rank", self.rank, "at least 1")
        _require(self.alpha > 0, "lora.alpha", self.alpha, "a number above 0")
        _require(0 <= self.dropout < 1, "lora.dropout", self.dropout, "at least 0 and below 1")
        _require(bool(self.target_modules), "lora.target_modules", self.target_modules, "all-linear or names of layers")
        _require(self.corda in CORDA, "lora.corda", self.corda, "one of " + ", ".join(CORDA))
        _require(self.corda == "none" or not self.dora, "lora.dora", self.dora,
                 "false with lora.corda, which changes the weights whose lengths DoRA learns")  # fmt: skip
        _require(self.corda != "knowledge" or self.corda_data is not None, "lora.corda_data", self.corda_data,
                 "rows of the knowledge to be kept, since lora.corda is knowledge")  # fmt: skip
        _require(self.corda != "none" or self.corda_data is None, "lora.corda_data", str(self.corda_data),
                 "none unless lora.corda is set")  # fmt: skip
        _require(self.corda_rows >= 1, "lora.corda_rows", self.corda_rows, "at least 1")
        if self.corda_data is not None:
            object.__setattr__(self, "corda_data", Path(self.corda_data))


@dataclass(frozen=True)
class Prompt:
    """Prompt tuning (arXiv 2104.08691): embeddings that stand before every row.

    Attributes:
        tokens: how many.
        text: they start as the embeddings of this text, repeated or cut to their number; drawn from the vocabulary
            unless given.
    """

    tokens: int = 20
    text: str = ""

    def __post_init__(self) -> None:
        _require(self.tokens >= 1, "prompt.tokens", self.tokens, "at least 1")


@dataclass(frozen=True)
class Prefix:
    """Prefix tuning (arXiv 2101.00190): keys and values that every layer attends to before a row's own.

    Attributes:
        tokens: how many. They are learned as they are, without the paper's network before them: PEFT leaves that out of
            its checkpoints, so that a run that was cut off could not go on.
    """

    tokens: int = 20

    def __post_init__(self) -> None:
        _require(self.tokens >= 1, "prefix.tokens", self.tokens, "at least 1")


@dataclass(frozen=True)
class Loreft:
    """Low-rank changes of hidden states at positions of the prompt (LoReFT, arXiv 2404.03592, section 3).

    Attributes:
        rank: dimension of the subspace that is changed.
        first: positions at the start of the prompt.
        last: positions at its end.
        layers: numbers of the layers whose output is changed, from 0; all of them unless given.
    """

    rank: int = 4
    first: int = 4
    last: int = 4
    layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        _require(self.rank >= 1, "loreft.rank", self.rank, "at least 1")
        for name in ("first", "last"):
            _require(getattr(self, name) >= 0, f"loreft.{name}", getattr(self, name), "at least 0")
        _require(self.first + self.last >= 1, "loreft.first and loreft.last", (self.first, self.last),
                 "one of them at least 1")  # fmt: skip
        _require(len(set(self.layers)) == len(self.layers) and all(number >= 0 for number in self.layers),
                 "loreft.layers", list(self.layers), "different numbers of at least 0")  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Which rows of the embeddings move, in a model whose vocabulary was expanded (`vocabulary.expand`).

    EEVE (arXiv 2402.14714, section 3) trains the new rows of the input embeddings first, then those of the output
    layer, then more: a stage each, told apart by `trainable` and these.

    Attributes:
        input: rows of the input embedding that move where it is trained: `all`, or only the `new` ones, the others
            staying what they are to the bit.
        output: the same of the output layer; of a model in which both are one, `input` counts.
    """

    input: Rows = "all"
    output: Rows = "all"

    def __post_init__(self) -> None:
        for name in ("input", "output"):
            _require(getattr(self, name) in ROWS, f"vocabulary.{name}", getattr(self, name), "all or new")


@dataclass(frozen=True)
class Expansion:
    """New tokens for a vocabulary, learned on a corpus (`vocabulary.expand`).

    Attributes:
        tokens: most of them.
        least: times that what a new token joins must stand in the corpus.
        held_out: share of the texts that is not learned on and measures the new vocabulary.
    """

    tokens: int = 4000
    least: int = 10
    held_out: float = 0.05

    def __post_init__(self) -> None:
        for name in ("tokens", "least"):
            _require(getattr(self, name) >= 1, f"expansion.{name}", getattr(self, name), "at least 1")
        _require(0 <= self.held_out < 1, "expansion.held_out", self.held_out, "a share of at least 0 and below 1")
