"""Embedders by their kind, and what a cache of their vectors is looked up by."""

import json
import shutil

import pytest

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedders import identity, kind_of, open_embedder
from synth.engines.embedding import EmbedderOptions
from synth.engines.server import ServerOptions


def test_a_model_is_opened_used_and_closed(tiny_model):
    with open_embedder("auto", str(tiny_model)) as embedder:
        assert embedder.name.startswith("transformers ")
        (found,) = embedder.embed([Text("a", "the cat")])
        assert found.id == "a" and found.values.shape == (embedder.dimensions,)
    assert embedder._model is None


def test_auto_is_static_for_a_folder_of_static_vectors(tiny_model, tmp_path):
    assert kind_of("auto", str(tiny_model)) == "transformers" and kind_of("vllm", "anything") == "vllm"
    shutil.copytree(tiny_model, tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text(json.dumps({"model_type": "model2vec"}))
    assert kind_of("auto", str(tmp_path / "m")) == "static"


def test_an_unknown_kind_and_a_model_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="embedder 'tfidf' is unknown, expected one of auto, transformers, vllm"):
        kind_of("tfidf", "x")
    with pytest.raises(InputError, match="nowhere"), open_embedder("auto", str(tmp_path / "nowhere")):
        pass


def test_the_identity_is_all_that_decides_the_vectors(tiny_model, copied_model):
    one = identity("auto", str(tiny_model), EmbedderOptions())
    assert identity("transformers", str(copied_model), EmbedderOptions(pooling="mean", device="cpu")) == one
    others = [
        identity("vllm", str(tiny_model), EmbedderOptions()),
        *(
            identity("auto", str(tiny_model), EmbedderOptions(**change))
            for change in ({"pooling": "last"}, {"layer": 1}, {"prefix": "q: "}, {"max_model_len": 9}, {"batch": 1})
        ),
    ]
    servers = [ServerOptions(url) for url in ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")]
    servers.append(ServerOptions("http://127.0.0.1:1/v1", "named"))
    behind = [json.dumps(identity("server", "x", EmbedderOptions(), server)) for server in servers]
    assert len(set(behind)) == 3
    assert all(other != one for other in others) and json.loads(json.dumps(one)) == one
    (copied_model / "config.json").write_text(
        json.dumps({**json.loads((copied_model / "config.json").read_text()), "rms_norm_eps": 0.1})
    )
    assert identity("auto", str(copied_model), EmbedderOptions()) != one
