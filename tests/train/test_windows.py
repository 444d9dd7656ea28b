import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.windows import cut


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
