"""Importance of documents for a target by hashed n-grams (DSIR: Xie et al. 2023, arXiv 2302.03169, section 3).

target = ngrams.totals(texts of the target, options.ngrams)
pool = sum(ngrams.totals(partition["text"], options.ngrams) for each partition)
ratios = log_ratios(target, pool, options)
scored = concat(scores(partition, ratios, options) for each partition)
dropped = choose.decide(scored, ChooseOptions(share=0.1), "target.importance")
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import ngrams
from ..errors import InputError
from ..ngrams import NgramOptions

_WORDS = NgramOptions(words=2, shortest=2, longest=3, buckets=1 << 16)


@dataclass(frozen=True)
class ImportanceOptions:
    """How importance is reckoned.

    Attributes:
        smoothing: added to the count of every bucket in both distributions, so that none is impossible.
        per_ngram: divide the log importance of a document by its number of n-grams: for ranking and for thresholds.
            As published, and right for a draw with Gumbel noise, it is the sum, by which length counts more than
            likeness when documents are merely ranked.
        ngrams: what is counted; published with words and pairs of words in 10 000 buckets, here with characters within
            words too, which Korean particles need.
    """

    smoothing: float = 1.0
    per_ngram: bool = True
    ngrams: NgramOptions = _WORDS

    def __post_init__(self) -> None:
        if not self.smoothing > 0:
            raise InputError(f"importance: smoothing is {self.smoothing}, expected more than 0")


def log_ratios(target: np.ndarray, pool: np.ndarray, options: ImportanceOptions) -> np.ndarray:
    """Logarithm of the probability of each bucket under the target over that under the pool: float64 (buckets,).

    Args:
        target: n-grams of the target's texts in each bucket, int (buckets,): `ngrams.totals`.
        pool: those of all documents to choose from.
        options: smoothing.

    Raises:
        InputError: when the target has no n-grams at all.
    """
    if not target.any():
        raise InputError("target texts hold no words, expected texts of the target domain")
    logs = [np.log(one + options.smoothing) - np.log((one + options.smoothing).sum()) for one in (target, pool)]
    return logs[0] - logs[1]


def scores(documents: pl.DataFrame, ratios: np.ndarray, options: ImportanceOptions) -> pl.DataFrame:
    """Log importance weight of each document: the sum of the log ratios of its n-grams, or their mean.

    Args:
        documents: `doc_id`, `text`.
        ratios: what `log_ratios` returned.
        options: as they were for it.

    Returns:
        `doc_id`, `score` (nats, Float64), in the documents' order; 0 for a text without n-grams.
    """
    found = []
    for part in ngrams.batches(documents["text"], options.ngrams):
        sums = part.astype(np.float64) @ ratios
        if options.per_ngram:
            sums = sums / np.maximum(np.asarray(part.sum(axis=1, dtype=np.float64)).ravel(), 1)
        found.append(sums)
    return documents.select("doc_id", score=pl.Series(np.concatenate(found) if found else [], dtype=pl.Float64))
