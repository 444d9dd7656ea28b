"""What is asked, as text and as tokens: chat templates, the start of an answer, and content that only looks like turns.

What stands in a turn is data. A special token that is spelt out there would, tokenised with the rest, end its turn and
begin another one. So such a spelling is broken by a mark before the template is filled in, what the template wrote is
tokenised as ever, and the stretch of text that holds a mark is tokenised as plain text, without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jinja2
import re2

from curation import chat

Turns = tuple[tuple[str, str], ...]
_LAST = 0x10FFFD  # of Unicode's characters, for private use


@dataclass(frozen=True)
class Rendered:
    """A prompt as text. Every special token's spelling that stood in a turn is broken by `mark`."""

    text: str
    mark: str | None = None
    refusal: str | None = None

    def __len__(self) -> int:
        """Characters, without marks."""
        return len(self.text) - (self.text.count(self.mark) if self.mark else 0)


class Renderer:
    """Texts of one tokenizer."""

    def __init__(self, tokenizer: Any, thinking: bool = False) -> None:
        """Take the tokenizer of a model; `thinking` lets a model that can think aloud do so."""
        self._tokenizer = tokenizer
        self._thinking = thinking
        # Called directly: what transformers puts around it takes longer than it does. Its file may ask for a cut.
        self._fast = tokenizer._tokenizer
        self._fast.no_truncation()
        self._fast.no_padding()

    def render(self, prompt: str | Turns, prefill: str = "", continuation: str = "") -> tuple[Rendered, Rendered]:
        """A prompt with the start of its answer, and the same with a continuation after it.

        Raw text is the caller's own: special tokens that it spells out are read as such.

        Returns:
            Both with the same mark and refusal. Refused is text that cannot be tokenised, a conversation that the
            template refuses, and a prefill that it changes.

        Raises:
            InputError: when turns are asked of a model without a chat template.
        """
        if isinstance(prompt, str):
            return _both(prompt + prefill, continuation, None)
        mark = self._mark([*(part for turn in prompt for part in turn), prefill, continuation])
        if mark is not None:
            prompt = tuple((self._broken(role, mark), self._broken(content, mark)) for role, content in prompt)
            prefill, continuation = self._broken(prefill, mark), self._broken(continuation, mark)
        try:
            text = chat.render(self._tokenizer, prompt, thinking=self._thinking, answer=prefill)
        except jinja2.TemplateError as error:
            return _refused(f"chat template: {error}")
        if not text.endswith(prefill):
            return _refused("chat template: it changes the prefill, expected one without white space at its ends")
        return _both(text, continuation, mark)

    def tokens(self, rendered: Rendered) -> list[int]:
        """Tokens of a text."""
        if rendered.mark is not None:
            return self.encode(rendered)[0]
        self._fast.encode_special_tokens = False
        return self._fast.encode_batch_fast([rendered.text], add_special_tokens=False)[0].ids

    def encode(self, rendered: Rendered) -> tuple[list[int], list[int]]:
        """Tokens of a text, and where each ends in it, in characters, counted without marks."""
        if rendered.mark is None:
            return self._tokens(rendered.text, False)
        tokens: list[int] = []
        ends: list[int] = []
        start = 0
        for piece, plain in self._pieces(rendered.text, rendered.mark):
            some, places = self._tokens(piece, plain)
            tokens += some
            ends += [start + place for place in places]
            start += len(piece)
        return tokens, ends

    def _mark(self, parts: Sequence[str]) -> str | None:
        """A character that is in no part, where any part spells a special token."""
        whole = "\0".join(parts)
        if self._special is None or _unwritable(whole):
            return None  # what cannot be written will be refused
        if not self._special.search(whole):
            return None
        return next(mark for mark in map(chr, range(_LAST, 0, -1)) if mark not in whole)

    def _broken(self, text: str, mark: str) -> str:
        """With a mark behind each character of a special token that it spells out."""
        return self._special.sub(lambda found: "".join(letter + mark for letter in found.group()), text)

    def _pieces(self, text: str, mark: str) -> list[tuple[str, bool]]:
        """Pieces of a text without marks, and which of them are plain text whatever they spell.

        A tokenizer cuts at special tokens before anything else, so between two of them a piece is tokenised alone.
        """
        pieces: list[tuple[str, bool]] = []
        begin = 0
        for start, end in [*(found.span() for found in self._special.finditer(text)), (len(text), len(text))]:
            if text[end : end + 1] == mark:
                continue  # a special token of one character, in a turn
            stretch = text[begin:start]
            if mark in stretch:
                pieces.append((stretch.replace(mark, ""), True))
            elif stretch:
                pieces.append((stretch, False))
            if start < end:
                pieces.append((text[start:end], False))
            begin = end
        return pieces

    def _tokens(self, text: str, plain: bool) -> tuple[list[int], list[int]]:
        self._fast.encode_special_tokens = plain
        encoded = self._fast.encode_batch([text], add_special_tokens=False)[0]
        self._fast.encode_special_tokens = False
        return encoded.ids, [end for _, end in encoded.offsets]

    @cached_property
    def _special(self) -> Any:
        """Matches what is read as a special token, the longest first."""
        added = self._tokenizer.added_tokens_decoder.values()
        spelt = sorted({token.content for token in added if token.special}, key=lambda one: (-len(one), one))
        return re2.compile("|".join(map(re2.escape, spelt))) if spelt else None


def _both(text: str, continuation: str, mark: str | None) -> tuple[Rendered, Rendered]:
    whole = text + continuation
    refusal = _unwritable(whole, mark)
    return Rendered(text, mark, refusal), Rendered(whole, mark, refusal)


def _refused(reason: str) -> tuple[Rendered, Rendered]:
    return Rendered("", None, reason), Rendered("", None, reason)


def _unwritable(text: str, mark: str | None = None) -> str | None:
    """Why a text cannot be tokenised: it holds half of a UTF-16 pair, which no UTF-8 can spell."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        place = error.start - (text[: error.start].count(mark) if mark else 0)
        return f"character {place} is the lone surrogate U+{ord(text[error.start]):04X}, expected Unicode text"
    return None
