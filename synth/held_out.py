"""What is held out for the evaluation, and which rows repeat it.

Prompts are what a model will be asked: no row may ask it too. Texts are what a model is measured on as they stand, as
by bits per byte: no row may say it, whoever says it there, nor a long part of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from . import likeness
from .likeness import Limits, Repeat


@dataclass(frozen=True)
class HeldOut:
    """What an evaluation asks and reads.

    Attributes:
        prompts: what its items ask; compared with what users say, and with texts that no one says.
        texts: passages that it scores by their likelihood; compared with all that is said.
    """

    prompts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @staticmethod
    def of(given: "Given") -> "HeldOut":
        """As it is, or of prompts alone."""
        return given if isinstance(given, HeldOut) else HeldOut(tuple(given))

    def __len__(self) -> int:
        return len(self.prompts) + len(self.texts)


PART = 12  # words from which a part of a text repeats it, at least: shorter ones stand in many texts
Given = HeldOut | Sequence[str]  # texts in a row are prompts


def repeats(asked: pl.DataFrame, said: pl.DataFrame, given: Given, limits: Limits) -> dict[str, Repeat]:
    """Documents that repeat what is held out, and what they repeat.

    A prompt is repeated by what is equal to it, near it or, if the prompt is long, holds it word for word; a text also
    by what is long (`PART` words at least) and stands within it word for word.

    Args:
        asked: `doc_id`, `text`: what users say, and texts that no one says; ids may repeat.
        said: the same of every turn, those of `asked` among them.
        given: what is held out.
        limits: from how many words on a text is long, and which long ones are near.

    Returns:
        By id of the document the first repeat found; ids without one are not in it.
    """
    held = HeldOut.of(given)
    found = likeness.repeats(asked, held.prompts, limits)
    for name, text in _holding(asked, held.prompts, limits):
        found.setdefault(name, Repeat("word_for_word", 1.0, 1.0, text))
    for name, one in likeness.repeats(said, held.texts, limits).items():
        found.setdefault(name, one)
    for name, text in (*_holding(said, held.texts, limits), *_within(said, held.texts, limits)):
        found.setdefault(name, Repeat("word_for_word", 1.0, 1.0, text))
    return found


def _holding(documents: pl.DataFrame, texts: Sequence[str], limits: Limits) -> Iterator[tuple[str, str]]:
    """Documents in which a long text stands word for word, as within a template, and that text."""
    folded = {_folded(text): text for text in texts if _long(text, limits)}
    if not folded or not documents.height:
        return
    places = pl.Series("text", [_folded(text) for text in documents["text"]], dtype=pl.String)
    found = documents.select("doc_id").with_columns(found=places.str.extract_many(list(folded)).list.first())
    for name, text in found.drop_nulls().iter_rows():
        yield name, folded[text]


def _within(documents: pl.DataFrame, texts: Sequence[str], limits: Limits) -> Iterator[tuple[str, str]]:
    """Long documents that stand within a text word for word, and that text."""
    folded: dict[str, list[str]] = {}
    for name, text in documents.select("doc_id", "text").iter_rows():
        if _long(text, limits) and len(text.split()) >= PART:
            folded.setdefault(_folded(text), []).append(name)
    if not folded or not texts:
        return
    places = pl.Series("text", [_folded(text) for text in texts], dtype=pl.String)
    for text, parts in zip(texts, places.str.extract_many(list(folded), overlapping=True), strict=True):
        for part in sorted(set(parts)):
            for name in folded[part]:
                yield name, text


def _long(text: str, limits: Limits) -> bool:
    return len(text.split()) >= max(1, limits.long_words)


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
