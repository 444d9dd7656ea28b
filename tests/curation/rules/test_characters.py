"""What is known of a character, against Unicode as Python and polars' Rust have it."""

import unicodedata

import numpy as np
import polars as pl
import pytest

from curation.rules import characters

TABLE = characters.classes()
EVERY = [chr(code) for code in range(len(TABLE)) if not 0xD800 <= code < 0xE000]


def marked(bit: int) -> set[str]:
    return {chr(code) for code in np.flatnonzero(TABLE & bit)}


@pytest.mark.parametrize(
    ("bit", "pattern"),
    [(characters.WHITE, r"\s"), (characters.HANGUL, r"\p{Hangul}"), (characters.WORD, r"[0-9A-Za-z_]")],
)
def test_white_space_hangul_and_ascii_words_are_those_of_rust(bit: int, pattern: str) -> None:
    texts = pl.Series("text", EVERY)
    assert marked(bit) == set(texts.filter(texts.str.contains(pattern)))


def test_letters_are_those_of_python() -> None:
    categories = {character: unicodedata.category(character) for character in EVERY}
    assert marked(characters.LETTER) == {character for character, name in categories.items() if name[0] == "L"}
    assert marked(characters.LOWER) == {character for character, name in categories.items() if name == "Ll"}


def test_no_letter_and_no_hangul_lies_above_the_table() -> None:
    above = [chr(code) for code in range(len(TABLE), 0x110000)]
    assert not [character for character in above if unicodedata.category(character)[0] == "L"]
    texts = pl.Series("text", above)
    assert not texts.str.contains(r"\s|\p{Hangul}").any()


def test_marks() -> None:
    assert marked(characters.BULLET) == set(characters.BULLETS)
    assert marked(characters.STOP) == set(characters.STOPS)
    assert marked(characters.CLOSING) == set(characters.CLOSINGS)
    assert marked(characters.ENDED) == set(characters.LINE_ENDS)
    assert not TABLE.flags.writeable


def test_stop_words_as_numbers() -> None:
    assert characters.packed(("a", "the")).tolist() == [0x61, 0x746865]
    with pytest.raises(ValueError, match="'which'"):
        characters.packed(("be", "which"))
