"""One answer while it is being written: its tokens, its text, and whether it has ended."""

from typing import Any

import torch
from tokenizers.decoders import DecodeStream

from curation.model import Response

from .guides import Held
from .requests import Prompt
from .sampling import draw


class Writing:
    """The answer to one prompt.

    The text is decoded as a continuation of the prompt, so a leading space is kept; a character whose last byte has
    not come is left out. An end token and the tokens of a stop string are in the token ids, not in the text.
    """

    def __init__(self, prompt: Prompt, tokenizer: Any, ends: frozenset[int], held: Held | None = None) -> None:
        self.prompt = prompt
        self._held = held  # to its guide, where it has one
        self.token_ids: list[int] = []
        self.text = ""
        self.finish_reason: str | None = None
        self.seen = set(prompt.token_ids)
        self.generator = None if prompt.seed is None else torch.Generator().manual_seed(prompt.seed)
        self._ends = ends
        self._tokenizer = tokenizer._tokenizer
        self._stream = DecodeStream(ids=list(prompt.token_ids), skip_special_tokens=True)

    def draw(self, logits: torch.Tensor) -> int:
        """Draw one token more from logits, float32 of shape (vocabulary,) on the CPU, and write it; the token."""
        if self._held is not None:
            logits = self._held.mask(logits)
            if not torch.isfinite(logits).any():
                self.finish_reason = "refused"
                return 0
        token = draw(logits, self.seen, self.prompt.request.sampling, self.generator)
        if self._held is not None:
            self._held.add(token)
        return self.add(token)

    def add(self, token: int) -> int:
        """Write one token more, and see whether it ends the answer; the token."""
        self.token_ids.append(token)
        self.seen.add(token)
        if token in self._ends:
            self.finish_reason = "stop"
            return token
        piece = self._stream.step(self._tokenizer, token) or ""
        self.text += piece
        if piece and self._stopped(len(piece)):
            self.finish_reason = "stop"
        elif len(self.token_ids) >= self.prompt.max_tokens:
            self.finish_reason = "length"
        return token

    def response(self) -> Response:
        """The answer as it is handed back."""
        request, count = self.prompt.request, len(self.prompt.token_ids)
        if self.finish_reason == "refused":
            said = "the answer was given up: its guide leads to where no token can follow"
            return Response(request.id, request.sample, "", (), "refused", count, said)
        return Response(request.id, request.sample, self.text, tuple(self.token_ids), str(self.finish_reason), count)

    def _stopped(self, new: int) -> bool:
        """Cut the text before the stop string that is complete first, if one is."""
        complete = []
        for stop in self.prompt.request.sampling.stop:
            place = self.text.find(stop, max(0, len(self.text) - new - len(stop) + 1))
            if place >= 0:
                complete.append((place + len(stop), place))
        if complete:
            self.text = self.text[: min(complete)[1]]
        return bool(complete)
