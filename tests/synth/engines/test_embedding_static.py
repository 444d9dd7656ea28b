"""Vectors of tokens and their means, on a folder made by hand and on a real one."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from curation.errors import InputError
from curation.model import Text
from synth.engines.embedding import CHUNK, EmbedderOptions
from synth.engines.embedding_static import StaticEmbedder, is_static

ROWS = np.array([[9, 9], [9, 9], [100, 0], [0, 100], [-60, 80]], np.int8)  # unknown, special, 고양이, 개, 새
VOCABULARY = {"[UNK]": 0, "[SEP]": 1, "고양이": 2, "개": 3, "새": 4}


@pytest.fixture
def folder(tmp_path) -> Path:
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[SEP]"])
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": True}))
    save_file({"embeddings": ROWS}, tmp_path / "model.safetensors")
    return tmp_path


def vectors(folder: Path, *texts: str, **options: object) -> np.ndarray:
    embedder = StaticEmbedder(str(folder), EmbedderOptions(**options))
    found = list(embedder.embed([Text(str(at), text) for at, text in enumerate(texts)]))
    assert [one.id for one in found] == [str(at) for at in range(len(texts))]
    assert all(one.values.dtype == np.float32 and one.values.shape == (embedder.dimensions,) for one in found)
    return np.stack([one.values for one in found])


def test_a_text_is_the_mean_of_its_known_tokens_however_long(folder):
    found = vectors(
        folder, "고양이", "고양이 개 모르는 말", "", "모르는 말", "개 " * 5 + "고양이 " * 5 + "새 " * 10, "[SEP]"
    )
    half = 0.5**0.5
    long = np.array([5 * 100 - 600, 5 * 100 + 800]) / np.hypot(100, 1300)
    expected = np.array([[1, 0], [half, half], [0, 0], [0, 0], long, [0, 0]])  # a special token spelt out is unknown
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(vectors(folder, "개", prefix="고양이 ")[0], [half, half], atol=1e-6)


def test_weights_and_a_mapping_count(folder):
    mapping = np.array([0, 0, 1, 2, 3], np.int64)
    weights = np.array([1, 1, 3, 1, 1], np.float32)
    save_file({"embeddings": ROWS[1:], "mapping": mapping, "weights": weights}, folder / "model.safetensors")
    expected = np.array([3.0, 1.0]) / np.hypot(3, 1)
    np.testing.assert_allclose(vectors(folder, "고양이 개")[0], expected, atol=1e-6)


def test_a_vector_depends_on_its_text_alone(folder):
    texts = [f"고양이 {'개 ' * (n % 7)} 새" for n in range(CHUNK + 5)]
    together = vectors(folder, *texts)
    assert (
        together.tobytes()
        == np.concatenate([vectors(folder, text) for text in texts[:7]])[[n % 7 for n in range(len(texts))]].tobytes()
    )


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"vectors": ROWS}, "expected a tensor 'embeddings'"),
        ({"embeddings": ROWS[:3]}, "5 tokens in the tokenizer, expected the 3"),
        ({"embeddings": ROWS, "mapping": np.full(5, 7)}, r"found embeddings \(5, 2\), mapping \(5,\)"),
        ({"embeddings": ROWS, "weights": np.ones(4)}, r"weights \(4,\)"),
        ({"embeddings": np.full((5, 2), np.nan, np.float32)}, "not finite"),
    ],
)
def test_tensors_that_do_not_fit(folder, tensors, message):
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(InputError, match=message):
        StaticEmbedder(str(folder))


def test_other_folders_and_options_are_refused(folder, tiny_model):
    assert is_static(folder) and not is_static(tiny_model) and not is_static(folder / "nothing")
    with pytest.raises(InputError, match="expected model_type model2vec"):
        StaticEmbedder(str(tiny_model))
    with pytest.raises(InputError, match="found pooling 'last' and layer -1"):
        StaticEmbedder(str(folder), EmbedderOptions(pooling="last"))
    with pytest.raises(InputError, match="text 0: character 1 is the lone surrogate"):
        vectors(folder, "a\udc00")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="tokenizer.json: not readable"):
        StaticEmbedder(str(folder))


@pytest.mark.shared_data
def test_a_real_folder_knows_what_is_alike(shared_data):
    found = vectors(
        shared_data / "models" / "potion-base-4m-int8",
        "The kitten slept on the sofa.", "A cat was sleeping on the couch.", "Share prices fell sharply on Monday.",
    )  # fmt: skip
    alike = found @ found.T
    assert alike[0, 1] > 0.5 > alike[0, 2] + 0.2
