import pytest
from pydantic import ValidationError

from curation.embedding.tfidf import TfidfOptions
from curation.errors import InputError
from pipelines.recipe import validate
from pipelines.settings.embedding import EmbeddingSettings


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"pooling": "last"}, "pooling: found 'last', expected the key 'model' beside it"),
        ({"engine": "vllm"}, "engine: found 'vllm', expected the key 'model'"),
        ({"model": "m", "dimensions": 64}, "dimensions: found 64, expected it without 'model'"),
        ({"model": "m", "ngrams": {"words": 2}}, "ngrams: found other than its default"),
        ({"model": "m", "engine": "vllm", "layer": 1}, "layer: found 1 with engine 'vllm', expected 'transformers'"),
        ({"model": "m", "engine": "static", "pooling": "cls"}, "pooling: found 'cls' with engine 'static'"),
        ({"model": "m", "engine": "server"}, "engine: found 'server' without url, expected an address"),
        ({"model": "m", "url": "http://a/v1"}, "url: found it with engine 'auto', expected 'server'"),
        ({"url": "http://a/v1"}, "url: found 'http://a/v1', expected the key 'model'"),
        ({"model": "m", "engine": "server", "url": "http://me:key@a/v1"}, "url holds a user, a password or a query"),
        ({"model": "m", "engine": "server", "url": "http://a/v1", "layer": 1}, "layer: found 1 with engine 'server'"),
        ({"dimensions": 0}, "dimensions"),
        ({"sample": 0}, "sample"),
    ],
)
def test_settings_of_the_other_kind_are_refused(tree, message):
    with pytest.raises(ValidationError, match=message):
        EmbeddingSettings.model_validate(tree)


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ({"model": "m", "poling": "last"}, r"unknown key 'steps.c.embedding.poling'; did you mean 'pooling'"),
        ({"pooling": "last"}, r"steps.c.embedding: pooling: found 'last', expected the key 'model' beside it"),
        ({"model": "m", "pooling": "max"}, r"steps.c.embedding.pooling is 'max'"),
    ],
)
def test_a_recipe_says_its_mistake_in_one_sentence(embedding, message):
    tree = {"name": "n", "steps": {"c": {"job": "curate", "inputs": ["x"], "embedding": embedding}}}
    with pytest.raises(InputError, match=message):
        validate(tree, "recipe")


def test_without_a_model_it_is_tfidf_and_with_one_its_options():
    assert EmbeddingSettings().tfidf() == TfidfOptions()
    assert EmbeddingSettings(dimensions=8, sample=9, seed=2).tfidf() == TfidfOptions(8, 9, 2)
    found = EmbeddingSettings(model="m", pooling="cls", prefix="query: ", batch=4).options()
    assert (found.pooling, found.prefix, found.batch, found.layer) == ("cls", "query: ", 4, -1)
    again = EmbeddingSettings.model_validate(EmbeddingSettings(model="m").model_dump(mode="json"))
    assert again == EmbeddingSettings(model="m")  # as a recipe does when it makes paths absolute


def test_a_server_is_passed_on_and_needs_no_model_here():
    found = EmbeddingSettings(model="m", engine="server", url="http://a:1", api_key_variable="KEY", long="refuse")
    server = found.server()
    assert server is not None and (server.base, server.api_key_variable) == ("http://a:1/v1", "KEY")
    assert found.identity()["address"] == "http://a:1/v1"
    assert EmbeddingSettings(model="m").server() is None


def test_the_identity_names_the_key_when_the_model_is_not_there(tmp_path):
    with pytest.raises(InputError, match="embedding: .*nowhere: found nothing, expected a model folder"):
        EmbeddingSettings(model=str(tmp_path / "nowhere")).identity()
