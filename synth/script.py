"""The script a text is written in, as far as prompts and filters need it."""

import re2

HANGUL_PROMPT = 0.3  # share of Hangul among letters from which a text gets the Korean templates

_HANGUL = re2.compile(r"\p{Hangul}")
_LETTER = re2.compile(r"\p{L}")


def hangul_share(text: str) -> float:
    """Share of Hangul among the letters of a text, 0..1; 0 for a text without letters."""
    letters = len(_LETTER.findall(text))
    return len(_HANGUL.findall(text)) / letters if letters else 0.0


def has_letters(text: str) -> bool:
    """Whether a text holds a letter of any script: one of digits and signs has no script to compare."""
    return _LETTER.search(text) is not None


def language_of(text: str, wanted: str) -> str:
    """Language of the templates for a text: the wanted one, or with `auto` Korean where enough of it is Hangul."""
    return wanted if wanted != "auto" else ("ko" if hangul_share(text) >= HANGUL_PROMPT else "en")
