"""A request as the model gets it: rendered, tokenised, with its own seed; or refused, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import xxhash

from curation import chat, tables
from curation.errors import InputError
from curation.model import Request, Response, Score, ScoreRequest

Turns = tuple[tuple[str, str], ...]


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


def derive_seed(run_seed: int, request_id: str, sample: int) -> int:
    """Seed of one sample of one request, 0 to 2**63 - 1: xxh3-64 of the run's seed, the request's id and the sample.

    Two requests with one prompt and one seed give one text, so no two may share a seed.
    """
    text = tables.canonical_json([run_seed, request_id, sample])
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) >> 1


class Prompter:
    """Turns requests into prompts, the same for every engine of a model."""

    def __init__(self, folder: Path, name: str, max_model_len: int, thinking: bool = False) -> None:
        """Load the tokenizer of a model folder; `name` is what errors call the model."""
        from transformers import AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if not self.tokenizer.is_fast:
            raise InputError(f"{name}: its tokenizer gives no offsets, expected one with a tokenizer.json")
        self.tokenizer.name_or_path = name
        self.max_model_len = max_model_len
        self.thinking = thinking
        self._start = self._start_tokens()

    def prompt(self, request: Request) -> Prompt:
        """Render and tokenise a request.

        A rendered conversation has its special tokens already; raw text gets the tokenizer's start token, once, and
        never its end token, after which a model would begin another text.

        Raises:
            InputError: when turns are asked of a model without a chat template.
        """
        sampling = request.sampling
        try:
            token_ids = self._tokens(request.prompt)
        except jinja2.TemplateError as error:
            return Prompt(request, (), 0, None, f"chat template: {error}")
        refusal = self._unfit(token_ids)
        if refusal is None and sampling.max_tokens < 1:
            refusal = f"max_tokens is {sampling.max_tokens}, expected at least 1"
        seed = derive_seed(sampling.seed, request.id, request.sample) if sampling.temperature > 0 else None
        room = min(sampling.max_tokens, self.max_model_len - len(token_ids))
        return Prompt(request, token_ids, room, seed, refusal)

    def passage(self, request: ScoreRequest) -> Passage:
        """Tokenise context and continuation as one text, as the model would have read them.

        A token that lies across the border counts as the continuation's.

        Raises:
            InputError: when turns are asked of a model without a chat template.
        """
        try:
            context = self._rendered(request.context)
        except jinja2.TemplateError as error:
            return Passage(request, (), 0, f"chat template: {error}")
        encoded = self.tokenizer(
            context + request.continuation, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        first = len(encoded["input_ids"])
        for index, (_, end) in enumerate(encoded["offset_mapping"]):
            if end > len(context) or not context:
                first = index
                break
        token_ids = tuple(encoded["input_ids"])
        if isinstance(request.context, str):
            token_ids = self._started(token_ids)
        start = first + len(token_ids) - len(encoded["input_ids"])
        refusal = self._unfit(token_ids)
        if refusal is None and start == 0:
            refusal = "no token before the continuation: the context is empty and the tokenizer has no start token"
        return Passage(request, token_ids, start, refusal)

    def _rendered(self, prompt: str | Turns) -> str:
        return prompt if isinstance(prompt, str) else chat.render(self.tokenizer, prompt, thinking=self.thinking)

    def _tokens(self, prompt: str | Turns) -> tuple[int, ...]:
        plain = self._plain(self._rendered(prompt))
        return self._started(plain) if isinstance(prompt, str) else plain

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _started(self, token_ids: tuple[int, ...]) -> tuple[int, ...]:
        """With the start tokens, unless the text spelt them out itself."""
        if token_ids[: len(self._start)] == self._start:
            return token_ids
        return self._start + token_ids

    def _start_tokens(self) -> tuple[int, ...]:
        """What the tokenizer puts before a text."""
        plain = self._plain("a")
        full = tuple(self.tokenizer("a", add_special_tokens=True)["input_ids"])
        for index in range(len(full) - len(plain) + 1):
            if full[index : index + len(plain)] == plain:
                return full[:index]
        raise InputError(f"{self.tokenizer.name_or_path}: its tokenizer changes a text when it adds special tokens")

    def _unfit(self, token_ids: Sequence[int]) -> str | None:
        """Why a prompt cannot be sent: one over-long or empty prompt would abort the whole call."""
        if not token_ids:
            return "prompt of 0 tokens, expected at least 1"
        if len(token_ids) >= self.max_model_len:
            return f"prompt of {len(token_ids)} tokens, limit {self.max_model_len - 1}"
        return None
