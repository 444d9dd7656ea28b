import math
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.model import Score, ScoreRequest
from train.evaluation.perplexity import Perplexity, cut, measure, scores_of


@given(st.text(st.sampled_from("ab \n가나é🙂"), max_size=300), st.integers(4, 60), st.integers(0, 40))
def test_every_byte_is_in_one_window_and_context_is_what_stands_before(text: str, window: int, context: int) -> None:
    at = 0
    for piece in cut(text, window, context):
        assert piece.text == text[at : at + len(piece.text)] and piece.text
        assert text[:at].endswith(piece.context)
        assert len(piece.text.encode()) <= window and len(piece.context.encode()) <= context
        assert at == 0 or len(piece.context.encode()) > min(context, len(text[:at].encode())) - 4
        at += len(piece.text)
    assert at == len(text)


def test_windows_end_before_white_space() -> None:
    pieces = [piece.text for piece in cut("one two  three four", 10, 4)]
    assert pieces == ["one two", "  three", " four"]


def test_sizes_that_hold_no_character_are_refused() -> None:
    with pytest.raises(ValueError, match="window of 3"):
        list(cut("x", 3, 0))


class OneNatAByte:
    """Every byte costs one nat, and answers come in reverse."""

    def __init__(self, error: str | None = None) -> None:
        self.error = error

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for request in reversed(list(requests)):
            size = len(request.continuation.encode())
            yield Score(request.id, (-1.0,) * size, (0,) * size, self.error)


def test_surprise_is_summed_over_windows() -> None:
    found = measure(OneNatAByte(), {"a": "x" * 50, "b": "한글"}, window_bytes=20, context_bytes=10)
    assert found == {"a": Perplexity(50 / math.log(2), 50, 50), "b": Perplexity(6 / math.log(2), 6, 6)}
    assert found["a"].bits_per_byte == pytest.approx(1 / math.log(2))
    assert found["a"].per_token == pytest.approx(math.e)


def test_a_text_that_cannot_be_scored_is_named() -> None:
    with pytest.raises(InputError, match="text 'b' cannot be scored: too long"):
        measure(OneNatAByte("too long"), {"b": "text"})


class WithoutStart(OneNatAByte):
    """Cannot score a text that nothing stands before."""

    def score(self, requests: Iterable[ScoreRequest]) -> Iterator[Score]:
        for request in requests:
            if request.context:
                yield from super().score([request])
            else:
                yield Score(request.id, (), (), "no token before the continuation")


def test_a_text_stands_on_a_new_line_for_models_without_a_start_token() -> None:
    found = scores_of(WithoutStart(), [ScoreRequest("a", "", "xyz"), ScoreRequest("b", "c", "xy")])
    assert {name: score.total for name, score in found.items()} == {"a": -3.0, "b": -2.0}
    assert scores_of(OneNatAByte(), [ScoreRequest("a", "", "xyz")])["a"].total == -3.0
    failing = OneNatAByte("too long")
    assert scores_of(failing, [ScoreRequest("a", "", "xyz")])["a"].error == "too long"
