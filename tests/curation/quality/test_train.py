import gzip
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation import quality
from curation.errors import InputError
from curation.ngrams import NgramOptions
from curation.quality import QualityOptions, train

GOOD = ["a careful account of the river", "the river was measured with care", "강의 깊이를 정확히 재었다"]
SMALL = QualityOptions(ngrams=NgramOptions(buckets=1 << 13))
BAD = ["BUY NOW!!! cheap $$$ click", "click here to win $$$ now!!!", "지금 클릭하면 공짜!!! 대박"]


def _labelled(copies: int = 20) -> pl.DataFrame:
    rows = [(f"{text} {i}", label) for i in range(copies) for label, texts in ((1, GOOD), (0, BAD)) for text in texts]
    return pl.DataFrame(rows, schema={"text": pl.String, "label": pl.Int64}, orient="row")


def test_what_was_labelled_is_told_apart_in_both_languages():
    model = train(_labelled(), SMALL)
    assert model.held_out is not None and model.held_out.auc == 1.0
    unseen = pl.DataFrame({"text": ["an account of how the river was measured", "강의 깊이를 다시 재었다",
                                    "win cheap $$$ click!!!", "클릭하면 공짜!!!"]})  # fmt: skip
    scores = quality.score(unseen, model).to_list()
    assert min(scores[:2]) > 0.5 > max(scores[2:])


def test_the_order_of_rows_changes_nothing():
    rows = _labelled()
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    assert train(rows, SMALL).fingerprint == train(shuffled, SMALL).fingerprint
    assert train(rows, SMALL).held_out == train(shuffled, SMALL).held_out
    assert train(rows, SMALL).fingerprint != train(rows, replace(SMALL, seed=1)).fingerprint


def test_labels_may_be_booleans():
    rows = _labelled()
    assert (
        train(rows, SMALL).fingerprint == train(rows.with_columns(pl.col("label").cast(pl.Boolean)), SMALL).fingerprint
    )


def test_labels_drawn_at_random_are_not_flattered_by_repeats():
    """Every text comes four times: were copies on both sides of the split, memory would look like skill."""
    generator = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(400)])
    texts = [" ".join(generator.choice(words, 12)) for _ in range(200)]
    labels = generator.integers(0, 2, 200)
    rows = pl.DataFrame({"text": texts * 4, "label": np.tile(labels, 4)})
    held_out = train(rows, replace(SMALL, held_out=0.4)).held_out
    assert held_out is not None and held_out.auc_low is not None and held_out.auc_high is not None
    assert held_out.auc_low < 0.5 < held_out.auc_high
    assert held_out.rows == 320  # whole groups of four


def test_probabilities_are_those_of_the_labels():
    """Of 2000 texts with one of two words, a fifth and four fifths are labelled 1: so the probabilities must be."""
    generator = np.random.default_rng(1)
    kind = generator.integers(0, 2, 2000)
    labels = generator.random(2000) < np.where(kind == 1, 0.8, 0.2)
    texts = [f"{'apple' if k else 'stone'} {generator.integers(1 << 40)}" for k in kind]
    options = QualityOptions(ngrams=NgramOptions(words=1, longest=0, buckets=1 << 13))
    model = train(pl.DataFrame({"text": texts, "label": labels}), options)
    for word, share in (("apple", 0.8), ("stone", 0.2)):
        unseen = pl.DataFrame({"text": [f"{word} {generator.integers(1 << 40)}" for _ in range(200)]})
        assert quality.score(unseen, model).mean() == pytest.approx(share, abs=0.06)
    assert model.held_out is not None and model.held_out.calibration_error < 0.08


def test_vectors_in_place_of_texts():
    rows = _labelled()
    generator = np.random.default_rng(0)
    vectors = generator.normal(0, 1, (rows.height, 6)) + rows["label"].to_numpy()[:, None] * 2
    model = train(rows, vectors=vectors)
    assert model.ngrams is None and model.held_out is not None and (model.held_out.auc or 0) > 0.9
    scores = quality.score(rows, model, vectors)
    np.testing.assert_array_equal(scores[5:9], quality.score(rows[5:9], model, vectors[5:9]))
    order = np.arange(rows.height)[::-1]
    assert train(rows[order.tolist()], vectors=vectors[order]).fingerprint == model.fingerprint


def test_nothing_held_out_measures_nothing():
    model = train(_labelled(), replace(SMALL, held_out=0))
    assert model.held_out is None and model.rows == 120 and model.positives == 60


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (pl.DataFrame({"text": ["a"]}), "expected 'text' and 'label'"),
        (pl.DataFrame({"text": ["a"], "label": ["good"]}), "expected true and false"),
        (pl.DataFrame({"text": ["a", "b"], "label": [0, 2]}), "a label is 2, expected 0 or 1"),
        (pl.DataFrame({"text": [None, "b"], "label": [0, 1]}, schema={"text": pl.String, "label": pl.Int8}), "missing"),
        (pl.DataFrame({"text": ["a", "b"], "label": [0, 1]}), "expected at least 5"),
        (pl.DataFrame({"text": [1, 2], "label": [0, 1]}), "expected text"),
    ],
)
def test_rows_that_cannot_be_learned_from(rows: pl.DataFrame, said: str):
    with pytest.raises(InputError, match=said):
        train(rows, SMALL)


def test_vectors_that_do_not_fit():
    with pytest.raises(InputError, match="expected 120 rows"):
        train(_labelled(), vectors=np.zeros((3, 2)))


@pytest.mark.shared_data
def test_the_liking_of_korean_reviews_is_learned(shared_data: Path):
    with gzip.open(shared_data / "corpora" / "korean-movie-reviews.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [row for row in map(json.loads, islice(lines, 4000)) if row["text"]]
    rows = [row for row in read if not 5 <= row["rating"] <= 8]
    labelled = pl.DataFrame({"text": [r["text"] for r in rows], "label": [int(r["rating"] >= 9) for r in rows]})
    held_out = train(labelled, QualityOptions(ngrams=NgramOptions(buckets=1 << 15))).held_out
    assert held_out is not None and held_out.auc is not None and held_out.auc > 0.8
    assert held_out.calibration_error < 0.08
