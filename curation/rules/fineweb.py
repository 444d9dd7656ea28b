"""Rules of FineWeb (Penedo et al. 2024, arXiv 2406.17557, section 3.5)."""

import polars as pl

from .. import languages
from ..errors import InputError
from .characters import LINE_ENDS
from .counts import LINES, WORDS, share
from .measures import SHORT_LINES
from .rule import Rule


def fineweb(
    min_ended_lines: float | None = 0.12,
    max_short_lines: float | None = 0.67,
    short_line: float = 30,
    max_duplicate_line_characters: float | None = 0.01,
    max_line_feed_ratio: float | None = 0.3,
    max_hangul: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """FineWeb's own rules with its thresholds, all inclusive.

    Lines end at a line feed, blank ones do not count, and white space at both ends is none of a line.

    Args:
        min_ended_lines: of all lines, those that end with punctuation.
        max_short_lines: of all lines, those of at most `short_line` characters.
        short_line: characters, a whole number.
        max_duplicate_line_characters: of the characters of all lines, those of lines that occurred before.
        max_line_feed_ratio: line feeds, those of blank lines too, per word.
        max_hangul: the rules apply where the share of Hangul is below; above 1 for everywhere.

    Raises:
        InputError: when `short_line` is no whole number.
    """
    if short_line < 0 or short_line != int(short_line):
        raise InputError(f"rules.fineweb.short_line: found {short_line}, expected a whole number of characters")
    applies, where = languages.hangul_share() < max_hangul, languages.said_below(max_hangul)

    def rule(name: str, part: str, whole: pl.Expr, low: float | None, high: float | None, definition: str) -> Rule:
        return Rule(f"fineweb.{name}", share(pl.col(part), whole), low, high, applies, definition, where)

    return (
        rule(
            "ended_lines",
            "ended_lines",
            LINES,
            min_ended_lines,
            None,
            f"share of lines whose last character is one of {LINE_ENDS}",
        ),
        rule(
            "short_lines",
            f"{SHORT_LINES}{int(short_line)}",
            LINES,
            None,
            max_short_lines,
            f"share of lines of at most {int(short_line)} characters",
        ),
        rule(
            "duplicate_line_characters",
            "duplicate_line_characters",
            pl.col("line_characters"),
            None,
            max_duplicate_line_characters,
            "share of the characters of lines that are in lines that occurred before",
        ),
        rule("line_feeds", "line_feeds", WORDS, None, max_line_feed_ratio, "line feeds per word"),
    )
