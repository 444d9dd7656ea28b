"""Folding, and that it leaves lines, words and characters where they are."""

import sys
import unicodedata

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup import units
from curation.dedup.unit_kernels import CHARACTER, JAMO, JOINER, SEPARATOR, WORD


def test_folding_is_nfc_and_lower_case() -> None:
    texts = ["Plain ASCII", unicodedata.normalize("NFD", "한국어 Café"), "한국어 CAFÉ", "", "Å \U0001d15e"]
    expected = [unicodedata.normalize("NFC", text).lower() for text in texts]
    assert units.folded(pl.Series("text", texts)).to_list() == expected
    assert units.folded(pl.Series("text", texts * 3, pl.String)[4:9], threads=2).to_list() == (expected * 3)[4:9]
    assert units.folded(pl.Series("text", [], pl.String)).to_list() == []


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
def test_no_character_that_nfc_changes_is_missed(texts: list[str]) -> None:
    series = pl.Series("text", texts, pl.String)
    assert units.folded(series).to_list() == series.str.normalize("NFC").str.to_lowercase().to_list()


def test_every_character_alone_and_after_a_letter_is_folded() -> None:
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    for before in ("", "a", "\u1100", "="):
        series = pl.Series("text", [before + chr(code) for code in codes])
        assert units.folded(series).equals(series.str.normalize("NFC").str.to_lowercase())


def test_classes() -> None:
    table = units.classes()
    of = {
        WORD: "aZé9Ωд٣",
        CHARACTER: "가ㅋ漢あア",
        JOINER: "\u0301\u3099",
        JAMO: "\u1161\u11a8",
        SEPARATOR: " .,\n'-🙂\u200b\u00a0",
    }
    for expected, characters in of.items():
        assert {character: table[ord(character)] for character in characters if ord(character) < len(table)} == {
            character: expected for character in characters if ord(character) < len(table)
        }


def test_white_space_is_pythons() -> None:
    table = units.spaces()
    codes = [code for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    assert np.flatnonzero(table).tolist() == codes


def test_folding_moves_no_line() -> None:
    """No character becomes a line end or white space, or stops to be one; alone or with one before it."""
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    for before in ("\n", " "):
        series = pl.Series("text", [before + chr(code) for code in codes])
        for code, text in zip(codes, units.folded(series), strict=True):
            assert text[0] == before
            assert [c.isspace() for c in text[1:]] == [chr(code).isspace()] * len(text[1:])
