"""A text about which a model is asked whether it may stand in for a row's reference."""

from dataclasses import dataclass

from ..prompts import Template, load
from ..script import language_of
from .item import Item, Turns


@dataclass(frozen=True)
class Claim:
    """A text that passed every check that needs no model.

    Attributes:
        key: unique among the claims of a call; requests are named after it.
        text: what would be trained on.
        shown: the prompt that it was written for where that had the reference in view, else none.
    """

    key: str
    item: Item
    text: str
    shown: Turns | None = None


def template(name: str, item: Item) -> Template:
    """The template of a check in the language of the row's question, or of its reference where that has no letters."""
    language = language_of(f"{item.question}\n{item.reference}", "auto")
    return load(f"{name}.{language}")
