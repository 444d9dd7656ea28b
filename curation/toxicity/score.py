"""Toxicity: lists find candidates, a score decides about them.

Without labels the score is how dense abuse is that is not merely spoken of (`mention`). With labels it is learned:
logistic regression on hashed character n-grams (`curation.quality`), asked about candidates alone, so that a text
without a candidate is never toxic and identity terms, which are on no list, weigh nothing by themselves.
"""

from functools import cache
from pathlib import Path

import polars as pl

from .. import quality
from ..errors import InputError
from ..quality import QualityModel, QualityOptions
from .lexicon import ABUSE, candidates
from .mention import is_mention, sentences

TEXT = pl.col("text")
WORDS_AN_ABUSE = 20  # one in so many words, or in a shorter text, scores 1
_DEFAULTS = QualityOptions()


def aimed(texts: pl.Series, files: tuple[Path, ...] = ABUSE) -> pl.Series:
    """Places that the lists hit in sentences that do not merely speak of them: UInt32, one a text."""
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    cut = sentences(rows.filter(candidates(texts, files) > 0))
    cut = cut.with_columns(aimed=candidates(cut["text"], files)).filter((pl.col("aimed") > 0) & ~is_mention())
    counted = cut.group_by("row").agg(pl.col("aimed").sum().cast(pl.UInt32))
    return rows.join(counted, on="row", how="left", maintain_order="left")["aimed"].fill_null(0)


def density(texts: pl.Series, files: tuple[Path, ...] = ABUSE) -> pl.Series:
    """The score without a model: `WORDS_AN_ABUSE` times aimed places a word, at most 1; 0 for a text without words."""
    rows = pl.DataFrame({"text": texts, "aimed": aimed(texts, files)})
    words = TEXT.str.count_matches(r"\S+").clip(1)
    return rows.select((WORDS_AN_ABUSE * pl.col("aimed") / words).clip(0.0, 1.0).alias("score")).to_series()


def train(labelled: pl.DataFrame, options: QualityOptions = _DEFAULTS) -> QualityModel:
    """Learn from labelled rows; save with `quality.save`.

    Args:
        labelled: `text`, and `label`: 1 for abuse, 0 for none. Give mentions and counter-speech as 0, in the words of
            the texts that will be judged.

    Raises:
        InputError: as `quality.train`.
    """
    return quality.train(labelled, options)


def learned(texts: pl.Series, model: QualityModel, files: tuple[Path, ...] = ABUSE) -> pl.Series:
    """The score with a model: its probability for a text with a candidate, 0 for one without."""
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    asked = rows.filter(candidates(texts, files) > 0)
    found = asked.select("row").with_columns(score=quality.score(asked, model))
    return rows.join(found, on="row", how="left", maintain_order="left")["score"].fill_null(0.0)


def learned_from(texts: pl.Series, folder: str, fingerprint: str) -> pl.Series:
    """`learned` with the model in a folder, read once a process.

    Raises:
        InputError: where the folder holds another model than the one named.
    """
    model = _loaded(folder)
    if model.fingerprint != fingerprint:
        raise InputError(f"{folder}: fingerprint of the model is {model.fingerprint}, expected {fingerprint}")
    return learned(texts, model)


@cache
def _loaded(folder: str) -> QualityModel:
    return quality.load(Path(folder))
