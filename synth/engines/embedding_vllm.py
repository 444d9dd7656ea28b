"""An embedding model through vLLM: one made for it, such as BGE-M3, or any other converted to pooling."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from curation import chat, weights
from curation.errors import InputError
from curation.model import Text, Vector

from . import limits, vllm_process, vllm_settings
from .embedding import Cutter, EmbedderOptions, Tokens, embedded, pooling_of
from .engine import Progress


class VllmEmbedder:
    """A model in vLLM's pooling runner. Embedder.

    Windows and their tokens are those of the engine transformers, and so are the vectors but for their last bits.
    """

    def __init__(self, model: str, options: EmbedderOptions | None = None, progress: Progress | None = None) -> None:
        """Load a model.

        Args:
            model: folder or hub name.
            options: see EmbedderOptions; `batch` and `device` do not count.
            progress: called as texts are embedded, with the texts and tokens since its last call.

        Raises:
            InputError: when the model or the options cannot be used here, with what to do.
        """
        self.options = options or EmbedderOptions()
        if self.options.layer != -1:
            raise InputError(f"embedder option layer is {self.options.layer}, expected the engine transformers: vLLM "
                             "gives the last layer alone")  # fmt: skip
        folder = chat.model_folder(model)
        weights.check_finite(folder)
        self._pooling = pooling_of(folder, self.options.pooling)
        self.fingerprint = chat.model_fingerprint(folder)
        self.name = f"vllm {vllm_process.version()}"
        self._progress = progress
        self._llm: Any = None
        self._entered = vllm_process.enter()
        try:
            self._open(model, folder)
        except BaseException:
            self.close()
            raise

    def _open(self, model: str, folder: Any) -> None:
        from vllm.config import PoolerConfig

        here = vllm_settings.fit(model, folder, self.options.max_model_len, self.options.dtype)
        self._cutter = Cutter(folder, model, here.config, here.length, self.options)
        # vectors at their own length: windows of a long text are averaged before they are scaled to length one
        pooler = PoolerConfig(seq_pooling_type=self._pooling.upper(), use_activation=False)
        settings = {
            "runner": "pooling",
            "pooler_config": pooler,
            "dtype": here.dtype,
            "max_model_len": self._cutter.length,
            "max_num_batched_tokens": max(self._cutter.length, limits.CPU_CONTEXT),
            "seed": 0,
            "trust_remote_code": False,
            "load_format": "safetensors",
            "use_tqdm_on_load": False,
            "enable_prefix_caching": False,  # a mean needs every token of a text
            "enable_chunked_prefill": False,
            "tensor_parallel_size": self.options.tensor_parallel_size,
            "gpu_memory_utilization": self.options.gpu_memory_utilization,
        }
        if here.on_cpu:
            number_bytes = 4 if here.dtype == "float32" else 2
            cache = limits.cpu_cache_bytes(here.config, self._cutter.length, number_bytes)
            settings |= {"enforce_eager": True, "kv_cache_memory_bytes": cache, "max_num_seqs": limits.SEQUENCES}
        self._llm = vllm_process.load(model, folder, settings)
        self.setting = f"{self._pooling}, layer -1, window {self._cutter.length}, {here.dtype} {here.device}"
        self.dimensions = int(self._pool([self._cutter.windows([Text("", "a")])[0][0]]).shape[1])

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once, in order.

        Raises:
            InputError: for a text that cannot be embedded, by its id.
        """
        return embedded(texts, self._cutter, self._pool, self.dimensions, self._progress)

    def close(self) -> None:
        """Free the model, and with the last engine of the process what vLLM changed in it; twice does nothing."""
        if self._entered:
            llm, self._llm, self._entered = self._llm, None, False
            vllm_process.leave(llm)

    def _pool(self, pieces: list[Tokens]) -> np.ndarray:
        from vllm.inputs import TokensPrompt

        outputs = self._llm.embed([TokensPrompt(prompt_token_ids=list(piece)) for piece in pieces], use_tqdm=False)
        return np.array([output.outputs.embedding for output in outputs], np.float32)
