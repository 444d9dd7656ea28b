"""The words of a corpus as new tokens are learned on them: runs of tokens, and characters that bytes spell.

A SentencePiece vocabulary with byte fallback (Llama 2, Mistral, SOLAR) spells a character that it lacks as tokens like
`<0xEA>`. Those of one character are read as that character, of which a token can be made; other bare bytes, those of
whitespace and of control characters, part words.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tokenizers import Tokenizer

SPACE = "▁"  # how tokenizers of sentencepiece's kind write the space before a word
_WIDTHS = ((0xF0, 4), (0xE0, 3), (0xC2, 2))  # bytes of a character of UTF-8, by the least that its first can be


class Words:
    """Reads words of texts, and knows which old tokens spell what stands in them.

    Attributes:
        spelled: the old tokens of each text that stood in a word: one of a token, the bytes of a character without one.
        unknown: places that the tokenizer reads as its unknown token, of which no new token can be made.
    """

    def __init__(self, tokenizer: Tokenizer, model: dict[str, Any]) -> None:
        """`model`: what tokenizer.json says of the tokenizer's model."""
        self.spelled: dict[str, tuple[int, ...]] = {}
        self.unknown = 0
        self._tokenizer = tokenizer
        unknown = model.get("unk_id")  # of a unigram model, a place in its vocabulary
        self._unknown: str = model.get("unk_token") or ("" if unknown is None else model["vocab"][unknown][0])
        self._apart = set(tokenizer.get_added_tokens_decoder())
        vocabulary = tokenizer.get_vocab().items()
        self._bytes = {token: byte for text, token in vocabulary if (byte := byte_of(text)) is not None}
        self._falls_back = bool(model.get("byte_fallback"))

    def read(self, texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Words of two units or more, or of one character that is no token yet.

        Nothing in a word is special or a bare byte, and none reaches across the tokenizer's own words or a space.
        """
        for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False):
            self.unknown += encoding.tokens.count(self._unknown)
            run: list[str] = []
            before: int | None = None
            tokens = zip(encoding.ids, encoding.tokens, encoding.word_ids, strict=True)
            for text, spelled, word in self._units(tokens):
                if text is None or word != before or text.startswith(SPACE):
                    if self._learnable(run):
                        yield tuple(run)
                    run = []
                before = word
                if text is not None:
                    self.spelled[text] = spelled
                    run.append(text)
            if self._learnable(run):
                yield tuple(run)

    def _learnable(self, run: list[str]) -> bool:
        return len(run) > 1 or (len(run) == 1 and len(self.spelled[run[0]]) > 1)

    def _units(
        self, tokens: Iterable[tuple[int, str, int | None]]
    ) -> Iterator[tuple[str | None, tuple[int, ...], int | None]]:
        """Text, old tokens and word of each token or character in bytes; no text of what parts words."""
        pending: list[tuple[int, int]] = []  # value and token of bytes that a character has begun with
        width = 0
        for token, text, word in tokens:
            byte = self._bytes.get(token)
            if pending and (byte is None or byte & 0xC0 != 0x80):
                yield None, (), word  # a character that is cut off
                pending = []
            if byte is None:
                yield (None if token in self._apart else text), (token,), word
                continue
            if not pending:
                width = next((width for least, width in _WIDTHS if byte >= least), 1)
            pending.append((byte, token))
            if len(pending) == width:
                character = _character(bytes(value for value, _ in pending)) if self._falls_back else None
                yield character, tuple(token for _, token in pending), word
                pending = []


def byte_of(token: str) -> int | None:
    """The byte that a token like `<0xEA>` stands for; of any other none."""
    if len(token) != 6 or not (token.startswith("<0x") and token.endswith(">")):
        return None
    return int(token[3:5], 16) if all(digit in "0123456789ABCDEF" for digit in token[3:5]) else None


def _character(data: bytes) -> str | None:
    """The character that bytes of UTF-8 spell, where it is one to make a token of."""
    try:
        character = data.decode()
    except UnicodeDecodeError:
        return None
    parts_words = character.isspace() or unicodedata.category(character) == "Cc"
    return None if len(data) == 1 or parts_words else character
