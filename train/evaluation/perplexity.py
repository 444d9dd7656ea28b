"""How well a model predicts a text: bits per byte and perplexity, every byte scored once with text before it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from curation import tables
from curation.errors import InputError
from curation.model import Score, Scorer, ScoreRequest

BEGINNING = "\n"  # stands before a text for models without a start token: a text begins on a new line


@dataclass(frozen=True)
class Window:
    """A piece of a text and what stands before it."""

    context: str
    text: str


@dataclass(frozen=True)
class Perplexity:
    """Surprise of a text, summed: `bits` is -log2 of its probability."""

    bits: float
    bytes: int
    tokens: int

    @property
    def bits_per_byte(self) -> float:
        """Comparable between models of different tokenizers."""
        return self.bits / self.bytes

    @property
    def per_token(self) -> float:
        """2 to the mean bits of a token: comparable only between models of one tokenizer."""
        return 2.0 ** (self.bits / self.tokens)


def measure(
    scorer: Scorer, texts: Mapping[str, str], window_bytes: int = 256, context_bytes: int = 128
) -> dict[str, Perplexity]:
    """Surprise of each text under a model, scored in the windows of `cut`.

    Args:
        scorer: engine of the model.
        texts: by id; none empty.
        window_bytes: bytes that are scored together.
        context_bytes: bytes before them that the model sees, and that are scored with the window they stand in.

    Raises:
        InputError: when the engine cannot score a window, naming the text.
    """
    windows = {f"{name}\x1f{number}": (name, piece) for name, text in texts.items() for number, piece in enumerate(
        cut(text, window_bytes, context_bytes))}  # fmt: skip
    found = scores_of(scorer, [ScoreRequest(key, piece.context, piece.text) for key, (_, piece) in windows.items()])
    for key, score in found.items():
        if score.error is not None:
            raise InputError(f"text {windows[key][0]!r} cannot be scored: {score.error}")
    nats, tokens = dict.fromkeys(texts, 0.0), dict.fromkeys(texts, 0)
    for key, (name, _) in windows.items():  # in the windows' order, whatever the engine's, so that sums are the same
        nats[name] -= found[key].total
        tokens[name] += len(found[key].logprobs)
    return {name: Perplexity(nats[name] / math.log(2), len(text.encode()), tokens[name]) for name, text in
            texts.items()}  # fmt: skip


def scores_of(scorer: Scorer, requests: Sequence[ScoreRequest]) -> dict[str, Score]:
    """Scores by request id. What has no context and so cannot be scored is scored after `BEGINNING`.

    The first token of a text has a probability only after another token: the model's start token, where it has one.
    """
    found = {score.id: score for score in scorer.score(requests)}
    again = [
        replace(request, context=BEGINNING)
        for request in requests
        if request.context == "" and request.id in found and found[request.id].error is not None
    ]
    found |= {score.id: score for score in scorer.score(again)} if again else {}
    if len(found) < len(requests):
        raise tables.TableError(f"the engine left {len(requests) - len(found)} of {len(requests)} texts unscored")
    return found


def cut(text: str, window_bytes: int = 256, context_bytes: int = 128) -> Iterator[Window]:
    """Cut a text into windows; joined, their `text`s are the whole text.

    Sizes are in bytes of UTF-8 rather than tokens, so that the figure means the same under every tokenizer; a token is
    at least one byte, so a window with its context is at most `window_bytes + context_bytes` tokens and what the
    tokenizer adds. A window ends before white space where there is any, since few tokenizers join tokens across it,
    and never inside a character. The first window has no context but the model's start token, or else `BEGINNING`.

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
