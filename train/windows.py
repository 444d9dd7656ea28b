"""Windows of a text for likelihoods: every byte is scored exactly once, with some text before it for context."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A piece of a text and what stands before it."""

    context: str
    text: str


def cut(text: str, window_bytes: int = 256, context_bytes: int = 128) -> Iterator[Window]:
    """Cut a text into windows; joined, their `text`s are the whole text.

    Sizes are in bytes of UTF-8 rather than tokens, so that the figure means the same under every tokenizer; a token is
    at least one byte, so a window with its context is at most `window_bytes + context_bytes` tokens and what the
    tokenizer adds. A window ends before white space where there is any, since few tokenizers join tokens across it,
    and never inside a character. The first window has no context but the start token that the model may have.

    Raises:
        ValueError: for sizes that cannot hold a character.
    """
    if window_bytes < 4 or context_bytes < 0:
        raise ValueError(f"window of {window_bytes} and context of {context_bytes} bytes, expected at least 4 and 0")
    start = 0
    while start < len(text):
        end = _end(text, start, window_bytes)
        if end < len(text):
            spaces = [n for n in range(end, start, -1) if text[n].isspace() and not text[n - 1].isspace()]
            end = spaces[0] if spaces else end
        yield Window(text[_begin(text, start, context_bytes) : start], text[start:end])
        start = end


def _end(text: str, start: int, size: int) -> int:
    """Where at most `size` bytes from `start` on end."""
    return start + len(text[start : start + size].encode()[:size].decode(errors="ignore"))


def _begin(text: str, end: int, size: int) -> int:
    """Where at most `size` bytes that end before `end` begin."""
    before = text[max(0, end - size) : end].encode()
    return end - len(before[max(0, len(before) - size) :].decode(errors="ignore"))
