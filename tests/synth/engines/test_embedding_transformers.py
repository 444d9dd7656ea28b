"""Hidden states of a decoder and of an encoder, against transformers called by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedding import EmbedderOptions
from synth.engines.embedding_transformers import TransformersEmbedder

WORDS = ["the cat sat on the mat", "하늘을 나는 새", "12", "the dog sat on the cat and the mat " * 6, "새와 사람" * 9]
TEXTS = [Text(str(at), text) for at, text in enumerate(WORDS)]


@pytest.fixture(scope="module")
def encoder(write_tokenizer, tmp_path_factory) -> Path:
    """A tiny BERT whose folder is that of a masked language model: without a pooler."""
    folder = tmp_path_factory.mktemp("models") / "encoder"
    tokenizer = write_tokenizer(ends=True)
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, initializer_range=0.25,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def vectors(embedder: TransformersEmbedder, texts: list[Text]) -> np.ndarray:
    found = list(embedder.embed(texts))
    assert [one.id for one in found] == [text.id for text in texts]
    return np.stack([one.values for one in found])


def states(folder: Path, text: str, layer: int = -1) -> np.ndarray:
    """Hidden states of one text alone, (tokens, dimensions)."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        return model(input_ids=tokens, output_hidden_states=True).hidden_states[layer][0].numpy()


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("which", ["tiny_model", "encoder"])
def test_vectors_are_the_pooled_hidden_states(which, request):
    folder = request.getfixturevalue(which)
    poolings = {"auto": lambda rows: rows.mean(0), "last": lambda rows: rows[-1], "cls": lambda rows: rows[0]}
    for pooling, pool in poolings.items():
        embedder = TransformersEmbedder(str(folder), EmbedderOptions(pooling=pooling, batch=2))
        found = vectors(embedder, TEXTS)
        expected = np.stack([unit(pool(states(folder, text.text))) for text in TEXTS])
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert found.dtype == np.float32 and embedder.dimensions == found.shape[1]
        embedder.close()
    embedder = TransformersEmbedder(str(folder), EmbedderOptions(layer=1))
    expected = np.stack([unit(states(folder, text.text, 1).mean(0)) for text in TEXTS])
    np.testing.assert_allclose(vectors(embedder, TEXTS), expected, atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours_and_a_list_gives_the_same_bytes_again(tiny_model):
    embedder = TransformersEmbedder(str(tiny_model), EmbedderOptions(batch=3))
    together = vectors(embedder, TEXTS)
    alone = np.concatenate([vectors(embedder, [text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together - vectors(embedder, TEXTS[::-1])[::-1]).max() < 1e-5
    other = TransformersEmbedder(str(tiny_model), EmbedderOptions(batch=3))
    assert vectors(other, TEXTS).tobytes() == together.tobytes()
    assert (other.fingerprint, other.setting) == (embedder.fingerprint, embedder.setting)


def test_a_long_text_is_the_mean_over_all_its_windows_and_a_blank_one_is_zero(tiny_model):
    embedder = TransformersEmbedder(str(tiny_model), EmbedderOptions(max_model_len=16))
    long = "the cat sat on the mat and the dog sat on the cat 하늘을 보는 사람 " * 3
    windows = embedder._cutter.windows([Text("x", long)])[0]
    assert len(windows) > 2
    model = AutoModel.from_pretrained(tiny_model, dtype=torch.float32).eval()
    with torch.inference_mode():
        rows = [model(input_ids=torch.tensor([window])).last_hidden_state[0].numpy() for window in windows]
    found = vectors(embedder, [Text("x", long), Text("y", "\n ")])
    np.testing.assert_allclose(found[0], unit(np.concatenate(rows).mean(0)), atol=1e-5)
    assert not found[1].any()


def test_progress_counts_texts_and_tokens(tiny_model):
    told: list[tuple[int, int]] = []
    embedder = TransformersEmbedder(str(tiny_model), progress=lambda done, tokens: told.append((done, tokens)))
    list(embedder.embed([Text("a", "the cat"), Text("b", "")]))
    assert told == [(2, len(AutoTokenizer.from_pretrained(tiny_model)("the cat")["input_ids"]))]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "layer is 3, expected -3 to 2"),
        ({"device": "abacus"}, "device is 'abacus'"),
        ({"max_model_len": 1000}, "max_model_len is 1000, expected at most 256"),
    ],
)
def test_options_that_do_not_fit_the_model(tiny_model, options, message):
    with pytest.raises(InputError, match=message):
        TransformersEmbedder(str(tiny_model), EmbedderOptions(**options))


def test_weights_that_lack_a_part_are_refused(copied_model):
    path = copied_model / "model.safetensors"
    weights = load_file(path)
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(InputError, match="its weights lack layers.1.mlp.up_proj.weight"):
        TransformersEmbedder(str(copied_model))
