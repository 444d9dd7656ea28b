import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest

from curation import tokens
from curation.errors import InputError
from curation.model import Score, ScoreRequest
from curation.quality import PerplexityOptions, perplexity_scores
from curation.quality.perplexity import PERPLEXITY

SEED_MODEL = Path(__file__).resolve().parents[3] / "pipelines" / "demo" / "seed_model"


class Unigram:
    """A model of single characters: the share of each in a text, one added to each; a token is a character."""

    def __init__(self, text: str, limit: int = 1 << 30) -> None:
        self.shares = {c: (text.count(c) + 1) / (len(text) + 1000) for c in set(text)}
        self.other = 1 / (len(text) + 1000)
        self.limit = limit
        self.seen: list[ScoreRequest] = []

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        self.seen = list(requests)
        for one in reversed(self.seen):  # any order
            if len(one.context) + len(one.continuation) > self.limit:
                yield Score(one.id, (), (), f"prompt of {len(one.context) + len(one.continuation)} tokens")
                continue
            logprobs = tuple(math.log(self.shares.get(c, self.other)) for c in one.continuation)
            yield Score(one.id, logprobs, tuple(map(ord, one.continuation)))


def _documents(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"doc_id": [str(i) for i in range(len(texts))], "text": list(texts)})


def test_bits_and_nats_a_byte():
    model = Unigram("aaab")
    found = perplexity_scores(_documents("ab", "한", ""), model)
    nats = [-math.log(4 / 1004) - math.log(2 / 1004), math.log(1004)]
    assert found.schema == PERPLEXITY
    assert found["score"].to_list()[:2] == pytest.approx([nats[0] / 2 / math.log(2), nats[1] / 3 / math.log(2)])
    assert found["score"][2] is None and found["bytes"].to_list() == [2, 3, 0]
    assert found["tokens"].to_list() == [2, 1, 0] and found["windows"].to_list() == [1, 1, 0]
    in_nats = perplexity_scores(_documents("ab", "한", ""), model, PerplexityOptions(unit="nats"))
    assert in_nats["score"].to_list()[:2] == pytest.approx([nats[0] / 2, nats[1] / 3])


@pytest.mark.parametrize("context", [0, 3, 50])
def test_windows_score_every_character_once_after_what_is_before_it(context: int):
    text = "".join(chr(97 + i % 26) for i in range(45))
    model = Unigram(text)
    options = PerplexityOptions(window=10, context=context, start="\n")
    whole = perplexity_scores(_documents(text), model, PerplexityOptions(window=1000))
    cut = perplexity_scores(_documents(text), model, options)
    assert cut["nats"][0] == pytest.approx(whole["nats"][0]) and cut["tokens"][0] == 45 and cut["windows"][0] == 5
    assert "".join(one.continuation for one in model.seen) == text
    assert [one.context for one in model.seen] == ["\n", *(text[max(0, at - context) : at] for at in (10, 20, 30, 40))]


@pytest.mark.parametrize(
    "text", ["Some words of plain English. " * 9, "한국어 문장입니다. 😀😀😀😀😀 그림 " * 5, "한" * 40]
)
def test_windows_of_tokens_lose_no_character_and_are_short_enough(text: str):
    tokenizer = tokens.load(SEED_MODEL)
    model = Unigram(text)
    perplexity_scores(_documents(text), model, PerplexityOptions(window=8, context=4), tokenizer)
    assert "".join(one.continuation for one in model.seen) == text and len(model.seen) > 3
    counted = tokenizer.counts([one.continuation for one in model.seen])
    assert max(counted) <= 8 + 1  # cut apart, the first word of a window can take one token more


def test_a_document_with_a_part_that_cannot_be_scored_has_no_score():
    found = perplexity_scores(_documents("a" * 30, "aaa"), Unigram("a", limit=12), PerplexityOptions(window=10))
    assert found["score"][0] is None and found["error"][0] == "prompt of 20 tokens"
    assert found["score"][1] is not None and found["error"][1] is None


class Forgetful(Unigram):
    """Leaves the last request unanswered."""

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        yield from list(super().score(requests))[1:]


class Stammering(Unigram):
    """Answers everything twice."""

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for one in super().score(requests):
            yield from (one, one)


def test_a_scorer_that_breaks_its_word_is_found_out():
    with pytest.raises(ValueError, match="1 requests without a score"):
        perplexity_scores(_documents("a", "b"), Forgetful("a"))
    with pytest.raises(ValueError, match="answered before"):
        perplexity_scores(_documents("a", "b"), Stammering("a"))


@pytest.mark.parametrize("wrong", [{"window": 0}, {"context": -1}, {"unit": "hartleys"}])
def test_refusals(wrong: dict[str, int]):
    with pytest.raises(InputError, match="expected"):
        PerplexityOptions(**wrong)
