"""Gopher's repetition rules at their published thresholds, from both sides (Rae et al. 2021, table A1)."""

from types import ModuleType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.rules import rule, sets
from curation.rules.repetition import gopher_repetition

RULES = gopher_repetition()
PUBLISHED = {
    "duplicate_lines": 0.30,
    "duplicate_paragraphs": 0.30,
    "duplicate_line_characters": 0.20,
    "duplicate_paragraph_characters": 0.20,
    "top_2_gram": 0.20,
    "top_3_gram": 0.18,
    "top_4_gram": 0.16,
    "duplicate_5_gram": 0.15,
    "duplicate_6_gram": 0.14,
    "duplicate_7_gram": 0.13,
    "duplicate_8_gram": 0.12,
    "duplicate_9_gram": 0.11,
    "duplicate_10_gram": 0.10,
}
WORDS = st.sampled_from(["a", "bc", "the", "the\n", "\n", "a\n\n", "\n\n", "é", "가", "😀", "x" * 9])


def scored(*texts: str) -> pl.DataFrame:
    return rule.score(pl.DataFrame({"doc_id": [str(i) for i in range(len(texts))], "text": texts}), RULES)


def failing(text: str) -> set[str]:
    """All rules that a text fails, without the name of the set."""
    (row,) = scored(text).drop("doc_id").to_dicts()
    return {each.name.removeprefix("gopher_repetition.") for each in RULES if row[each.name] > each.high}


def fresh(words: int, start: int = 0) -> str:
    """So many words of four characters, none of which occurs twice."""
    return " ".join(f"w{i:03d}" for i in range(start, start + words))


def test_thresholds_are_the_published_ones() -> None:
    assert {each.name.removeprefix("gopher_repetition."): each.high for each in RULES} == PUBLISHED
    assert all(each.low is None for each in RULES)


@given(st.lists(st.lists(WORDS, max_size=60).map(" ".join), min_size=1, max_size=4))
def test_scores_are_those_of_plain_python(plain: ModuleType, texts: list[str]) -> None:
    rules = gopher_repetition(max_hangul=1.01)
    frame = pl.DataFrame({"doc_id": [str(i) for i in range(len(texts))], "text": texts})
    scores = rule.score(frame, rules).drop("doc_id").to_dicts()
    assert scores == [plain.gopher_repetition(text) for text in texts]


TEN_LINES = [*"abcdef", "x", "x", "x", "x"]  # three of them occurred before


@pytest.mark.parametrize(
    ("name", "passing", "over"),
    [
        ("duplicate_lines", "\n".join(TEN_LINES), "\n".join([*TEN_LINES, "x"])),
        ("duplicate_lines", "\n \n".join(TEN_LINES), "\n".join([*TEN_LINES, "  x \r"])),  # white space aside
        ("duplicate_paragraphs", "\n\n".join(TEN_LINES), "\n \t\n".join([*TEN_LINES, "x"])),
        ("duplicate_paragraphs", "\n".join([*TEN_LINES, "x"]), "x\ny\n\nx\ny"),  # one paragraph; two equal ones
        ("duplicate_paragraphs", "x\ny\n\nx\nz\n\nx\n\nxy", "x\ny\n\n  x\n  y"),
        ("duplicate_line_characters", "ab\nab\ncdefgh", "abc\nabc\ncdefghi"),  # 2 of 10 characters, 3 of 13
        ("duplicate_paragraph_characters", "ab\n\nab\n\ncdefgh", "abc\n\nabc\n\ncdefghi"),
        ("duplicate_paragraph_characters", "abc\nabc\ncdefghi", "abc\ndef\n\nabc\ndef\n\ng"),
    ],
)
def test_lines_and_paragraphs_from_both_sides(name: str, passing: str, over: str) -> None:
    assert name not in failing(passing)
    assert name in failing(over)


def test_a_text_without_repetition_passes_and_an_empty_one_divides_by_nothing() -> None:
    assert failing("one line") == failing(fresh(500)) == set()
    assert set(scored("", "\n \n").drop("doc_id").row(0)) == {0.0}


@pytest.mark.parametrize(("n", "high"), [(2, 20), (3, 18), (4, 16)])
def test_top_n_grams_from_both_sides(n: int, high: int) -> None:
    # 100 words of four characters, of which `high`, and then one n-gram more, are the same n words in a row, apart
    gram = fresh(n, 900)
    for repeats, rest in ((high // n, 100), (high // n + 1, 100)):
        text = " ".join(f"{gram} {fresh(1, i)}" for i in range(repeats))
        text += " " + fresh(rest - repeats * (n + 1), 100)
        assert (f"top_{n}_gram" in failing(text)) == (repeats * n > high)


@pytest.mark.parametrize(("n", "high"), [(5, 15), (6, 14), (7, 13), (8, 12), (9, 11), (10, 10)])
def test_duplicate_n_grams_from_both_sides(n: int, high: int) -> None:
    for again in (high, high + 1):  # so many words in a row a second time
        text = f"{fresh(50)} {fresh(again)} {fresh(50 - again, 500)}"
        assert (f"duplicate_{n}_gram" in failing(text)) == (again > high)


def test_korean_is_not_judged_unless_asked() -> None:
    frame = pl.DataFrame({"doc_id": ["d"], "text": ["같은 말\n" * 9]})
    assert rule.score(frame, RULES)["gopher_repetition.duplicate_lines"].to_list() == [None]
    everywhere = rule.score(frame, gopher_repetition(max_hangul=1.01))
    assert everywhere["gopher_repetition.duplicate_lines"].to_list() == [8 / 9]


def test_thresholds_by_n_can_be_moved_left_out_or_unbounded() -> None:
    rules = sets.rules_from({"gopher_repetition": {"max_top_grams": {"3": 0.5, 2: None}, "max_duplicate_grams": {}}})
    assert [(each.name, each.high) for each in rules[4:]] == [
        ("gopher_repetition.top_2_gram", None),
        ("gopher_repetition.top_3_gram", 0.5),
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_top_grams": {5: 0.1}}, "rules.gopher_repetition.max_top_grams: found n = 5, expected 2, 3, 4"),
        ({"max_top_grams": 0.1}, "max_top_grams: found 0.1, expected thresholds by n"),
        ({"max_duplicate_grams": {"5": "x"}}, "max_duplicate_grams.5: found 'x', expected a number or null"),
        ({"max_duplicate_grams": {5: True}}, "max_duplicate_grams.5: found True"),
    ],
)
def test_what_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sets.rules_from({"gopher_repetition": settings})
