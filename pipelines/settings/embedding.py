"""Settings of the vectors of documents: from TF-IDF, or from a model."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from curation.embedding.tfidf import TfidfOptions
from curation.errors import InputError
from curation.ngrams import NgramOptions

from .base import Settings, forbidding_others
from .engine import Address

if TYPE_CHECKING:
    from synth.engines.embedding import EmbedderOptions
    from synth.engines.server import ServerOptions

forbidding_others(NgramOptions)

_TFIDF = TfidfOptions()
_OF_TFIDF = ("dimensions", "ngrams")
_OF_SERVER = ("url", "model_name", "api_key_variable")
_OF_BOTH = ("model", "sample", "seed")


class EmbeddingSettings(Settings):
    """Vectors of documents: TF-IDF reduced by SVD, or, with `model`, those of a language or embedding model."""

    model: str | None = Field(None, description="model folder or name; TF-IDF unless set")
    engine: Literal["auto", "transformers", "vllm", "static", "server"] = Field(
        "auto", description="what runs the model; auto: static for a Model2Vec folder, else transformers"
    )
    url: Address | None = Field(None, description="address of the server's API, such as http://127.0.0.1:8000/v1")
    model_name: str | None = Field(None, description="the server's name for the model; its only one unless set")
    api_key_variable: str | None = Field(None, description="environment variable that holds the server's key")
    pooling: Literal["auto", "mean", "last", "cls"] = Field(
        "auto",
        description="hidden states that are a text's vector; auto: as the folder of a sentence model says, or mean",
    )
    layer: int = Field(-1, description="whose hidden states: -1 the last, 0 the token embeddings (transformers)")
    long: Literal["chunk_mean", "refuse"] = Field(
        "chunk_mean", description="a text beyond the context: the mean of its windows, or an error"
    )
    prefix: str = Field("", description='put before every text, such as "query: " where a model was trained with it')
    max_model_len: int | None = Field(None, ge=1, description="longest window, tokens; the model's own unless set")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field("auto", description="float32 on a CPU for auto")
    batch: int = Field(32, ge=1, description="windows of one forward pass (transformers)")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs a model is spread over (vLLM)")
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="share of GPU memory (vLLM)")
    centre: bool = Field(
        True, description="take the mean vector of the sample from the model's vectors; TF-IDF always does"
    )
    dimensions: int = Field(_TFIDF.dimensions, ge=1, description="of the vectors (TF-IDF)")
    sample: int = Field(
        _TFIDF.sample, ge=1, description="documents that TF-IDF, the mean vector and clusters are learned from"
    )
    seed: int = Field(_TFIDF.seed, description="of the sample and, for TF-IDF, of the SVD")
    ngrams: NgramOptions = Field(_TFIDF.ngrams, description="what is counted of a text (TF-IDF)")

    @model_validator(mode="after")
    def _of_one_kind(self) -> "EmbeddingSettings":
        fields = type(self).model_fields
        if self.model is None:
            others = [name for name in fields if name not in (*_OF_TFIDF, *_OF_BOTH)]
            expected = "expected the key 'model' beside it"
        else:
            others, expected = list(_OF_TFIDF), "expected it without 'model', for TF-IDF"
        for name in others:
            if (found := getattr(self, name)) != fields[name].default:
                shown = "other than its default" if name == "ngrams" else repr(found)
                raise ValueError(f"{name}: found {shown}, {expected}")
        if self.engine in ("vllm", "static", "server") and self.layer != -1:
            raise ValueError(f"layer: found {self.layer} with engine {self.engine!r}, expected 'transformers'")
        if self.engine == "server" and self.url is None:
            raise ValueError("engine: found 'server' without url, expected an address such as http://127.0.0.1:8000/v1")
        for name in _OF_SERVER if self.engine != "server" else ():
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: found it with engine {self.engine!r}, expected 'server'")
        if self.engine == "server" and self.pooling != "auto":
            raise ValueError(
                f"pooling: found {self.pooling!r} with engine 'server', expected 'auto': it is the server's"
            )
        if self.engine == "static" and self.pooling not in ("auto", "mean"):
            raise ValueError(f"pooling: found {self.pooling!r} with engine 'static', expected 'mean'")
        return self

    def tfidf(self) -> TfidfOptions:
        """The options of TF-IDF."""
        return TfidfOptions(self.dimensions, self.sample, self.seed, self.ngrams)

    def options(self) -> "EmbedderOptions":
        """The options of the embedder that runs the model."""
        from synth.engines.embedding import EmbedderOptions

        named = ("pooling", "layer", "long", "prefix", "max_model_len", "dtype", "batch", "tensor_parallel_size",
                 "gpu_memory_utilization")  # fmt: skip
        return EmbedderOptions(**{name: getattr(self, name) for name in named})

    def server(self) -> "ServerOptions | None":
        """Where the server is, of the engine `server`."""
        if self.url is None:
            return None
        from synth.engines.server import ServerOptions

        return ServerOptions(self.url, self.model_name, self.api_key_variable)

    def identity(self) -> dict[str, Any]:
        """What decides a text's vector by the model, as JSON.

        Raises:
            InputError: for a model that is not there or cannot be read.
        """
        assert self.model is not None
        from synth.engines import embedders

        try:
            return embedders.identity(self.engine, self.model, self.options(), self.server())
        except InputError as error:
            raise InputError(f"embedding: {error}") from error
