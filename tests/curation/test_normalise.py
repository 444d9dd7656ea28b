"""Normalisation: each step by hand, and what holds for every text."""

import json
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curation import tables
from curation.normalise import Normalisation, normalise


def documents(*texts: str) -> pl.DataFrame:
    rows = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("record")
    return tables.complete(rows.with_columns(doc_id=pl.format("d{}", "record"), file=pl.lit("f")), tables.DOCUMENTS)


def clean(text: str, **options: bool | int) -> str:
    return normalise(documents(text), Normalisation(**options)).rows["text"][0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # line ends
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        # control characters, non-characters; tab and line feed stay
        ("a\x00b\x07c\x1bd\x7fe\x9ff\ufdd0g\ufffeh", "abcdefgh"),
        ("a\tb", "a\tb"),
        # zero width, byte order mark, marks of direction, soft hyphen
        ("\ufeffa\u200bb\u00adc\u200ed\u2060e", "abcde"),
        ("a\u200db 가\u200c나", "ab 가나"),
        ("\u200dab", "ab"),
        ("A\u0301\u200db", "Áb"),  # a letter that is yet to be composed
        ("a\u200c\u0327\u200cb", "a\u0327b"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),  # a burning heart
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),  # a family
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian
        ("क्\u200dष", "क्\u200dष"),  # Hindi
        # full width
        ("ＡＢｃ１２３！？", "ABc123!?"),
        ("￦１，０００", "₩1,000"),
        ("日本語（テスト）！Ａ１", "日本語（テスト）！A1"),
        ("한국어（시험）！", "한국어(시험)!"),
        # NFC
        ("한국".encode().decode(), "한국"),
        (unicodedata.normalize("NFD", "한국어 Café"), "한국어 Café"),
        ("\u212b\u2126", "ÅΩ"),  # signs of ångström and ohm
        ("ﬁ ² ½", "ﬁ ² ½"),  # compatibility forms are other characters, not other spellings
        # runs of jamo, never of digits, letters or syllables
        ("ㅋㅋㅋㅋㅋㅋ", "ㅋㅋㅋ"),
        ("ㅋㅋㅋ", "ㅋㅋㅋ"),
        ("ㅠㅠㅠㅠ정말ㅎㅎㅎㅎㅋㅋㅋㅋ", "ㅠㅠㅠ정말ㅎㅎㅎㅋㅋㅋ"),
        ("ㅋㅎㅋㅎㅋㅎㅋㅎ", "ㅋㅎㅋㅎㅋㅎㅋㅎ"),
        ("1000000원 하하하하하 aaaaaa !!!!!!", "1000000원 하하하하하 aaaaaa !!!!!!"),
        # blanks
        ("a\u00a0b\u3000c\u2003d\u3164e", "a b c d e"),
        ("a  b \t  c", "a b c"),
        ("a \nb\t\nc", "a\nb\nc"),
        ("a\n\n\n\nb\n\nc", "a\n\nb\n\nc"),
        ("\n\n a\n", "a"),
        (" \n\t\n ", ""),
        ("  a  ", "a"),
        ("def f():\n    return  1\n", "def f():\n    return 1"),
        ("  - a\n    - b", "  - a\n    - b"),
    ],
)
def test_each_step(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_options() -> None:
    assert clean("a\n    b\n\tc", indentation=False) == "a\nb\nc"
    assert clean("ㅋㅋㅋㅋ", jamo_run=1) == "ㅋ"
    assert clean("ㅋㅋㅋㅋㅠㅠㅠ", jamo_run=2) == "ㅋㅋㅠㅠ"
    assert clean("ㅋ" * 9, jamo_run=0) == "ㅋ" * 9


def test_a_control_character_that_is_the_rest_of_a_misread_letter_stays() -> None:
    assert clean("안녕".encode().decode("latin-1")) == "ì\x95\x88ë\x85\x95".replace("\x85", "\n")
    assert clean("a\x95b") == "ab"


def test_the_ledger_says_which_steps_changed_a_text_and_by_how_much() -> None:
    edited = normalise(documents("clean", "a\r\nb\x00  c", "ㅋㅋㅋㅋㅋ", "e\u0301"), Normalisation())
    tables.check(edited.ledger, tables.LEDGER)
    events = edited.ledger.select("row_id", "file", "record", "stage", "action", "rule", "value").rows()
    assert events == [
        ("d1", "f", 1, "normalise", "edit", "normalise.line_ends+control_characters+spaces", 3.0),
        ("d2", "f", 2, "normalise", "edit", "normalise.jamo_runs", 2.0),
        ("d3", "f", 3, "normalise", "edit", "normalise.nfc", 1.0),
    ]
    details = [json.loads(detail) for detail in edited.ledger["detail"]]
    assert details == [{"line_ends": 1, "control_characters": 1, "spaces": 1}, {"jamo_runs": 1}, {"nfc": 1}]


def test_nothing_to_do_and_nothing_there() -> None:
    for frame in (documents("already clean", "깨끗한 글"), documents()):
        edited = normalise(frame, Normalisation())
        assert edited.rows.equals(frame) and edited.ledger.is_empty()


SPECIAL = (
    "aA1 가ᄀ\u1161\u11a8ㅋㅠé\u0301\u0327漢カ１Ａ！（￦ﾡ\u3164\uffa0"
    "\x00\x1b\x7f\x80\x85\x95\x9fÃìë\xa0\xad\u0600ی\u200b\u200c\u200d\u2028\u3000\ufeff\ufdd0😀\u0344\u212b \t\n\r\x0b"
)
# one call for many texts: what is costly is the call
TEXTS = st.lists(st.text(SPECIAL, max_size=12) | st.text(st.characters(exclude_categories=["Cs"])), max_size=40)


@settings(max_examples=40)
@given(TEXTS, st.booleans(), st.sampled_from([0, 1, 3]))
@example(
    ["a\u200d\u0301", "\u1100\u200b\u1161", "ㅋㅋ\u200bㅋㅋ", "ì\x00\x95", "e\x00\u0301", " \u200b ", "\r\u200b\n"],
    True,
    3,
)
def test_normalising_twice_is_normalising_once_and_gives_nfc(texts: list[str], indentation: bool, run: int) -> None:
    options = Normalisation(indentation, run)
    once = normalise(documents(*texts), options)
    twice = normalise(once.rows, options)
    assert twice.ledger.is_empty(), twice.ledger["rule"].to_list()
    assert twice.rows.equals(once.rows)
    for text in once.rows["text"]:
        assert text == unicodedata.normalize("NFC", text)
        assert not set(text) & set("\r\x0b\x0c\x85\u2028\u2029\x00\u200b\ufeff\u3000\xa0")
        assert text == text.strip("\n") and "\n\n\n" not in text
        assert not any(line != line.rstrip(" \t") for line in text.split("\n"))


@settings(max_examples=20)
@given(TEXTS)
def test_rows_are_conserved_and_the_ledger_names_exactly_the_changed(texts: list[str]) -> None:
    frame = documents(*texts)
    edited = normalise(frame, Normalisation())
    tables.check(edited.rows, tables.DOCUMENTS, "doc_id")
    assert edited.rows.drop("text").equals(frame.drop("text"))
    after = edited.rows["text"].to_list()
    shorter = {
        f"d{i}": len(old) - len(new) for i, (old, new) in enumerate(zip(texts, after, strict=True)) if old != new
    }
    found = dict(edited.ledger.select("row_id", "value").iter_rows())
    # a text may be changed by one step and changed back by another: then it stands in the ledger by 0
    assert {name: value for name, value in found.items() if name in shorter} == shorter
    assert all(found[name] == 0 for name in found.keys() - shorter.keys())


@settings(max_examples=15)
@given(TEXTS)
def test_a_text_is_normalised_alike_in_any_company(texts: list[str]) -> None:
    together = normalise(documents(*texts), Normalisation()).rows["text"].to_list()
    backwards = normalise(documents(*texts[::-1]), Normalisation()).rows["text"].to_list()
    assert backwards[::-1] == together
