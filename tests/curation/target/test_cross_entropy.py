import gzip
import json
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation import ngrams, sample
from curation.embedding import tfidf
from curation.errors import InputError
from curation.target import cross_entropy, importance, neighbours
from curation.target.character_model import learn
from curation.target.cross_entropy import CrossEntropyOptions
from curation.target.importance import ImportanceOptions

COOKING = [
    "fry the {} in hot butter",
    "boil the {} in salted water",
    "{} 를 물에 삶아 소금을 친다",
    "bake {} in the oven",
]
LAW = [
    "the court heard the {} of the state",
    "{} filed an appeal",
    "법원은 {} 의 상고를 기각했다",
    "a ruling on {} was upheld",
]
THINGS = ["onion", "rice", "beans", "potato", "egg", "leek", "콩", "무", "배추", "감자", "corn", "fish"]


def _pool() -> tuple[pl.Series, pl.DataFrame, np.ndarray]:
    """Target texts of cooking, a pool of cooking and law with other things in it, and which of it is cooking."""
    target = pl.Series([text.format(thing) for text in COOKING for thing in THINGS[:4]])
    texts = [text.format(thing) for kind in (COOKING, LAW) for text in kind for thing in THINGS[4:]]
    ids = [f"{(i * 37) % 64:03d}" for i in range(64)]
    return target, pl.DataFrame({"doc_id": ids, "text": texts}), np.repeat([1, 0], 32)


def precision_at(recall: float, scores: np.ndarray, truth: np.ndarray) -> float:
    """Precision of the shortest ranking that has the recall."""
    found = np.cumsum(truth[np.argsort(-scores, kind="stable")])
    at = int(np.argmax(found >= np.ceil(recall * truth.sum())))
    return float(found[at] / (at + 1))


def ranked_by_all(target: pl.Series, pool: pl.DataFrame) -> dict[str, np.ndarray]:
    """Scores of a pool by each way of selecting for a target."""
    by_importance, by_entropy, embedding = ImportanceOptions(), CrossEntropyOptions(), tfidf.TfidfOptions(dimensions=32)
    counted = [ngrams.totals(texts, by_importance.ngrams) for texts in (target, pool["text"])]
    drawn = sample.candidates(pool, 5000, seed=0)
    model = learn(target, by_entropy.model)
    general = cross_entropy.general_models(drawn, model, by_entropy)
    fitted = tfidf.fit(pl.concat([drawn["text"], target.alias("text")]), embedding)
    vectors, targets = tfidf.embed(pool["text"], fitted), tfidf.embed(target, fitted)
    ratios = importance.log_ratios(*counted, by_importance)
    found = {
        "importance": importance.scores(pool, ratios, by_importance),
        "neighbours": neighbours.scores(pool["doc_id"], vectors, targets),
        "cross entropy": cross_entropy.scores(pool, model, general, by_entropy),
    }
    return {name: scored["score"].to_numpy() for name, scored in found.items()}


def test_every_way_finds_the_target_in_a_made_up_pool():
    target, pool, truth = _pool()
    found = ranked_by_all(target, pool)
    assert {name: precision_at(0.9, scores, truth) for name, scores in found.items() if name != "neighbours"} == {
        "importance": 1.0,
        "cross entropy": 1.0,
    }
    assert precision_at(0.9, found["neighbours"], truth) >= 0.9


@pytest.mark.shared_data
def test_every_way_finds_medicine_in_a_mixture_with_the_web(shared_data: Path):
    with gzip.open(shared_data / "corpora" / "medquad-qa.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = [text for row in islice(lines, 0, 16000, 40) if (text := json.loads(row)["answer"])]
    with gzip.open(shared_data / "corpora" / "c4-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        web = [json.loads(row)["text"] for row in lines]
    target, inside = pl.Series(answers[::3]), [text for at, text in enumerate(answers) if at % 3]
    texts = inside + web
    pool = pl.DataFrame({"doc_id": [f"{i:04d}" for i in range(len(texts))], "text": texts})
    truth = np.array([1] * len(inside) + [0] * len(web))
    for name, scores in ranked_by_all(target, pool).items():
        assert precision_at(0.9, scores, truth) >= 0.9, name


def test_general_models_never_read_what_they_score_and_are_as_long_as_the_target():
    target, pool, _ = _pool()
    options = CrossEntropyOptions()
    drawn = sample.candidates(pool, 5000, options.seed)
    model = learn(target[:6], options.model)
    general = cross_entropy.general_models(drawn, model, options)
    longest = int(pool["text"].str.len_chars().max())  # type: ignore[arg-type]
    assert all(model.characters <= one.characters <= model.characters + longest for one in general)
    # Scores of one document do not change when the documents of its own part are left out of the sample.
    scores = cross_entropy.scores(pool, model, general, options)
    own = drawn.filter(pl.col("hash") % 2 != drawn["hash"][0] % 2)
    without = cross_entropy.general_models(own, model, options)
    first = pool.filter(pl.col("doc_id") == drawn["doc_id"][0])
    expected = scores.filter(pl.col("doc_id") == drawn["doc_id"][0])
    assert cross_entropy.scores(first, model, without, options).equals(expected)


def test_scores_do_not_depend_on_the_partition():
    target, pool, _ = _pool()
    options = CrossEntropyOptions()
    model = learn(target, options.model)
    general = cross_entropy.general_models(sample.candidates(pool, 20, options.seed), model, options)
    whole = cross_entropy.scores(pool, model, general, options)
    parts = [cross_entropy.scores(pool[at : at + 9], model, general, options) for at in range(0, 64, 9)]
    assert pl.concat(parts).equals(whole)
    empty = pl.DataFrame({"doc_id": ["x"], "text": [""]})
    assert cross_entropy.scores(empty, model, general, options)["score"].to_list() == [0]


def test_differences_of_two_scorers():
    target = pl.DataFrame({"doc_id": ["a", "b", "c"], "score": [1.0, 2.0, None]})
    general = pl.DataFrame({"doc_id": ["c", "b", "a"], "score": [1.0, 1.5, 3.0]})
    assert cross_entropy.differences(target, general)["score"].to_list() == [2.0, -0.5, None]
    with pytest.raises(ValueError, match="2 of them by both"):
        cross_entropy.differences(target, general[:2])
    with pytest.raises(InputError, match="sample is 1"):
        CrossEntropyOptions(sample=1)
