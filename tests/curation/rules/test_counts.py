"""What is counted in a text, against Python's own notions of white space, letters and lines."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.rules import counts

# Everything the counts tell apart: blanks of all widths, line ends, letters of several scripts, digits, signs, marks.
ALPHABET = "aZé가힣ㅋᄀ漢ñß09-–#.!·\u0301\u200b_ \t\n\r\x0b\x0c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000😀"
NAMES = ("words", "letterless_words", "characters", "hangul", "lines")


def count(*texts: str) -> pl.DataFrame:
    return counts.counted(pl.DataFrame({"text": texts}), [pl.col(name) for name in NAMES])


def in_plain_words(text: str) -> dict[str, object]:
    words = text.split()
    return {
        "text": text,
        "words": len(words),
        "letterless_words": sum(not any(unicodedata.category(c)[0] == "L" for c in word) for word in words),
        "characters": sum(not c.isspace() for c in text),
        "hangul": sum(unicodedata.name(c, "").startswith("HANGUL") for c in text),
        "lines": sum(bool(line.strip()) for line in text.split("\n")),
    }


@given(st.lists(st.text(ALPHABET, max_size=30), min_size=1, max_size=5))
def test_counts_are_those_of_plain_python(texts: list[str]) -> None:
    assert count(*texts).to_dicts() == [in_plain_words(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, 0, 0, 0)),
        (" \n\t \u3000", (0, 0, 0, 0, 0)),
        ("one 2 three", (3, 1, 9, 0, 1)),
        ("1 2 3", (3, 3, 3, 0, 1)),
        ("- 1 a - 2 b2 -", (7, 5, 8, 0, 1)),
        ("가나다 ㅋㅋ\n\n  \nabc", (3, 0, 8, 5, 2)),
        ("a\r\nb\r\n", (2, 0, 2, 0, 2)),
    ],
)
def test_counts_by_hand(text: str, expected: tuple[int, ...]) -> None:
    assert count(text).select(NAMES).row(0) == expected


def test_only_what_is_used_is_counted_and_nothing_twice() -> None:
    frame = pl.DataFrame({"text": ["a b"]})
    assert counts.counted(frame, [counts.WORDS > 1, counts.TEXT]).columns == ["text", "words"]
    assert counts.counted(frame, []).columns == ["text"]
    given_before = frame.with_columns(words=pl.lit(7))
    assert counts.counted(given_before, [counts.WORDS])["words"].to_list() == [7]


def test_what_is_used_later_is_counted_only_by_passes_that_are_needed_now() -> None:
    frame = pl.DataFrame({"text": ["a b"]})
    later = [pl.col("characters"), pl.col("lines"), counts.TEXT]
    assert counts.counted(frame, [counts.WORDS], later).columns == ["text", "words", "characters"]
    assert counts.counted(frame, [], later).columns == ["text"]


def test_a_share_of_nothing_is_none() -> None:
    frame = pl.DataFrame({"part": [0, 1, 3], "whole": [0, 4, 3]})
    assert frame.select(counts.share(pl.col("part"), pl.col("whole"))).to_series().to_list() == [0.0, 0.25, 1.0]
