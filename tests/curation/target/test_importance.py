import math

import numpy as np
import polars as pl
import pytest

from curation import ngrams
from curation.errors import InputError
from curation.ngrams import NgramOptions
from curation.target import importance
from curation.target.importance import ImportanceOptions

WORDS = NgramOptions(words=1, longest=0, buckets=1 << 16)


def test_weights_are_the_ratio_of_two_multinomials():
    options = ImportanceOptions(smoothing=1.0, per_ngram=False, ngrams=WORDS)
    target, pool = pl.Series(["cat cat dog"]), pl.Series(["dog dog dog cat", "fish"])
    ratios = importance.log_ratios(ngrams.totals(target, WORDS), ngrams.totals(pool, WORDS), options)
    documents = pl.DataFrame({"doc_id": ["a", "b"], "text": ["cat dog dog bird", ""]})
    size = 1 << 16
    ratio = {"cat": 3 / 2, "dog": 2 / 4, "bird": 1 / 1}
    expected = sum(math.log(ratio[word] * (5 + size) / (3 + size)) for word in ["cat", "dog", "dog", "bird"])
    assert importance.scores(documents, ratios, options)["score"].to_list() == pytest.approx([expected, 0])
    mean = importance.scores(documents, ratios, ImportanceOptions(ngrams=WORDS))["score"]
    assert mean.to_list() == pytest.approx([expected / 4, 0])


def test_partitions_give_the_bits_of_the_whole():
    options = ImportanceOptions()
    documents = pl.DataFrame(
        {"doc_id": [str(i) for i in range(30)], "text": [f"글 {i} of many texts" for i in range(30)]}
    )
    target = ngrams.totals(pl.Series(["many texts", "글 하나"]), options.ngrams)
    parts = [documents[at : at + 7] for at in range(0, 30, 7)]
    pool = sum((ngrams.totals(part["text"], options.ngrams) for part in parts), np.zeros(1 << 16, np.int64))
    np.testing.assert_array_equal(pool, ngrams.totals(documents["text"], options.ngrams))
    ratios = importance.log_ratios(target, pool, options)
    whole = importance.scores(documents, ratios, options)
    assert pl.concat([importance.scores(part, ratios, options) for part in parts]).equals(whole)


def test_refusals():
    with pytest.raises(InputError, match="expected more than 0"):
        ImportanceOptions(smoothing=0)
    with pytest.raises(InputError, match="target texts hold no words"):
        importance.log_ratios(np.zeros(4, np.int64), np.ones(4, np.int64), ImportanceOptions())
