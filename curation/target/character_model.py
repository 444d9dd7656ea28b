"""A small language model of characters, so that likelihoods can be had without any weights: for both languages.

    p(c | the k characters before) = (count(them and c) + m p(c | the k - 1 before)) / (count(them) + m),

down to one character against a uniform alphabet (MacKay and Peto 1995, hierarchical Dirichlet, with one m). Counts lie
in a table by hash, so that memory is fixed; strings that share a place blur each other a little.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..dedup import buffers
from ..errors import InputError
from . import kernels

_ALPHABET = 1 << 16  # characters that are thought possible: each has this small chance at least


@dataclass(frozen=True)
class CharacterOptions:
    """Shape of a character model.

    Attributes:
        order: longest string counted: a character is predicted from up to `order` - 1 before it.
        concentration: m above, in characters: how much evidence the longer context must give before it is believed.
        places: of the table, a power of two; 4 bytes each.
    """

    order: int = 4
    concentration: float = 5.0
    places: int = 1 << 22

    def __post_init__(self) -> None:
        if not 1 <= self.order <= 12 or not self.concentration > 0:
            raise InputError(
                f"character model: order {self.order}, concentration {self.concentration}, expected 1 to 12, above 0"
            )
        if not 16 <= self.places <= 1 << 28 or self.places & (self.places - 1):
            raise InputError(f"character model: places is {self.places}, expected a power of two, 16 to 268435456")


@dataclass(frozen=True)
class CharacterModel:
    """Counted strings.

    Attributes:
        counts: uint32 (places,).
        characters: read in all.
        options: of the model.
    """

    counts: np.ndarray
    characters: int
    options: CharacterOptions

    def __add__(self, other: "CharacterModel") -> "CharacterModel":
        """The model of both texts: partitions add up exactly, in any order."""
        return CharacterModel(self.counts + other.counts, self.characters + other.characters, self.options)


def learn(texts: pl.Series, options: CharacterOptions) -> CharacterModel:
    """Count the strings of texts, in NFC and lower case."""
    counts = np.zeros(options.places, np.uint32)
    content, starts = buffers.utf8(_folded(texts))
    return CharacterModel(counts, int(kernels.count_strings(content, starts, options.order, counts)), options)


def nats(texts: pl.Series, model: CharacterModel) -> np.ndarray:
    """Minus the log-likelihood of each text in nats, float64 (n,); 0 for an empty one. A row depends on itself."""
    content, starts = buffers.utf8(_folded(texts))
    result = np.empty(len(texts), np.float64)
    options = model.options
    kernels.predict(content, starts, options.order, model.counts, model.characters, options.concentration, _ALPHABET,
                    result)  # fmt: skip
    return result


def _folded(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(pl.col("text").str.normalize("NFC").str.to_lowercase()).to_series()
