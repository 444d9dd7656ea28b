"""The tiny model through vLLM's pooling runner, beside the same in transformers."""

from collections.abc import Iterator

import numpy as np
import pytest

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedding import EmbedderOptions
from synth.engines.embedding_transformers import TransformersEmbedder
from synth.engines.embedding_vllm import VllmEmbedder

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
OPTIONS = EmbedderOptions(max_model_len=32)
TEXTS = [Text("b", "the cat sat on the mat"), Text("a", "새"), Text("blank", ""), Text("long", "the dog 하늘을 " * 40)]


@pytest.fixture(scope="module")
def engine(tiny_model) -> Iterator[VllmEmbedder]:
    opened = VllmEmbedder(str(tiny_model), OPTIONS)
    yield opened
    opened.close()


def vectors(embedder, texts: list[Text]) -> np.ndarray:
    found = list(embedder.embed(texts))
    assert [one.id for one in found] == [text.id for text in texts]
    return np.stack([one.values for one in found])


def test_vectors_are_those_of_transformers_and_the_same_again(engine, tiny_model):
    found = vectors(engine, TEXTS)
    other = TransformersEmbedder(str(tiny_model), OPTIONS)
    np.testing.assert_allclose(found, vectors(other, TEXTS), atol=1e-5)
    assert engine.fingerprint == other.fingerprint and engine.dimensions == other.dimensions == 64
    assert vectors(engine, TEXTS).tobytes() == found.tobytes()
    alone = np.concatenate([vectors(engine, [text]) for text in TEXTS])
    assert np.abs(alone - found).max() < 1e-5


def test_another_layer_is_for_transformers(tiny_model):
    with pytest.raises(InputError, match="layer is 0, expected the engine transformers"):
        VllmEmbedder(str(tiny_model), EmbedderOptions(layer=0))
