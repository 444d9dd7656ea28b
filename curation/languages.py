"""Which language a text is in, as far as its script and its commonest words say: Korean, English, or undetermined."""

import polars as pl

from .rules.counts import CHARACTERS, HANGUL, TEXT, WORDS, counted, share

KOREAN, ENGLISH, UNDETERMINED = "ko", "en", "und"
HANGUL_FROM = 0.3  # share of Hangul from which a text counts as Korean
LATIN_FROM = 0.6  # share of Latin letters from which it may be English ...
FUNCTION_WORDS_FROM = 0.1  # ... and share of English function words, which other languages in Latin script do not reach

_FUNCTION_WORDS = (
    "the|of|and|to|in|is|that|it|for|was|with|as|be|on|not|he|his|by|are|this|at|from|or|have|an|but|they|you"
    "|which|were"
)


def hangul_share() -> pl.Expr:
    """Share of Hangul, syllables and jamo, among the characters that are not white space, 0 for none; of counts."""
    return share(HANGUL, CHARACTERS)


def latin_share() -> pl.Expr:
    """Share of Latin letters among the characters that are not white space, 0 for none; of text and counts."""
    others = TEXT.str.replace_all(r"[\p{Latin}\s]+", "").str.len_chars()
    return share(CHARACTERS - others, CHARACTERS)


def function_word_share() -> pl.Expr:
    """Share of words that are one of thirty English function words, any case, punctuation aside; of text and counts."""
    return share(TEXT.str.count_matches(rf"(?i-u:\b(?:{_FUNCTION_WORDS})\b)"), WORDS)


def is_korean(from_share: float = HANGUL_FROM) -> pl.Expr:
    """Whether at least that share of the text is Hangul."""
    return hangul_share() >= from_share


def language() -> pl.Expr:
    """`ko`, `en` or `und` (ISO 639) by script and function words alone: a gate, not an identification."""
    english = (latin_share() >= LATIN_FROM) & (function_word_share() >= FUNCTION_WORDS_FROM)
    otherwise = pl.when(english).then(pl.lit(ENGLISH)).otherwise(pl.lit(UNDETERMINED))
    return pl.when(is_korean()).then(pl.lit(KOREAN)).otherwise(otherwise)


def assign(documents: pl.DataFrame) -> pl.DataFrame:
    """Table `documents` with `lang` filled where it is null."""
    found = counted(documents.select("text", "lang"), [language()]).select(
        pl.coalesce("lang", language()).alias("lang")
    )
    return documents.with_columns(found["lang"])
