import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import ngrams, quality
from curation.errors import InputError
from curation.ngrams import NgramOptions
from curation.quality.model import QualityModel

NGRAMS = NgramOptions(words=1, longest=0, buckets=1 << 12)
GENERATOR = np.random.default_rng(0)
MODEL = QualityModel(
    GENERATOR.normal(0, 1, 1 << 12).astype(np.float32), GENERATOR.uniform(1, 5, 1 << 12).astype(np.float32),
    0.3, 1.7, -0.2, NGRAMS, 0, 0, None,
)  # fmt: skip


def test_a_score_is_its_definition():
    text = "one two two three three three"
    counts = ngrams.counts(pl.Series([text]), NGRAMS)
    values = {b: (1 + math.log(c)) * float(MODEL.rarity[b]) for b, c in zip(counts.indices, counts.data, strict=True)}
    norm = math.sqrt(sum(value**2 for value in values.values()))
    decision = sum(value / norm * float(MODEL.weights[bucket]) for bucket, value in values.items()) + 0.3
    expected = 1 / (1 + math.exp(-(1.7 * decision - 0.2)))
    assert quality.score(pl.DataFrame({"text": [text]}), MODEL)[0] == pytest.approx(expected, rel=1e-6)


def test_rows_are_scored_alike_in_any_partition():
    texts = [f"row {i} " + "some words and more " * (i % 5) for i in range(40)] + [""]
    documents = pl.DataFrame({"text": texts})
    whole = quality.score(documents, MODEL)
    parts = [quality.score(documents[at : at + 7], MODEL) for at in range(0, 41, 7)]
    assert pl.concat(parts).to_list() == whole.to_list()
    assert whole.name == "quality" and whole.is_between(0, 1).all()
    assert quality.score(documents[:0], MODEL).len() == 0


def test_vectors_go_only_to_a_model_of_vectors():
    vectors = np.ones((1, 2), np.float32)
    with pytest.raises(InputError, match="expected none"):
        quality.score(pl.DataFrame({"text": ["a"]}), MODEL, vectors)
    of_vectors = QualityModel(np.ones(3, np.float32), np.empty(0, np.float32), 0, 1, 0, None, 0, 0, None)
    for wrong in (None, vectors):
        with pytest.raises(InputError, match=r"expected \(1, 3\)"):
            quality.score(pl.DataFrame({"text": ["a"]}), of_vectors, wrong)
    assert quality.score(pl.DataFrame({"text": ["a"]}), of_vectors, np.zeros((1, 3)))[0] == 0.5


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.sampled_from([0.01, 0.1, 0.25, 0.3, 0.5, 0.7, 1.0]))
def test_a_threshold_keeps_the_share_and_no_higher_one_does(numbers: list[int], rate: float):
    scores = pl.Series([number / 12 for number in numbers])
    threshold = quality.threshold_for(scores, rate)
    assert threshold in scores.to_list()
    assert (scores >= threshold).sum() >= rate * len(numbers) - 1e-9
    assert (scores > threshold).sum() < rate * len(numbers)


def test_thresholds_by_hand_and_refusals():
    assert quality.threshold_for(pl.Series([0.1, 0.9, 0.5, None, 0.7]), 0.5) == 0.7
    assert quality.threshold_for(pl.Series([i / 10 for i in range(10)]), 0.3) == 0.7  # 0.3 * 10 is 3, not 3.0000001
    for rate in (0, 1.1):
        with pytest.raises(InputError, match="expected more than 0"):
            quality.threshold_for(pl.Series([0.5]), rate)
    with pytest.raises(InputError, match="0 scores"):
        quality.threshold_for(pl.Series([None], dtype=pl.Float64), 0.5)
