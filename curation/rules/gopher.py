"""Quality rules of Gopher (Rae et al. 2021, arXiv 2112.11446, appendix A.1.1)."""

import polars as pl

from .. import languages
from . import measures
from .characters import BULLETS
from .counts import CHARACTERS, LETTERLESS_WORDS, LINES, WORDS, share
from .rule import Rule


def gopher_quality(
    min_words: float | None = 50,
    max_words: float | None = 100_000,
    min_word_length: float | None = 3,
    max_word_length: float | None = 10,
    max_hash_ratio: float | None = 0.1,
    max_ellipsis_ratio: float | None = 0.1,
    max_bullet_lines: float | None = 0.9,
    max_ellipsis_lines: float | None = 0.3,
    min_letter_words: float | None = 0.8,
    min_stop_words: float | None = 2,
    max_hangul: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """Gopher's quality rules with its thresholds, all inclusive.

    Words are runs of anything but white space; lines end at a line feed, and blank ones do not count. The rules apply
    where the share of Hangul is below `max_hangul`: their word lengths and stop words are English.
    """
    applies, where = languages.hangul_share() < max_hangul, languages.said_below(max_hangul)

    def rule(name: str, score: pl.Expr, low: float | None, high: float | None, definition: str) -> Rule:
        return Rule(f"gopher.{name}", score, low, high, applies, definition, where)

    lettered = share(WORDS - LETTERLESS_WORDS, WORDS)
    return (
        rule("words", WORDS, min_words, max_words, "words: runs of anything but white space"),
        rule(
            "mean_word_length",
            share(CHARACTERS, WORDS),
            min_word_length,
            max_word_length,
            "characters that are not white space, per word",
        ),
        rule("hash_ratio", share(pl.col("hashes"), WORDS), None, max_hash_ratio, "number signs per word"),
        rule(
            "ellipsis_ratio",
            share(pl.col("ellipses"), WORDS),
            None,
            max_ellipsis_ratio,
            "ellipses (... or …) per word",
        ),
        rule(
            "bullet_lines",
            share(pl.col("bullet_lines"), LINES),
            None,
            max_bullet_lines,
            f"share of lines whose first character, blanks aside, is one of {BULLETS}",
        ),
        rule(
            "ellipsis_lines",
            share(pl.col("ellipsis_lines"), LINES),
            None,
            max_ellipsis_lines,
            "share of lines that end with an ellipsis, blanks aside",
        ),
        rule("letter_words", lettered, min_letter_words, None, "share of words with at least one letter"),
        rule(
            "stop_words",
            pl.col("stop_words"),
            min_stop_words,
            None,
            f"how many of {', '.join(measures.STOP_WORDS)} occur, in any case, between ASCII word boundaries",
        ),
    )
