"""Settings of block expansion."""

from dataclasses import dataclass
from typing import Literal

from curation.errors import InputError

Placement = Literal["interleaved", "suffix", "prefix"]
PLACEMENTS: tuple[Placement, ...] = ("interleaved", "suffix", "prefix")


@dataclass(frozen=True)
class Blocks:
    """New layers between frozen ones (LLaMA-Pro, arXiv 2401.02415).

    Attributes:
        groups: parts of equal size that the layers are cut into; it divides their number.
        copies: new blocks a group.
        placement: `interleaved` puts a group's copies of its last block after it (the paper's, and in its ablation the
            best), `suffix` puts all of them at the end, as copies of the last block, `prefix` at the start, as copies
            of the first; the paper found that prefix destroys.
    """

    groups: int = 4
    copies: int = 1
    placement: Placement = "interleaved"

    def __post_init__(self) -> None:
        for name in ("groups", "copies"):
            if getattr(self, name) < 1:
                raise InputError(f"blocks.{name} is {getattr(self, name)!r}, expected at least 1")
        if self.placement not in PLACEMENTS:
            raise InputError(f"blocks.placement is {self.placement!r}, expected one of {', '.join(PLACEMENTS)}")
