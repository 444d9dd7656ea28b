"""Korean, English or undetermined: by script and function words, at the bounds."""

import polars as pl
import pytest

from curation import languages, tables
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
    assert measured(languages.function_word_share(), "The end, of it: theory") == pytest.approx(3 / 5)
    for share in (languages.hangul_share(), languages.latin_share(), languages.function_word_share()):
        assert measured(share, " ") == 0.0


def test_bounds_are_inclusive() -> None:
    assert lang("가나다abcdefg") == "ko"  # three characters in ten
    assert lang("가나abcdefgh") == "und"
    # six Latin letters in ten; one function word in ten words
    assert lang("the abc 1234") == "en"
    assert lang("the ab 1234") == "und"
    assert lang(" ".join(["the", *["xxx"] * 9])) == "en"
    assert lang(" ".join(["the", *["xxx"] * 10])) == "und"


def test_only_documents_without_a_language_are_given_one() -> None:
    rows = pl.DataFrame({"text": ["안녕하세요", "안녕하세요", "the end"], "lang": ["ja", None, None]})
    documents = tables.complete(rows, tables.DOCUMENTS)
    found = languages.assign(documents)
    tables.check(found, tables.DOCUMENTS)
    assert found["lang"].to_list() == ["ja", "ko", "en"]
    assert found.drop("lang").equals(documents.drop("lang"))
    assert languages.assign(found).equals(found)
    assert languages.assign(documents[:0]).height == 0
