"""Numbers and texts as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.report import words


@pytest.mark.parametrize(
    ("value", "signed", "said"),
    [(0.9, False, "90.0"), (0.9, True, "+90.0"), (-0.012, True, "-1.2"), (-0.0001, True, "+0.0"), (None, True, "–")],
)
def test_points(value: float | None, signed: bool, said: str) -> None:
    assert words.points(value, signed) == said


def test_scores_keep_the_unit_of_their_metric() -> None:
    assert words.score(1.2345, "bits_per_byte") == "1.234"
    assert words.score(-0.5, "bits_per_byte", signed=True) == "-0.500"
    assert words.score(0.5, "choice") == "50.0"
    assert words.interval({"low": 0.1, "high": 0.2}, "bits_per_byte") == "[0.100, 0.200]"
    assert words.interval({"low": None, "high": None}) == ""


def test_a_small_share_is_not_none() -> None:
    assert [words.share(part, 30_000) for part in (0, 1, 300, 15_000)] == ["0.0 %", "< 0.1 %", "1.0 %", "50 %"]
    assert words.share(0, 0) == "–"


@given(st.text())
def test_shown_text_holds_no_character_that_hides_others(text: str) -> None:
    shown, left_out = words.clip(text, 5)
    assert left_out == max(0, len(text) - 5)
    assert all(ord(character) >= 0x20 or character in "\t\n" for character in shown)
    assert not {"\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\x7f"} & set(shown)


def test_a_conversation_as_text() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert words.said(turns) == "user: a\nassistant: b"
    assert words.said(turns[:1]) == "a" and words.said("plain") == "plain" and words.said([]) == ""


def test_counted_rows_are_ordered_by_count_then_name() -> None:
    rows = words.counted({"b": 5, "a": 5, "c": 10}, 20, {"c": "what c says"})
    assert [(row["rule"], row["count"], row["share"], row["width"]) for row in rows] == [
        ("c", "10", "50 %", 100.0),
        ("a", "5", "25 %", 50.0),
        ("b", "5", "25 %", 50.0),
    ]
    assert rows[0]["definition"] == "what c says" and rows[1]["definition"] is None
    assert words.counted(None, 0, {}) == []


def test_bounds_are_said_in_words():
    assert words.bounds(50, 100_000) == "50 to 100,000"
    assert words.bounds(0.8, None) == "at least 0.8" and words.bounds(None, 0.1) == "at most 0.1"
    assert words.bounds(None, None) == "any"


def test_facts_that_are_no_numbers_are_left_out() -> None:
    named = [("rows", 1200), ("share", 0.12345), ("none", None), ("yes", True), ("text", "7")]
    assert words.measured(named) == [("rows", "1,200"), ("share", "0.1235")]


def test_endings_of_strangers_files_stay_in_a_line() -> None:
    assert words.endings({".zip": 2, "none": 1, ".hwp": 2000}) == "2,000 .hwp, 2 .zip, 1 none"
    assert words.endings({".a\n\x1b[31mb" + "c" * 100: 1}) == "1 .a ⟨U+001B⟩[31mb" + "c" * 11
    assert words.endings({f".{number:03}": 1 for number in range(1014)}).endswith(", 1 .011, and 1,002 endings more")
    assert words.endings({}) == ""
