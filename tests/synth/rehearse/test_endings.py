"""A text that was cut off ends with its last whole sentence, in English and Korean."""

import pytest

from synth.rehearse.endings import trimmed


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("The fox ran. The dog was as", "The fox ran."),
        ("The fox ran. The dog slept.", "The fox ran. The dog slept."),
        ('"Stop!" she said. "I can', '"Stop!" she said.'),
        ("여우가 뛰었습니다. 개는 잠을", "여우가 뛰었습니다."),
        ("Once upon a time there was a", ""),
        ("first line\nsecond li", "first line"),
        ("", ""),
        ("  \n", ""),
    ],
)
def test_the_last_whole_sentence_is_the_end(text: str, whole: str) -> None:
    assert trimmed(text) == whole
    assert trimmed(trimmed(text)) in (whole, "")
