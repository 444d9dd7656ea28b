"""Hidden states of any model that transformers knows, encoder or decoder, as vectors of texts."""

import gc
import importlib.metadata
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from curation import chat, weights
from curation.errors import InputError
from curation.model import Text, Vector

from . import limits
from .devices import device
from .embedding import Cutter, EmbedderOptions, Tokens, embedded, pooling_of
from .engine import Progress
from .silence import quiet

_TOKENS = 1 << 14  # in one forward pass, padding included, at most


class TransformersEmbedder:
    """A model in transformers, batched by length with padding on the right. Embedder.

    In float32 a vector differs with the batch in its last bits only (by less than 1e-5); equal lists of texts make
    equal batches.
    """

    def __init__(self, model: str, options: EmbedderOptions | None = None, progress: Progress | None = None) -> None:
        """Load a model.

        Args:
            model: folder or hub name.
            options: see EmbedderOptions.
            progress: called as texts are embedded, with the texts and tokens since its last call.

        Raises:
            InputError: when the model or the options cannot be used here, with what to do.
        """
        self.options = options or EmbedderOptions()
        folder = chat.model_folder(model)
        weights.check_finite(folder)
        self._pooling = pooling_of(folder, self.options.pooling)
        config = limits.configuration(folder)
        self._layer = _layer(model, config, self.options.layer)
        self._device = device(self.options.device, "embedder option device")
        on_cpu = self._device.type == "cpu"
        dtype = limits.number_type(self.options.dtype, config, on_cpu)
        length = limits.context(model, config, self.options.max_model_len, on_cpu)
        self._cutter = Cutter(folder, model, config, length, self.options)
        self._progress = progress
        self._model: Any = _load(model, folder, getattr(torch, dtype), self._device)
        known = inspect.signature(self._model.forward).parameters
        self._extra = {"use_cache": False} if "use_cache" in known else {}
        self.name = f"transformers {importlib.metadata.version('transformers')}"
        self.fingerprint = chat.model_fingerprint(folder)
        self.setting = (
            f"{self._pooling}, layer {self._layer}, window {self._cutter.length}, {dtype} {self._device.type}"
        )
        self.dimensions = int(self._pool([self._cutter.windows([Text("", "a")])[0][0]]).shape[1])

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once, in order.

        Raises:
            InputError: for a text that cannot be embedded, by its id.
        """
        return embedded(texts, self._cutter, self._pool, self.dimensions, self._progress)

    def close(self) -> None:
        """Free the model."""
        self._model = None
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()

    @torch.inference_mode()
    def _pool(self, pieces: list[Tokens]) -> np.ndarray:
        """Pooled hidden states of windows, float32 (n, dimensions); windows of like length share a batch."""
        places = sorted(range(len(pieces)), key=lambda place: (-len(pieces[place]), place))
        found: dict[int, np.ndarray] = {}
        while len(found) < len(pieces):
            longest = len(pieces[places[len(found)]])
            rows = max(1, min(self.options.batch, _TOKENS // longest))
            some = places[len(found) : len(found) + rows]
            found.update(zip(some, self._read([pieces[place] for place in some]), strict=True))
        return np.stack([found[place] for place in range(len(pieces))])

    def _read(self, pieces: list[Tokens]) -> np.ndarray:
        longest = len(pieces[0])
        tokens = torch.full((len(pieces), longest), self._cutter.pad, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, piece in enumerate(pieces):
            tokens[row, : len(piece)] = torch.tensor(piece)
            mask[row, : len(piece)] = 1
        tokens, mask = tokens.to(self._device), mask.to(self._device)
        output = self._model(
            input_ids=tokens, attention_mask=mask, output_hidden_states=self._layer != -1, return_dict=True,
            **self._extra,
        )  # fmt: skip
        states = output.last_hidden_state if self._layer == -1 else output.hidden_states[self._layer]
        return _pooled(states.float(), mask, self._pooling).cpu().numpy()


def _pooled(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector a row, (rows, dimensions), of states (rows, tokens, dimensions) with padding on the right."""
    if pooling == "cls":
        return states[:, 0]
    if pooling == "last":
        return states[torch.arange(len(states), device=states.device), mask.sum(1) - 1]
    # padding may hold numbers that are not finite, which no weight of zero makes go away
    shown = states.masked_fill(mask[..., None] == 0, 0)
    return shown.sum(1) / mask.sum(1, keepdim=True)


def _layer(model: str, config: Any, asked: int) -> int:
    layers = config.num_hidden_layers
    if not -layers - 1 <= asked <= layers:
        raise InputError(f"embedder option layer is {asked}, expected {-layers - 1} to {layers}, the layers of {model}")
    return -1 if asked == layers else asked


def _load(model: str, folder: Path, dtype: torch.dtype, device: torch.device) -> Any:
    """The part of a model that makes hidden states, whole but for a pooler of its own, which is not used here."""
    from transformers import AutoModel

    try:
        with quiet():
            loaded, report = AutoModel.from_pretrained(
                folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{model}: transformers cannot load it ({reason}), expected a whole model") from error
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name.split("."))
    if missing:
        raise InputError(f"{model}: its weights lack {missing[0]}, one of {len(missing)}, expected a whole model")
    reader = loaded.get_encoder() if loaded.config.is_encoder_decoder else loaded
    return reader.to(device).eval()
