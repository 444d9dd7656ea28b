"""FineWeb's rules at their published thresholds, from both sides (Penedo et al. 2024, section 3.5)."""

from types import ModuleType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.rules import rule, sets
from curation.rules.fineweb import fineweb

RULES = fineweb()
LINES = st.sampled_from(["a line", "a line.", " a line. ", "said “so”", "", "x" * 30, "x" * 31, "가나다!", "😀\r", "?"])
LONG = "this is a line of more than thirty characters"
HUNDRED = [f"{'x ' * 49}1."] * 2 + [f"{'y ' * 24}{i:04d}{'z ' * 23}a." for i in range(98)]  # of 100 characters


def scores(text: str) -> dict[str, float]:
    return rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), RULES).drop("doc_id").to_dicts()[0]


def failing(text: str) -> set[str]:
    row = scores(text)
    return {
        each.name.removeprefix("fineweb.")
        for each in RULES
        if (each.low is not None and row[each.name] < each.low)
        or (each.high is not None and row[each.name] > each.high)
    }


def lines(*kinds: tuple[int, str]) -> str:
    """So many lines of each kind, all different."""
    numbered = [f"{i:03d} {line}" for count, line in kinds for i in range(count)]
    return "\n".join(f"{i:03d}{line}" for i, line in enumerate(numbered))


def test_thresholds_are_the_published_ones() -> None:
    assert {each.name: (each.low, each.high) for each in RULES} == {
        "fineweb.ended_lines": (0.12, None),
        "fineweb.short_lines": (None, 0.67),
        "fineweb.duplicate_line_characters": (None, 0.01),
        "fineweb.line_feeds": (None, 0.3),
    }


@given(st.lists(LINES, max_size=20).map("\n".join))
def test_scores_are_those_of_plain_python(plain: ModuleType, text: str) -> None:
    frame = pl.DataFrame({"doc_id": ["d"], "text": [text]})
    assert rule.score(frame, fineweb(max_hangul=1.01)).drop("doc_id").to_dicts() == [plain.fineweb(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (lines((3, f"{LONG}."), (22, LONG)), set()),  # 12 %
        (lines((2, f"{LONG}."), (23, LONG)), {"ended_lines"}),
        (lines((2, f"{LONG}?"), (1, f"{LONG}”"), (22, LONG)), set()),
        (lines((67, "five words in a line."), (33, f"{LONG}.")), set()),
        (lines((68, "five words in a line."), (32, f"{LONG}.")), {"short_lines"}),
        ("\n".join(HUNDRED), set()),  # 100 of 10 000 characters occurred before
        ("\n".join([*HUNDRED, HUNDRED[0]]), {"duplicate_line_characters"}),
        (f"{LONG}.\n{LONG}.", {"duplicate_line_characters"}),
        (f"{LONG}." + "\n" * 2, set()),  # 2 line feeds, 9 words
        (f"{LONG}." + "\n" * 3, {"line_feeds"}),  # 3 to 9
        ("", {"ended_lines"}),
    ],
)
def test_each_bound_from_both_sides(text: str, expected: set[str]) -> None:
    assert failing(text) == expected


def test_korean_is_not_judged_unless_asked() -> None:
    assert set(scores("짧은 줄\n" * 9).values()) == {None}


def test_the_length_of_a_short_line_can_be_moved() -> None:
    text = "four\nfives\nsixsix"
    for length, share in ((3, 0), (4, 1 / 3), (5, 2 / 3), (30, 1)):
        rules = sets.rules_from({"fineweb": {"short_line": length}})
        scored = rule.score(pl.DataFrame({"doc_id": ["d"], "text": [text]}), rules)
        assert scored["fineweb.short_lines"].to_list() == [share]
        assert f"at most {length} characters" in rules[1].definition
    for wrong in (1.5, -1):
        with pytest.raises(InputError, match=f"rules.fineweb.short_line: found {wrong}, expected a whole number"):
            fineweb(short_line=wrong)
