"""Tokens of texts under a given tokenizer: where each lies, how many there are in a document and in a source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import tokenizers
import xxhash

from .errors import InputError

_BATCH = 2_000_000  # characters tokenised in one go, so that memory is bounded
_LONGEST = 8_000_000  # characters of a text that is counted in one piece

COUNTS = pl.Schema({"doc_id": pl.String, "source": pl.String, "characters": pl.Int64, "tokens": pl.Int64})


class Tokenizer(Protocol):
    """Cuts texts into tokens. Must be picklable, since partitions are tokenised in other processes."""

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes a token."""
        ...

    def spans(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Begin and end of each token in characters, int64 (tokens, 2), for each text; the same text, the same spans.

        A token that is part of a character has the span of that character.
        """
        ...

    def counts(self, texts: Sequence[str]) -> np.ndarray:
        """Number of tokens of each text: int64 (texts,)."""
        ...


@dataclass(frozen=True)
class JsonTokenizer:
    """A tokenizer of the `tokenizers` library, given as its JSON text, so that it travels to other processes.

    Truncation and padding that the file may ask for are turned off: they would make counts wrong without a word. No
    special tokens are added.

    Attributes:
        definition: content of a `tokenizer.json`.
        name: what errors call it.
    """

    definition: str
    name: str = "tokenizer"

    @property
    def fingerprint(self) -> str:
        """xxh3-128 of the definition, 32 hex characters."""
        return xxhash.xxh3_128_hexdigest(self.definition.encode())

    def spans(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Begin and end of each token, see `Tokenizer.spans`."""
        encoded = _built(self.definition, self.name).encode_batch(list(texts), add_special_tokens=False)
        return [np.array(one.offsets, dtype=np.int64).reshape(-1, 2) for one in encoded]

    def counts(self, texts: Sequence[str]) -> np.ndarray:
        """Number of tokens, see `Tokenizer.counts`."""
        encoded = _built(self.definition, self.name).encode_batch_fast(list(texts), add_special_tokens=False)
        return np.array([len(one) for one in encoded], dtype=np.int64)


@lru_cache(4)
def _built(definition: str, name: str) -> tokenizers.Tokenizer:
    try:
        tokenizer = tokenizers.Tokenizer.from_str(definition)
    except Exception as error:  # tokenizers raises nothing narrower
        raise InputError(f"{name}: not a tokenizer ({error}), expected the content of a tokenizer.json") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load(path: Path) -> JsonTokenizer:
    """Tokenizer from a `tokenizer.json`, or from the folder of a model that has one.

    Raises:
        InputError: when there is none, or it is not a tokenizer.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        definition = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not readable ({error}), expected a tokenizer.json") from error
    _built(definition, str(file))
    return JsonTokenizer(definition, str(file))


def counts(documents: pl.DataFrame, tokenizer: Tokenizer) -> pl.DataFrame:
    """Characters and tokens of each document.

    A text of more than 8 million characters is counted in pieces cut at line ends (else anywhere), since a tokenizer
    takes about 100 bytes of memory a token; its count can differ by a token or two a piece from that of the whole.

    Args:
        documents: `doc_id`, `source`, `text`, none missing.
        tokenizer: see `Tokenizer`.

    Returns:
        Schema `COUNTS`, in the documents' order.
    """
    found = [0] * documents.height
    for rows, texts in _batches(documents["text"]):
        for row, number in zip(rows, tokenizer.counts(texts), strict=True):
            found[row] += int(number)
    return documents.select(
        "doc_id",
        "source",
        characters=pl.col("text").str.len_chars().cast(pl.Int64),
        tokens=pl.Series(found, dtype=pl.Int64),
    )


def by_source(counted: pl.DataFrame) -> pl.DataFrame:
    """Documents, characters and tokens of each source, by its name.

    Args:
        counted: what `counts` returned, that of all partitions one after another.
    """
    return (
        counted.group_by("source")
        .agg(documents=pl.len().cast(pl.Int64), characters=pl.col("characters").sum(), tokens=pl.col("tokens").sum())
        .sort("source")
    )


def _batches(texts: pl.Series) -> Iterator[tuple[list[int], list[str]]]:
    """Rows and texts, or pieces of texts, of about two million characters together."""
    rows: list[int] = []
    batch: list[str] = []
    size = 0
    for row, text in enumerate(texts):
        for piece in _pieces(text):
            rows.append(row)
            batch.append(piece)
            size += len(piece)
            if size >= _BATCH:
                yield rows, batch
                rows, batch, size = [], [], 0
    if batch:
        yield rows, batch


def _pieces(text: str) -> Iterator[str]:
    """A text of at most `_LONGEST` characters as it is, a longer one cut after the last line end of each piece."""
    at = 0
    while len(text) - at > _LONGEST:
        end = text.rfind("\n", at + 1, at + _LONGEST) + 1 or at + _LONGEST
        yield text[at:end]
        at = end
    yield text[at:]
