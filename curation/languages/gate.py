"""Korean and English by script and words alone: decides most texts of such a corpus at once, and leaves the others."""

import polars as pl

from ..rules.counts import CHARACTERS, HANGUL, TEXT, WORDS, share

KOREAN, ENGLISH, UNDETERMINED = "ko", "en", "und"
HANGUL_FROM = 0.3  # share of Hangul from which a text counts as Korean for rules
MIXED_HANGUL_FROM = 0.05  # and in a text that is otherwise Latin without English words: Korean with foreign terms
LATIN_FROM = 0.6  # share of Latin letters from which it may be English ...
WORDS_FROM, WORD_SHARE = 2, 0.08  # ... with so many English words and such a share of them,
SHORT_SHARE = 0.2  # or in a short text with one that makes up such a share

# Frequent English words that are no words of other languages in Latin script: not `in`, `is`, `of`, `was`, `me`, `so`.
_ENGLISH_WORDS = (
    "the|and|that|with|this|they|which|from|were|been|have|had|his|not|you|your|it's|i'm|don't|didn't|doesn't|can't|isn't"
    "|would|could|should|about|there|their|these|those|them|what|when|who|how|why|here|where|good|great|love|know|think"
    "|want|than|then|because|very|just|some|any|only|other|more|most|please|thanks|thank|hello|are|did|does|it|we're|i've"
    "|people|time|never|always|really|my|our|she|if|into|after|before|again|first|over|much|many"
)


def hangul_share() -> pl.Expr:
    """Share of Hangul, syllables and jamo, among the characters that are not white space, 0 for none; of counts."""
    return share(HANGUL, CHARACTERS)


def said_below(share_of_hangul: float) -> str:
    """Where rules of English apply, in words."""
    return f"less than {share_of_hangul:g} of the characters are Hangul"


def said_from(share_of_hangul: float) -> str:
    """Where rules of Korean apply, in words."""
    return f"at least {share_of_hangul:g} of the characters are Hangul"


def latin_share() -> pl.Expr:
    """Share of Latin letters among the characters that are not white space, 0 for none; of text and counts."""
    others = TEXT.str.count_matches(r"[^\p{Latin}\s]")
    return share(CHARACTERS - others, CHARACTERS)


def english_words() -> pl.Expr:
    """Number of words that are frequent in English and in no other language, any case; of text."""
    return TEXT.str.count_matches(rf"(?i-u:\b(?:{_ENGLISH_WORDS})\b)")


def is_korean(from_share: float = HANGUL_FROM) -> pl.Expr:
    """Whether at least that share of the text is Hangul."""
    return hangul_share() >= from_share


def language() -> pl.Expr:
    """`ko`, `en` or `und` (ISO 639): what script and words decide; of text and counts."""
    return language_of(english_words(), latin_share())


def language_of(found: pl.Expr, latin_share: pl.Expr) -> pl.Expr:
    """`language` of numbers that are known already: polars counts an expression anew in each place where it stands."""
    part = share(found, WORDS)
    english = ((found >= WORDS_FROM) & (part >= WORD_SHARE)) | (part >= SHORT_SHARE)
    latin = latin_share >= LATIN_FROM
    mixed = (hangul_share() >= MIXED_HANGUL_FROM) & (latin_share + hangul_share() >= LATIN_FROM) & (found == 0)
    return (
        pl.when(is_korean())
        .then(pl.lit(KOREAN))
        .when(latin & english)
        .then(pl.lit(ENGLISH))
        .when(mixed)
        .then(pl.lit(KOREAN))
        .otherwise(pl.lit(UNDETERMINED))
    )
