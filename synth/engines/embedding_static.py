"""Static embeddings in the folder format of Model2Vec: a vector for each token, a text's is their mean. No model runs.

`config.json`, `tokenizer.json` and `model.safetensors` with `embeddings` (rows, dimensions), of any number type; where
they are there, `weights` (tokens,) multiply them and `mapping` (tokens,) says which row is a token's.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from curation import chat
from curation.embedding.vectors import unit
from curation.errors import InputError
from curation.model import Text, Vector

from .embedding import CHUNK, EmbedderOptions, written
from .engine import Progress, windows

_TYPE = "model2vec"


def is_static(folder: Path) -> bool:
    """Whether a model folder holds static embeddings, by its configuration."""
    try:
        return bool(json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"] == _TYPE)
    except (OSError, ValueError, KeyError, TypeError):
        return False


class StaticEmbedder:
    """Vectors of tokens. Embedder.

    A text has no longest length, so nothing is cut, and a vector depends on its text alone, bit for bit. Tokens that
    the tokenizer does not know count for nothing; a text without any other has the zero vector.
    """

    def __init__(self, model: str, options: EmbedderOptions | None = None, progress: Progress | None = None) -> None:
        """Read a folder.

        Args:
            model: folder or hub name.
            options: of which `prefix` counts; pooling is the mean.
            progress: called as texts are embedded, with the texts and tokens since its last call.

        Raises:
            InputError: when the folder or the options cannot be used, with what was expected.
        """
        self.options = options or EmbedderOptions()
        if self.options.pooling not in ("auto", "mean") or self.options.layer != -1:
            found = f"pooling {self.options.pooling!r} and layer {self.options.layer}"
            raise InputError(f"{model}: static embeddings have a mean and no layers, found {found}, expected neither")
        folder = chat.model_folder(model)
        if not is_static(folder):
            raise InputError(f"{folder}/config.json: expected model_type {_TYPE}, or the engine transformers")
        self._rows, self._weights, self._mapping = _tensors(folder)
        self._tokenizer = _tokenizer(folder)
        self._unknown = _unknown(self._tokenizer)
        tokens, known = self._tokenizer.get_vocab_size(), len(self._weights)
        if tokens > known:
            raise InputError(f"{folder}: {tokens} tokens in the tokenizer, expected the {known} that have vectors")
        self._progress = progress
        self.name = "static 1"
        self.fingerprint = chat.model_fingerprint(folder)
        self.setting = "mean"
        self.dimensions = int(self._rows.shape[1])

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once, in order.

        Raises:
            InputError: for a text that is no Unicode, by its id.
        """
        for window in windows(texts, CHUNK):
            prefixed = [self.options.prefix + written(one) for one in window]
            encoded = self._tokenizer.encode_batch_fast(prefixed, add_special_tokens=False)
            for text, one in zip(window, encoded, strict=True):
                yield Vector(text.id, self._mean(np.array(one.ids, np.int64)) if text.text.strip() else self._zero())
            if self._progress is not None:
                self._progress(len(window), sum(len(one.ids) for one in encoded))

    def close(self) -> None:
        """Nothing is held but memory."""

    def _mean(self, ids: np.ndarray) -> np.ndarray:
        known = ids[ids != self._unknown]
        if not len(known):
            return self._zero()
        different, counts = np.unique(known, return_counts=True)  # a long text has few different tokens
        wide = self._rows[self._mapping[different]].astype(np.float64)
        return unit(((counts * self._weights[different])[:, None] * wide).sum(axis=0)[None] / len(known))[0]

    def _zero(self) -> np.ndarray:
        return np.zeros(self.dimensions, np.float32)


def _tensors(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (n, dimensions), and for each token its weight (float64) and its row (int64)."""
    path = folder / "model.safetensors"
    try:
        found = load_file(path)
        rows = found["embeddings"]
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(f"{path}: not readable ({error}), expected a tensor 'embeddings'") from error
    mapping = found["mapping"].astype(np.int64) if "mapping" in found else np.arange(len(rows))
    weights = found["weights"].astype(np.float64) if "weights" in found else np.ones(len(mapping))
    fits = rows.ndim == 2 and mapping.ndim == 1 and weights.shape == mapping.shape and len(mapping) > 0
    if not fits or mapping.min() < 0 or mapping.max() >= len(rows):
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in sorted(found.items()))
        raise InputError(f"{path}: found {shapes}, expected embeddings (rows, dimensions) and, for each token, one of "
                         "mapping and weights")  # fmt: skip
    if not np.isfinite(rows.astype(np.float32)).all():
        raise InputError(f"{path}: embeddings hold numbers that are not finite")
    return rows, weights, mapping


def _tokenizer(folder: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # tokenizers raises nothing narrower
        raise InputError(f"{folder}/tokenizer.json: not readable ({error}), expected a tokenizer") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # those that a text spells out are characters like any others
    return tokenizer


def _unknown(tokenizer: Tokenizer) -> int:
    """Token of what the tokenizer does not know, -1 where there is none."""
    model = json.loads(tokenizer.to_str())["model"]
    if isinstance(model.get("unk_id"), int):
        return int(model["unk_id"])
    found = tokenizer.token_to_id(model["unk_token"]) if model.get("unk_token") else None
    return -1 if found is None else found
