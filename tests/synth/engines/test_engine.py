"""Chunks are cut by position, and what is refused takes its place among the answers."""

from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.model import Request, Sampling, ScoreRequest
from synth.engines.engine import Unfinished, windows
from synth.engines.options import EngineOptions

GREEDY = Sampling(max_tokens=4)


@pytest.fixture(scope="module")
def opened(open_watched: Callable[..., Any]) -> Iterator[Any]:
    engine = open_watched(EngineOptions(chunk=3))
    yield engine
    engine.close()


@pytest.fixture
def engine(opened: Any) -> Any:
    opened.chunks = []
    return opened


@given(total=st.integers(0, 40), size=st.integers(1, 15))
def test_windows_hold_everything_in_order(total: int, size: int) -> None:
    cut = list(windows(iter(range(total)), size))
    assert [item for window in cut for item in window] == list(range(total))
    assert all(len(window) == size for window in cut[:-1])
    assert not cut or 1 <= len(cut[-1]) <= size


def test_windows_read_no_further_than_asked() -> None:
    source = count()
    assert next(windows(source, 4)) == [0, 1, 2, 3]
    assert next(source) == 4


def test_a_refused_request_keeps_its_place(engine: Any) -> None:
    prompts = ["the cat", "zq" * 200, "", "하늘", "zq" * 300]
    requests = [Request(f"r{place}", prompt, GREEDY, sample=place) for place, prompt in enumerate(prompts)]
    responses = list(engine.generate(requests))
    assert [(one.id, one.sample) for one in responses] == [(one.id, one.sample) for one in requests]
    assert [one.finish_reason == "refused" for one in responses] == [False, True, False, False, True]
    assert [one.error for one in responses if one.error] == [f"prompt of {n} tokens, limit 255" for n in (401, 601)]
    assert engine.chunks == [["r0", "r2"], ["r3"]]


def test_scores_too(engine: Any) -> None:
    texts = ["cat", "zq" * 200, " sat", "", "하늘"]
    scores = list(engine.score(ScoreRequest(f"s{place}", "the", text) for place, text in enumerate(texts)))
    assert [one.id for one in scores] == [f"s{place}" for place in range(5)]
    assert [one.error for one in scores] == [None, "prompt of 402 tokens, limit 255", None, None, None]
    assert [bool(one.logprobs) for one in scores] == [True, False, True, False, True]
    assert engine.chunks == [["s0", "s2"], ["s3", "s4"]]


def test_a_chunk_is_made_when_its_first_answer_is_wanted(engine: Any) -> None:
    endless = (Request(str(number), "the", GREEDY) for number in count())
    answers = engine.generate(endless)
    assert engine.chunks == []
    assert [one.id for one in islice(answers, 4)] == ["0", "1", "2", "3"]
    assert engine.chunks == [["0", "1", "2"], ["3", "4", "5"]]


def test_nothing_asked_is_nothing_made(engine: Any) -> None:
    assert list(engine.generate([])) == []
    assert list(engine.score([])) == []
    assert engine.chunks == []


def test_what_ends_a_chunk_is_bad_input_with_what_was_answered() -> None:
    unfinished = Unfinished("gone", {2: "answer"})
    assert isinstance(unfinished, InputError) and (str(unfinished), unfinished.made) == ("gone", {2: "answer"})
