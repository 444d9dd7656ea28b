"""A request as the model gets it: rendered, tokenised, with its own seed; or refused, with the reason."""

import importlib.metadata
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xxhash

from curation import chat, chat_template, storage, tables
from curation.errors import InputError
from curation.model import Request, Response, Sampling, Score, ScoreRequest

from . import guides, rendering
from .rendering import Renderer

# The code that renders and tokenises: where any of it changed, an earlier run's tokens say nothing.
_MADE_BY = (
    *(storage.digest(Path(str(module.__file__))) for module in (chat, chat_template, rendering)),
    storage.digest(Path(__file__)),
    *(importlib.metadata.version(library) for library in ("jinja2", "tokenizers", "transformers")),
)


@dataclass(frozen=True)
class Prompt:
    """A request ready to be sent.

    Attributes:
        request: what was asked.
        token_ids: the whole prompt, special tokens included.
        max_tokens: what was asked, or what the context has left after the prompt.
        seed: of this request and sample, none where tokens are not drawn.
        refusal: why it cannot be sent, none where it can.
    """

    request: Request
    token_ids: tuple[int, ...]
    max_tokens: int
    seed: int | None
    refusal: str | None = None

    def refused(self) -> Response:
        """The response of a request that cannot be sent."""
        request = self.request
        return Response(request.id, request.sample, "", (), "refused", len(self.token_ids), self.refusal)


@dataclass(frozen=True)
class Passage:
    """A text to score: all of its tokens, those from `start` on are the continuation's."""

    request: ScoreRequest
    token_ids: tuple[int, ...]
    start: int
    refusal: str | None = None

    def refused(self) -> Score:
        """The score of a request that cannot be sent."""
        return Score(self.request.id, (), (), self.refusal)


def guidable(prompt: Prompt) -> Prompt:
    """The prompt, refused where its answer is to be guided and the library that guides is not here."""
    if prompt.request.sampling.guide is not None and prompt.refusal is None and not guides.installed():
        return replace(prompt, refusal=guides.MISSING)
    return prompt


def derive_seed(run_seed: int, request_id: str, sample: int) -> int:
    """Seed of one sample of one request, 0 to 2**63 - 1: xxh3-64 of the run's seed, the request's id and the sample.

    Two requests with one prompt and one seed give one text, so no two may share a seed.
    """
    text = tables.canonical_json([run_seed, request_id, sample])
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) >> 1


