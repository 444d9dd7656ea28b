"""What embedders share: their options, texts as the tokens that a model is shown, one vector from what it says.

A text that is longer than the model's context is shown in windows, never cut off in silence. A text without tokens has
nothing to embed: its vector is zero, which is alike to nothing.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from curation.embedding.vectors import unit
from curation.errors import InputError
from curation.model import Text, Vector

from .engine import Progress, windows
from .options import DTYPES

POOLING = ("auto", "mean", "last", "cls")
LONG = ("chunk_mean", "refuse")
CHUNK = 1024  # texts of one call
_OFFSET = ("roberta", "camembert", "xmod", "mpnet", "longformer")  # their first position is behind that of padding
_NAMED = {"mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls", "lasttoken": "last"}
_HARMLESS = ("Transformer", "Pooling", "Normalize")  # parts of a sentence model that hidden states and pooling cover

Tokens = tuple[int, ...]
Pool = Callable[[list[Tokens]], np.ndarray]  # windows -> pooled hidden states, float32 (windows, dimensions)


class EmbeddingEngine(Protocol):
    """An embedder that is open."""

    name: str  # engine and version
    fingerprint: str  # of the model
    setting: str  # what else decides the vectors: pooling, window, number type, device
    dimensions: int

    def embed(self, texts: Iterable[Text]) -> Iterator[Vector]:
        """Embed every text exactly once, in order: float32 (dimensions,), of length one or zero."""
        ...

    def close(self) -> None:
        """Give the model's memory back; closing twice does nothing."""
        ...


@dataclass(frozen=True)
class EmbedderOptions:
    """How a model embeds texts.

    Attributes:
        pooling: which hidden states are a text's vector: the `mean` over its tokens, the `last` token's, or the first
            one's (`cls`). `auto`: what a sentence model's own folder says (`1_Pooling/config.json`), else the mean.
        layer: whose hidden states, -1 for the last, 0 for the token embeddings (transformers only).
        long: what becomes of a text beyond the context. `chunk_mean`: windows of like size are embedded and averaged
            by their tokens; `refuse`: InputError.
        prefix: put before every text, such as "query: " for the models that were trained with it.
        max_model_len: longest window, tokens. None: the model's own, on a CPU at most 4096.
        dtype: type of weights and activations. `auto`: float32 on a CPU; elsewhere the model's own, bfloat16 for
            weights stored in float32.
        batch: windows in one forward pass (transformers; vLLM batches as its memory allows).
        device: `auto` (cuda, mps or cpu, the first that is there) or a torch device (transformers).
        tensor_parallel_size: GPUs that a model is spread over (vLLM).
        gpu_memory_utilization: share of a GPU's memory (vLLM).
    """

    pooling: str = "auto"
    layer: int = -1
    long: str = "chunk_mean"
    prefix: str = ""
    max_model_len: int | None = None
    dtype: str = "auto"
    batch: int = 32
    device: str = "auto"
    tensor_parallel_size: int = 1
    gpu_memory_utilization: float = 0.9

    def __post_init__(self) -> None:
        for name, known in (("pooling", POOLING), ("long", LONG), ("dtype", DTYPES)):
            if getattr(self, name) not in known:
                found = getattr(self, name)
                raise InputError(f"embedder option {name} is {found!r}, expected one of {', '.join(known)}")
        for name in ("max_model_len", "batch", "tensor_parallel_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"embedder option {name} is {value}, expected at least 1")
        if not 0 < self.gpu_memory_utilization <= 1:
            found = self.gpu_memory_utilization
            raise InputError(f"embedder option gpu_memory_utilization is {found}, expected more than 0, at most 1")


def pooling_of(folder: Path, asked: str) -> str:
    """`mean`, `last` or `cls`: what was asked, or what the folder of a sentence model says, or the mean.

    Raises:
        InputError: when the folder says something else, or has a part behind the pooling that would be left out.
    """
    if asked != "auto":
        return asked
    parts = _json(folder / "modules.json", [])
    for part in parts:
        kind = str(part.get("type", "")).rpartition(".")[2]
        if kind not in _HARMLESS:
            raise InputError(
                f"{folder}/modules.json: its part {kind} is not applied here; expected {', '.join(_HARMLESS)}, or "
                "pooling: mean, last or cls to take the hidden states without it"
            )
    at = next((part["path"] for part in parts if str(part.get("type", "")).endswith(".Pooling")), "1_Pooling")
    said = _json(folder / at / "config.json", {})
    named = str(said.get("pooling_mode", "")).split("+") if said.get("pooling_mode") else []
    named += [key.removeprefix("pooling_mode_") for key, on in said.items() if key.startswith("pooling_mode_") and on]
    found = {_NAMED.get(name, name) for name in named} or {"mean"}
    if len(found) > 1 or not found <= set(POOLING):
        raise InputError(
            f"{folder}/{at}/config.json: pools by {' and '.join(sorted(found))}, expected one of mean, lasttoken, cls; "
            "or pooling: mean, last or cls"
        )
    return found.pop()


def _json(path: Path, otherwise: Any) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else otherwise
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}), expected the settings of a sentence model") from error
    if type(found) is not type(otherwise):
        raise InputError(f"{path}: found {type(found).__name__}, expected {type(otherwise).__name__}")
    return found


