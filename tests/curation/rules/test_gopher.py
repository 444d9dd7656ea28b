"""Gopher's quality rules at their published thresholds, from both sides (Rae et al. 2021, appendix A.1.1)."""

import polars as pl
import pytest

from curation.rules import rule
from curation.rules.gopher import gopher_quality
from curation.rules.measures import STOP_WORDS

RULES = gopher_quality()
PUBLISHED = {
    "gopher.words": (50, 100_000),
    "gopher.mean_word_length": (3, 10),
    "gopher.hash_ratio": (None, 0.1),
    "gopher.ellipsis_ratio": (None, 0.1),
    "gopher.bullet_lines": (None, 0.9),
    "gopher.ellipsis_lines": (None, 0.3),
    "gopher.letter_words": (0.8, None),
    "gopher.stop_words": (2, None),
}


def scores(text: str) -> dict[str, float]:
    row = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES).row(0, named=True)
    return {name.removeprefix("gopher."): value for name, value in row.items() if name != "doc_id"}


def fails(text: str) -> str | None:
    """The first rule that a text fails, without the name of the set."""
    scored = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES)
    failing = rule.decide(scored, RULES)["first_failing_rule"][0]
    return failing and failing.removeprefix("gopher.")


def prose(words: int, *others: str) -> str:
    """One line of `words` words: two stop words, the others given, and as many of three letters as are missing."""
    return " ".join(["the", "and", *others, *["cat"] * (words - 2 - len(others))])


def test_thresholds_are_the_published_ones() -> None:
    assert {each.name: (each.low, each.high) for each in RULES} == PUBLISHED
    assert set(STOP_WORDS) == {"the", "be", "to", "of", "and", "that", "have", "with"}


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("", "words"),
        (prose(49), "words"),
        (prose(50), None),
        (prose(100_000), None),
        (prose(100_001), "words"),
        (prose(100, "abcd", "ab"), None),  # 300 characters in 100 words
        (prose(100, "abc", "ab"), "mean_word_length"),  # 299
        # "the", "and" and 48 words: 6 + 47 * 10 = 476; with 24 characters more the mean of 50 words is 10
        (" ".join(["the", "and", *["a" * 10] * 47, "b" * 24]), None),
        (" ".join(["the", "and", *["a" * 10] * 47, "b" * 25]), "mean_word_length"),
        (prose(50, *["#cats"] * 5), None),
        (prose(50, *["#cats"] * 6), "hash_ratio"),
        (prose(50, *["##dog", "##cow", "#pig"]), None),
        (prose(50, *["##dog", "##cow", "##pig"]), "hash_ratio"),
        (prose(50, *["cat..."] * 5), None),
        (prose(50, *["cat..."] * 6), "ellipsis_ratio"),
        (prose(50, *["cat…"] * 6), "ellipsis_ratio"),
        (prose(50, *["cats.."] * 6), None),  # two full stops are no ellipsis
        # 50 words of which ten have no letter; eleven are too many
        (prose(50, *["1234"] * 10), None),
        (prose(50, *["1234"] * 11), "letter_words"),
        (prose(50, *["B12!"] * 11), None),  # one letter is enough
        (" ".join(["the", *["cat"] * 49]), "stop_words"),
        (" ".join(["The", "AND", *["cat"] * 48]), None),
        (" ".join(["the", "The", "there", "handy", *["cat"] * 46]), "stop_words"),  # whole words, each counted once
        (" ".join(['"the"', "(and)", *["cat"] * 48]), None),
    ],
)
def test_each_bound_from_both_sides(text: str, failing: str | None) -> None:
    assert fails(text) == failing


@pytest.mark.parametrize("bullet", "•‣◦▪●○∙*-")
def test_nine_lines_in_ten_may_start_with_a_bullet(bullet: str) -> None:
    line, plain = f"  {bullet} cats the and dogs cows", "cats the and dogs cows pigs"
    assert fails("\n".join([line] * 9 + [plain])) is None
    assert fails("\n".join([line] * 10 + [plain, "", ""])) == "bullet_lines"  # 10 of 11; blank lines do not count
    assert scores(f"cat {bullet} dog\n{line}")["bullet_lines"] == 0.5  # only at the start


def test_three_lines_in_ten_may_end_with_an_ellipsis() -> None:
    long = "the cat and the dog and the cow and the pig"
    assert fails("\n".join([f"{long}..."] * 3 + [long] * 7)) is None
    assert fails("\n".join([f"{long}... "] * 3 + [long] * 6)) == "ellipsis_lines"
    assert scores("a…\nb...\t\nc... d\n\n")["ellipsis_lines"] == pytest.approx(2 / 3)


def test_an_empty_document_divides_by_nothing() -> None:
    assert scores("") == {
        "words": 0.0,
        "mean_word_length": 0.0,
        "hash_ratio": 0.0,
        "ellipsis_ratio": 0.0,
        "bullet_lines": 0.0,
        "ellipsis_lines": 0.0,
        "letter_words": 0.0,
        "stop_words": 0.0,
    }


def test_every_score_by_hand() -> None:
    assert scores("# The end...\n- of 2 cats…\n") == {
        "words": 7.0,  # "#" "The" "end..." "-" "of" "2" "cats…"
        "mean_word_length": pytest.approx((1 + 3 + 6 + 1 + 2 + 1 + 5) / 7),
        "hash_ratio": pytest.approx(1 / 7),
        "ellipsis_ratio": pytest.approx(2 / 7),
        "bullet_lines": 0.5,
        "ellipsis_lines": 1.0,
        "letter_words": pytest.approx(4 / 7),
        "stop_words": 2.0,
    }


def test_korean_is_not_judged_by_english_rules() -> None:
    frame = pl.DataFrame(
        {"doc_id": ["ko", "three in ten", "below"], "text": ["짧은 글", "가나다abcdefg", "가나abcdefgh"]}
    )
    scored = rule.score(frame, RULES)
    assert scored["gopher.words"].to_list() == [None, None, 1.0]
    assert rule.decide(scored, RULES)["first_failing_rule"].to_list() == [None, None, "gopher.words"]


def test_a_bound_can_be_moved_or_taken_away() -> None:
    for rules, failing in ((gopher_quality(min_words=1), "gopher.stop_words"), (gopher_quality(min_words=None), None)):
        scored = rule.score(pl.DataFrame({"doc_id": ["d"], "text": ["cats" if failing else "the and cats"]}), rules)
        assert rule.decide(scored, rules)["first_failing_rule"][0] == failing
