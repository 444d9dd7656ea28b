"""Perplexity of documents under a model that is passed in: bits or nats for each byte of UTF-8."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from ..errors import InputError
from ..model import Scorer, ScoreRequest
from ..tokens import Tokenizer

UNITS = ("bits", "nats")
PERPLEXITY = pl.Schema(
    {
        "doc_id": pl.String,
        "score": pl.Float64,  # bits or nats a byte; null for an empty text and where `error` says why
        "nats": pl.Float64,  # of all tokens scored
        "tokens": pl.Int64,  # scored
        "bytes": pl.Int64,  # of UTF-8 that they stand for
        "windows": pl.Int64,  # requests made for the document
        "error": pl.String,  # the first one that the scorer reported, null for none
    }
)


@dataclass(frozen=True)
class PerplexityOptions:
    """How texts are cut into what a model can read at once, and what is reported.

    Attributes:
        window: largest part of a text that is scored in one request: tokens where a tokenizer is given, else
            characters.
        context: part of the text before a window that the model sees with it, in the same unit; it is not scored
            again. Window and context together must fit into the model.
        start: put before the first window. A model whose tokenizer has no start token needs something here, such as the
            line end that is the default, since no model can score a token that nothing precedes.
        unit: `bits` or `nats`, for each byte of UTF-8, so that tokenizers and languages compare.
    """

    window: int = 1000
    context: int = 200
    start: str = "\n"
    unit: str = "bits"

    def __post_init__(self) -> None:
        if self.window < 1 or self.context < 0:
            raise InputError(f"perplexity: window {self.window}, context {self.context}, expected 1 and 0 or more")
        if self.unit not in UNITS:
            raise InputError(f"perplexity: unit is {self.unit!r}, expected one of {UNITS}")


_DEFAULTS = PerplexityOptions()


@dataclass
class _Sum:
    """What came back for one document."""

    nats: list[float] = field(default_factory=list)
    tokens: int = 0
    windows: int = 0
    error: str | None = None


def perplexity_scores(
    documents: pl.DataFrame,
    scorer: Scorer,
    options: PerplexityOptions = _DEFAULTS,
    tokenizer: Tokenizer | None = None,
) -> pl.DataFrame:
    """How well a model predicts each document: minus its log-likelihood over the bytes of its text.

    A text longer than the window is scored in parts, each seeing the end of what is before it; every character is
    scored once. A document of which one part cannot be scored has no score and says why.

    Args:
        documents: `doc_id` (unique), `text`.
        scorer: an engine, or anything that scores.
        options: windows and unit.
        tokenizer: the model's, so that windows are counted in tokens; without one they are counted in characters.

    Returns:
        Schema `PERPLEXITY`, in the documents' order, whatever order scores come in.

    Raises:
        ValueError: when the scorer leaves a request unanswered or answers one twice.
    """
    texts = documents["text"].to_list()
    sums = [_Sum() for _ in texts]
    asked: set[str] = set()

    def requests() -> Iterator[ScoreRequest]:
        for row, text in enumerate(texts):
            for number, (before, begin, end) in enumerate(_windows(text, options, tokenizer)):
                name = f"{row}:{number}"
                asked.add(name)
                sums[row].windows += 1
                sums[row].nats.append(0.0)
                context = options.start if begin == 0 else text[before:begin]
                yield ScoreRequest(name, context, text[begin:end])

    for score in scorer.score(requests()):
        if score.id not in asked:
            raise ValueError(f"a score for {score.id!r}, which was not asked or was answered before")
        asked.remove(score.id)
        row, number = (int(part) for part in score.id.split(":"))
        found = sums[row]
        found.nats[number] = -math.fsum(score.logprobs)
        found.tokens += len(score.logprobs)
        if score.error is not None:
            first = found.error is None or number < int(found.error.split(":")[0])
            found.error = f"{number}:{score.error}" if first else found.error
    if asked:
        raise ValueError(f"{len(asked)} requests without a score, such as {min(asked)!r}")
    return _table(documents, texts, sums, options)


def _windows(text: str, options: PerplexityOptions, tokenizer: Tokenizer | None) -> Iterator[tuple[int, int, int]]:
    """Where the context begins, where the window begins and where it ends, in characters; no gaps, no overlaps."""
    if tokenizer is None:
        for begin in range(0, len(text), options.window):
            yield max(0, begin - options.context), begin, min(len(text), begin + options.window)
        return
    spans = tokenizer.spans([text])[0]
    begins, token = [0], options.window
    while token < len(spans):
        # A character of several tokens is not cut: the window ends before it.
        first = token
        while first > 0 and spans[first][0] < spans[first - 1][1]:
            first -= 1
        if int(spans[first][0]) <= begins[-1]:
            first = token
            while first < len(spans) and spans[first][0] < spans[first - 1][1]:
                first += 1
            if first == len(spans):
                break
        begins.append(int(spans[first][0]))
        token = first + options.window
    starts = spans[:, 0]
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        if end > begin:
            first = int(starts.searchsorted(begin))
            before = begin if options.context == 0 else int(starts[max(0, first - options.context)])
            yield min(before, begin), begin, end


def _table(documents: pl.DataFrame, texts: list[str], sums: list[_Sum], options: PerplexityOptions) -> pl.DataFrame:
    sizes = [len(text.encode()) for text in texts]
    unit = math.log(2) if options.unit == "bits" else 1.0
    totals = [math.fsum(one.nats) for one in sums]
    scores = [
        None if one.error is not None or not size else total / size / unit
        for one, size, total in zip(sums, sizes, totals, strict=True)
    ]
    errors = [None if one.error is None else one.error.split(":", 1)[1] for one in sums]
    return pl.DataFrame(
        {
            "doc_id": documents["doc_id"],
            "score": scores,
            "nats": totals,
            "tokens": [one.tokens for one in sums],
            "bytes": sizes,
            "windows": [one.windows for one in sums],
            "error": errors,
        },
        schema=PERPLEXITY,
    )