class Prompter:
    """Turns requests into prompts, the same for every engine of a model.

    Attributes:
        asking: fingerprint of what decides, beside the model's files, which prompt a request becomes.
    """

    def __init__(
        self, folder: Path, name: str, max_model_len: int, thinking: bool = False, vocabulary: int | None = None
    ) -> None:
        """Load the tokenizer of a model folder.

        Args:
            folder: of the model.
            name: what errors call the model.
            max_model_len: longest prompt plus answer, tokens.
            thinking: let a model that can think aloud do so.
            vocabulary: tokens that the model has embeddings for; None when that is not known.

        Raises:
            InputError: when the tokenizer cannot be read, or is one without offsets.
        """
        self.tokenizer: Any = _tokenizer(folder, name)
        self.max_model_len = max_model_len
        self.vocabulary = vocabulary
        self._renderer = Renderer(self.tokenizer, thinking)
        self.asking = tables.fingerprint([thinking, max_model_len, vocabulary, *_MADE_BY])
        self._start = self._start_tokens()
        self._last: tuple[object, str] | None = None
        self._read: tuple[tuple[int, ...], str | None] = ((), None)

    def prompt(self, request: Request) -> Prompt:
        """Render and tokenise a request, with the start of its answer where it names one.

        A rendered conversation has its special tokens already; raw text gets the tokenizer's start token, once, and
        never its end token, after which a model would begin another text.

        Raises:
            InputError: when turns are asked of a model without a chat template.
        """
        sampling = request.sampling
        if (request.prompt, request.prefill) != self._last:  # samples of one prompt come one after another
            self._read = self._tokens(request)
            self._last = (request.prompt, request.prefill)
        token_ids, refusal = self._read
        if refusal is not None:
            return Prompt(request, (), 0, None, refusal)
        refusal = self._unfit(token_ids) or undrawable(sampling) or unguided(sampling)
        seed = derive_seed(sampling.seed, request.id, request.sample) if sampling.temperature > 0 else None
        room = min(sampling.max_tokens, self.max_model_len - len(token_ids))
        return Prompt(request, token_ids, room, seed, refusal)

    def passage(self, request: ScoreRequest) -> Passage:
        """Tokenise context, start of the answer and continuation as one text, as the model would have read them.

        A token that lies across the border counts as the continuation's.

        Raises:
            InputError: when turns are asked of a model without a chat template.
        """
        context, whole = self._renderer.render(request.context, request.prefill, request.continuation)
        if whole.refusal is not None:
            return Passage(request, (), 0, whole.refusal)
        tokens, ends = self._renderer.encode(whole)
        border = len(context)
        first = next((place for place, end in enumerate(ends) if end > border or not border), len(tokens))
        token_ids = tuple(tokens)
        if isinstance(request.context, str):
            token_ids = self._started(token_ids)
        start = first + len(token_ids) - len(tokens)
        refusal = self._unfit(token_ids)
        if refusal is None and start == 0:
            refusal = "no token before the continuation: the context is empty and the tokenizer has no start token"
        return Passage(request, token_ids, start, refusal)

    def _tokens(self, request: Request) -> tuple[tuple[int, ...], str | None]:
        """The tokens of a prompt with the start of its answer, or why there are none."""
        rendered, _ = self._renderer.render(request.prompt, request.prefill)
        if rendered.refusal is not None:
            return (), rendered.refusal
        token_ids = tuple(self._renderer.tokens(rendered))
        return self._started(token_ids) if isinstance(request.prompt, str) else token_ids, None

    def _started(self, token_ids: tuple[int, ...]) -> tuple[int, ...]:
        """With the start tokens, unless the text spelt them out itself."""
        if token_ids[: len(self._start)] == self._start:
            return token_ids
        return self._start + token_ids

    def _start_tokens(self) -> tuple[int, ...]:
        """What the tokenizer puts before a text."""
        plain = tuple(self.tokenizer("a", add_special_tokens=False)["input_ids"])
        full = tuple(self.tokenizer("a", add_special_tokens=True)["input_ids"])
        for index in range(len(full) - len(plain) + 1):
            if full[index : index + len(plain)] == plain:
                return full[:index]
        raise InputError(f"{self.tokenizer.name_or_path}: its tokenizer changes a text when it adds special tokens")

    def _unfit(self, token_ids: Sequence[int]) -> str | None:
        """Why a prompt cannot be sent: one that is over-long, empty or unknown would abort the whole call."""
        if not token_ids:
            return "prompt of 0 tokens, expected at least 1"
        if len(token_ids) >= self.max_model_len:
            return f"prompt of {len(token_ids)} tokens, limit {self.max_model_len - 1}"
        if self.vocabulary is not None and (last := max(token_ids)) >= self.vocabulary:
            token = self.tokenizer.convert_ids_to_tokens(last)
            return f"token {last} ({token}) is the tokenizer's, not the model's: it has {self.vocabulary}"
        return None


def _tokenizer(folder: Path, name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # tokenizers raises nothing narrower for a file that it cannot read
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{name}: its tokenizer cannot be read ({reason}), expected one of transformers") from error
    if not tokenizer.is_fast:
        raise InputError(f"{name}: its tokenizer gives no offsets, expected one with a tokenizer.json")
    tokenizer.name_or_path = name
    return tokenizer


def undrawable(sampling: Sampling) -> str | None:
    """Why no token can be drawn so: engines differ in what they make of such values, so none gets them."""
    if sampling.max_tokens < 1:
        return f"max_tokens is {sampling.max_tokens}, expected at least 1"
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        return f"temperature is {sampling.temperature}, expected 0 or more"
    if not 0 < sampling.top_p <= 1:
        return f"top_p is {sampling.top_p}, expected more than 0, at most 1"
    if sampling.top_k < 0:
        return f"top_k is {sampling.top_k}, expected 0 (off) or more"
    if not (math.isfinite(sampling.repetition_penalty) and sampling.repetition_penalty > 0):
        return f"repetition_penalty is {sampling.repetition_penalty}, expected more than 0"
    if "" in sampling.stop:
        return "a stop string is empty, expected text"
    return None


def unguided(sampling: Sampling) -> str | None:
    """Why an answer cannot be held to its guide, none where there is no guide."""
    return None if sampling.guide is None else guides.fault(sampling.guide)
