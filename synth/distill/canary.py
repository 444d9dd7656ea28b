"""A candidate whose truth is known."""

from dataclasses import dataclass

from . import ready
from .item import Item


@dataclass(frozen=True)
class Canary:
    """A candidate whose truth is known: `kind` says how it was made, `good` whether it should pass."""

    item: Item
    kind: str
    good: bool
    text: str
    finish_reason: str = "stop"

    @property
    def ready(self) -> bool:
        """Whether it is made from a row that stands ready, and from none of the run's."""
        return bool(self.item.row["task"] == ready.TASK)