class Cutter:
    """Texts as windows of tokens: with what the tokenizer puts around a text, and the prefix before each window.

    Special tokens that a text spells out are cut up like any other characters.
    """

    def __init__(self, folder: Path, model: str, config: Any, length: int, options: EmbedderOptions) -> None:
        """Load the tokenizer of a model folder.

        Args:
            folder: of the model.
            model: what errors call it.
            config: the text part of its configuration.
            length: most tokens of a window, as the configuration has it.
            options: see EmbedderOptions.

        Raises:
            InputError: when the tokenizer cannot be read, or no window has room for a token of a text.
        """
        self._tokenizer = _tokenizer(folder, model)
        self._vocabulary: int = config.vocab_size
        self._long, self._prefix = options.long, options.prefix
        own = getattr(config, "max_position_embeddings", None)
        if own is not None and any(kind in str(config.model_type) for kind in _OFFSET):
            length = min(length, own - (config.pad_token_id or 0) - 1)
        self.length = min(length, self._tokenizer.model_max_length)
        pads = (getattr(config, "pad_token_id", None), self._tokenizer.pad_token_id, 0)
        self.pad: int = next(pad for pad in pads if pad is not None and 0 <= pad < self._vocabulary)
        around = len(self._tokenizer(self._prefix + "a", add_special_tokens=True)["input_ids"])
        if around > self.length:
            raise InputError(f"{model}: windows of {self.length} tokens, expected at least {around}: one of the text, "
                             "those of the prefix and those that the tokenizer puts around a text")  # fmt: skip

    def windows(self, texts: Sequence[Text]) -> list[list[Tokens]]:
        """The windows of each text, none for one that is blank.

        Raises:
            InputError: for a text that is no Unicode, has a token that the model does not know, or is too long.
        """
        found: list[list[Tokens]] = [[] for _ in texts]
        places = [place for place, text in enumerate(texts) if written(text).strip()]
        if not places:
            return found
        encoded = self._tokenizer(
            [self._prefix + texts[place].text for place in places], add_special_tokens=True,
            return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False,
        )  # fmt: skip
        columns = (encoded[name] for name in ("input_ids", "special_tokens_mask", "offset_mapping"))
        for place, ids, special, offsets in zip(places, *columns, strict=True):
            found[place] = self._cut(texts[place], ids, special, offsets)
        return found

    def _cut(self, text: Text, ids: list[int], special: list[int], offsets: list[tuple[int, int]]) -> list[Tokens]:
        start = next((at for at, on in enumerate(special) if not on), len(ids))
        end = next((at for at in range(len(ids), start, -1) if not special[at - 1]), start)
        if start == end:
            return []
        if (last := max(ids)) >= self._vocabulary:
            raise InputError(
                f"text {text.id}: token {last} is the tokenizer's, not the model's: it has {self._vocabulary}"
            )
        if len(ids) <= self.length:
            return [tuple(ids)]
        if self._long == "refuse":
            raise InputError(f"text {text.id}: {len(ids)} tokens, limit {self.length}; expected long: chunk_mean")
        while start < end and offsets[start][1] <= len(self._prefix):
            start += 1
        head, body, tail = ids[:start], ids[start:end], ids[end:]
        count = -(-len(body) // (self.length - len(head) - len(tail)))
        cuts = [len(body) * at // count for at in range(count + 1)]
        return [(*head, *body[one:other], *tail) for one, other in zip(cuts, cuts[1:], strict=False)]


def embedded(
    texts: Iterable[Text], cutter: Cutter, pool: Pool, dimensions: int, progress: Progress | None
) -> Iterator[Vector]:
    """Vectors of texts, in order: pooled windows averaged by their tokens, at length one.

    Texts go to the model a chunk at a time, cut by position, so that equal lists make equal batches.

    Raises:
        InputError: for a text that cannot be shown to the model, or one of which it makes no numbers.
    """
    for window in windows(texts, CHUNK):
        pieces = cutter.windows(window)
        different = list(dict.fromkeys(piece for some in pieces for piece in some))
        pooled = dict(zip(different, pool(different).astype(np.float64), strict=True)) if different else {}
        for text, some in zip(window, pieces, strict=True):
            values = np.zeros(dimensions)
            if some:
                values = np.average([pooled[piece] for piece in some], axis=0, weights=[len(piece) for piece in some])
            if not np.isfinite(values).all():
                raise InputError(f"text {text.id}: the model gave no finite numbers, expected some: try dtype float32")
            yield Vector(text.id, unit(values[None])[0])
        if progress is not None:
            progress(len(window), sum(len(piece) for some in pieces for piece in some))


def written(text: Text) -> str:
    """The text itself, when it is Unicode.

    Raises:
        InputError: when it is not, naming its id.
    """
    try:
        text.text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"the lone surrogate U+{ord(text.text[error.start]):04X}"
        raise InputError(f"text {text.id}: character {error.start} is {found}, expected Unicode text") from error
    return text.text


def _tokenizer(folder: Path, model: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, split_special_tokens=True)
    except Exception as error:  # tokenizers raises nothing narrower for a file that it cannot read
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{model}: its tokenizer cannot be read ({reason}), expected tokenizer.json") from error
    if not tokenizer.is_fast:
        raise InputError(f"{model}: its tokenizer has no offsets, expected one with tokenizer.json")
    return tokenizer
