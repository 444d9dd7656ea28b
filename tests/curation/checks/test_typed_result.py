"""Results of checks and the text handling that they share."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.checks.typed_result import compiled, folded, graded, is_hangul, is_word, shown, unfenced, verdict


def test_a_verdict_is_one_or_nothing():
    assert dataclasses.astuple(verdict("n", True, "d")) == ("n", 1.0, 1.0, True, "d")
    assert dataclasses.astuple(verdict("n", False, "d")) == ("n", 0.0, 1.0, False, "d")


@pytest.mark.parametrize(("score", "passed"), [(0.49, False), (0.5, True), (0.51, True)])
def test_a_graded_check_passes_from_its_threshold_on(score: float, passed: bool):
    assert graded("n", score, 0.5, "d").passed is passed


def test_figures_of_a_graded_check_are_fractions_though_whole_numbers_are_given():
    result = graded("n", 1, 0, "d")
    assert isinstance(result.score, float) and isinstance(result.threshold, float)


def test_folded():
    assert folded(" It\u2019s  \u201cOK\u201d\n") == 'it\'s "ok"'
    assert folded("\u1112\u1161\u11ab") == "한"


@given(st.text("aBÉ가\u1112\u1161\u11ab’“'\" \n\t\u3000"))
def test_folding_twice_is_folding_once(text: str):
    once = folded(text)
    assert folded(once) == once == once.strip()
    assert "  " not in once and not set(once) & set("\n\t\u3000’“ABÉ")


def test_shown_is_cut_to_its_limit():
    assert shown("a") == "'a'"
    assert shown("x" * 60) == repr("x" * 60)
    assert shown("x" * 61) == repr("x" * 57 + "...")
    assert shown("a\nb") == "'a\\nb'"  # one line


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("```python\nf(1)\n```", "f(1)"),
        (" ```\na\nb\n``` \n", "a\nb"),
        ("```json\n{}```", "{}"),
        ("f(1)", "f(1)"),
        ("Here: ```\na\n```", "Here: ```\na\n```"),
        ("```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
    ],
)
def test_only_a_text_that_is_one_block_is_unfenced(text: str, inside: str):
    assert unfenced(text) == inside


def test_a_pattern_that_re2_does_not_read_says_why(capfd: pytest.CaptureFixture[str]):
    assert compiled(r"\d{2}").fullmatch("12")
    with pytest.raises(ValueError, match=r"^missing \): \(가$"):
        compiled("(가")
    assert capfd.readouterr().err == ""


def test_characters_of_words():
    assert all(map(is_word, "aé가漢1_\u0301"))
    assert not any(map(is_word, " -.'\n!😀"))
    assert all(map(is_hangul, "가힣ㄱㅎㅏㅣ\u1100\u11ff"))
    assert not any(map(is_hangul, "aあ漢1"))
