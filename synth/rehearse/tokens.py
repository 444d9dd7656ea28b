"""What a buffer costs in tokens of the model's own tokenizer, and what its template puts around a turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import jinja2

from curation import chat
from curation.errors import InputError
from curation.model import Response

_MARK = "\ue000{number}\ue001"  # of the private use area: no template has it, no tokenizer of use joins across it


class Tokens(Protocol):
    """Counts tokens. `markers` are the marks by which the model tells turns apart."""

    markers: tuple[str, ...]

    def count(self, turns: Sequence[dict[str, str]]) -> int:
        """Tokens of a conversation as it is trained on."""
        ...

    def count_text(self, text: str) -> int:
        """Tokens of a text, without start and end token."""
        ...


@dataclass(frozen=True)
class Opening:
    """How a conversation begins, up to the first word of the user.

    Attributes:
        text: the raw prompt after which a chat model writes a user's turn (Magpie, arXiv 2406.08464, section 2).
        stop: what stands after the user's words, as text; empty where only special tokens do.
    """

    text: str
    stop: str


class ModelTokens:
    """The tokenizer of a model folder; nothing of its weights is loaded."""

    def __init__(self, folder: Path) -> None:
        """Load the tokenizer.

        Raises:
            InputError: when the folder is no model's or its tokenizer cannot be read.
        """
        from ..engines.requests import Prompter  # loaded where a tokenizer is wanted: it takes a second

        folder = chat.model_folder(folder)
        self._tokenizer: Any = Prompter(folder, str(folder), 1 << 30).tokenizer
        self.chats = bool(self._tokenizer.chat_template)
        self.markers = tuple(dict.fromkeys([*self._special(), *(self._around() if self.chats else ())]))

    def count(self, turns: Sequence[dict[str, str]]) -> int:
        """Tokens of a conversation in the model's template; without one, of what its turns say.

        Raises:
            InputError: when the template refuses the conversation.
        """
        if not self.chats:
            return sum(self.count_text(turn["content"]) for turn in turns)
        try:
            return self.count_text(chat.render(self._tokenizer, list(turns), generation_prompt=False))
        except jinja2.TemplateError as error:
            roles = ", ".join(turn["role"] for turn in turns)
            raise InputError(
                f"{self._tokenizer.name_or_path}: its template refuses turns of {roles}: {error}"
            ) from error

    def count_text(self, text: str) -> int:
        """Tokens of a text, without start and end token."""
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def document(self, response: Response) -> tuple[str, bool]:
        """The first document of an answer to a raw prompt, and whether the model came to its end.

        A model that was pretrained on documents one after another goes on with the next one: its start or end token
        within the answer is where the first one ends.
        """
        ends = {self._tokenizer.bos_token_id, self._tokenizer.eos_token_id} - {None}
        at = next((place for place, token in enumerate(response.token_ids) if token in ends), None)
        if at is None:
            return response.text, response.finish_reason == "stop"
        return self._tokenizer.decode(response.token_ids[:at], skip_special_tokens=True), True

    def start(self) -> str:
        """What a raw prompt must begin with so that a document begins: nothing where the tokenizer puts its start
        token itself, else that token, or the end token of the document before, by which many models know a beginning.

        Raises:
            InputError: when the tokenizer has neither.
        """
        if self._tokenizer("", add_special_tokens=True)["input_ids"]:
            return ""
        token = self._tokenizer.bos_token or self._tokenizer.eos_token
        if token is None:
            raise InputError(f"{self._tokenizer.name_or_path}: its tokenizer has no start token, expected one")
        return str(token)

    def opening(self) -> Opening:
        """The empty turn of a user.

        Raises:
            InputError: when the model has no chat template, or one that does not keep a user's words as they are.
        """
        name = self._tokenizer.name_or_path
        mark = _MARK.format(number=0)
        rendered = chat.render(self._tokenizer, [{"role": "user", "content": mark}], generation_prompt=True)
        before, found, after = rendered.partition(mark)
        if not found:
            raise InputError(f"{name}: its chat template changes the user's words, expected one that keeps them")
        first = min((after.find(token) for token in self._special() if token in after), default=len(after))
        return Opening(before, after[:first].rstrip() if first else "")

    def _special(self) -> list[str]:
        """Tokens that no text spells out: those of known roles, and those that the file marks as special."""
        added = [str(token) for token in self._tokenizer.added_tokens_decoder.values() if token.special]
        return [*dict.fromkeys([*map(str, self._tokenizer.all_special_tokens), *added])]

    def _around(self) -> list[str]:
        """Lines that the template puts between turns."""
        marks = [_MARK.format(number=number) for number in range(3)]
        roles = ("user", "assistant", "user")
        turns = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        try:
            rendered = chat.render(self._tokenizer, turns, generation_prompt=True)
        except jinja2.TemplateError:  # a template of single questions: its special tokens are known all the same
            return []
        for mark in marks:
            rendered = rendered.replace(mark, "\n")
        return [line.strip() for line in rendered.split("\n") if len(line.strip()) > 2]
