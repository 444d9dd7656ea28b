import pytest
from pydantic import ValidationError

from curation.embedding.tfidf import TfidfOptions
from pipelines.settings.embedding import EmbeddingSettings
from pipelines.settings.target import NeighbourSettings, TargetSettings

FILES = {"files": ["target.jsonl"]}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "exactly one of number, share, threshold"),
        ({"number": 3, "share": 0.5}, "exactly one of number, share, threshold"),
        ({"threshold": 0.5, "gumbel": True}, "gumbel with a threshold"),
        ({"share": 0.5, "gumbel": True, "method": "neighbours"}, "expected 'importance'"),
        ({"share": 0.5, "method": "nearest"}, "cross_entropy"),
        ({"share": 0.5, "cross_entropy": {"model": {"length": 3}}}, "length"),
        ({"share": 0.5, "importance": {"ngrams": {"chars": 3}}}, "chars"),
    ],
)
def test_what_makes_no_sense_is_refused(tree, message):
    with pytest.raises(ValidationError, match=message):
        TargetSettings.model_validate({**FILES, **tree})


def test_importance_is_a_sum_for_a_draw_unless_said_otherwise():
    def per_ngram(**tree) -> bool:
        return TargetSettings.model_validate({**FILES, "share": 0.5, **tree}).importance_options().per_ngram

    assert per_ngram() and not per_ngram(gumbel=True)
    assert per_ngram(gumbel=True, importance={"per_ngram": True})
    assert not per_ngram(importance={"per_ngram": False})


def test_scores_depend_on_the_options_of_the_method_alone():
    one, other = (TargetSettings(files=("t.txt",), share=share, seed=seed) for share, seed in ((0.1, 0), (0.5, 7)))
    assert one.used() == other.used() and set(one.used()) == {"method", "importance", "gumbel"}


def test_neighbours_are_by_the_steps_vectors_unless_the_target_has_its_own():
    model, tfidf = EmbeddingSettings(model="m"), EmbeddingSettings(dimensions=8)
    near = TargetSettings.model_validate({**FILES, "share": 0.5, "method": "neighbours"})
    own = near.model_copy(update={"neighbours": NeighbourSettings(embedding=TfidfOptions(dimensions=4))})
    assert near.by_model(model) and not near.by_model(tfidf) and not own.by_model(model)
    assert near.with_tfidf(tfidf).neighbours.embedding == tfidf.tfidf()
    assert own.with_tfidf(tfidf).neighbours.embedding.dimensions == 4
    assert not TargetSettings.model_validate({**FILES, "share": 0.5}).by_model(model)
