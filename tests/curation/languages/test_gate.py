"""Korean, English or undetermined: by script and function words, at the bounds."""

import polars as pl
import pytest

from curation import languages
from curation.languages import gate
from curation.rules.counts import counted


def measured(expression: pl.Expr, text: str) -> object:
    return counted(pl.DataFrame({"text": [text]}), [expression]).select(expression).item()


def lang(text: str) -> object:
    return measured(languages.language(), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat on the mat and it was warm.", "en"),
        ("오늘은 날씨가 참 좋다.", "ko"),
        ("Kim 씨는 오늘 Python 코드를 썼다.", "ko"),
        ("ㅋㅋㅋ", "ko"),
        ("Le chat est sur la table avec les enfants.", "und"),
        ("Die Katze sitzt auf dem Tisch und schläft.", "und"),
        ("日本語のテキストです。", "und"),
        ("Привет, как дела?", "und"),
        ("1 2 3 4", "und"),
        ("", "und"),
        (" \n", "und"),
        ("x = np.zeros((3, 4)) + y", "und"),
    ],
)
def test_languages(text: str, expected: str) -> None:
    assert lang(text) == expected


def test_shares_by_hand() -> None:
    assert measured(languages.hangul_share(), "가나 ㅋabc12 ") == pytest.approx(3 / 8)
    assert measured(languages.latin_share(), "가나 ßbc12\u3000") == pytest.approx(3 / 7)
    assert measured(gate.english_words(), "The end, with it: theory, THAT") == 4
    for share in (languages.hangul_share(), languages.latin_share()):
        assert measured(share, " ") == 0.0


def test_bounds_are_inclusive() -> None:
    assert lang("가나다abcdefg") == "ko" and lang("1가나다456789") == "ko"  # three characters in ten
    assert lang("가나12345678") == "und"
    # six Latin letters in ten, and one English word in five, or two in twenty-five
    assert lang("the abc 1234") == "en" and lang("the ab 1234") == "und"
    assert lang(" ".join(["the", *["xxx"] * 4])) == "en" and lang(" ".join(["the", *["xxx"] * 5])) == "und"
    assert lang(" ".join(["the"] * 2 + ["xxx"] * 23)) == "en" and lang(" ".join(["the"] * 2 + ["xxx"] * 24)) == "und"
    # one in twenty: Korean among foreign terms, unless English words say otherwise
    assert lang("가" + "x" * 19) == "ko" and lang("가" + "x" * 20) == "und" and lang("가 the end of it") == "en"
