"""Repetition rules of Gopher (Rae et al. 2021, arXiv 2112.11446, appendix A.1.1 and table A1)."""

from collections.abc import Mapping
from math import isfinite

import polars as pl

from .. import languages
from ..errors import InputError
from .counts import CHARACTERS, LINES, share
from .measures import DUPLICATE_GRAMS, TOP_GRAMS
from .rule import Rule

MAX_TOP_GRAMS: Mapping[int, float] = {2: 0.20, 3: 0.18, 4: 0.16}
MAX_DUPLICATE_GRAMS: Mapping[int, float] = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def gopher_repetition(
    max_duplicate_lines: float | None = 0.30,
    max_duplicate_paragraphs: float | None = 0.30,
    max_duplicate_line_characters: float | None = 0.20,
    max_duplicate_paragraph_characters: float | None = 0.20,
    max_top_grams: Mapping[int, float | None] = MAX_TOP_GRAMS,
    max_duplicate_grams: Mapping[int, float | None] = MAX_DUPLICATE_GRAMS,
    max_hangul: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """Gopher's repetition rules with its thresholds, all inclusive.

    The paper leaves open what a fraction is of; other tools disagree with each other. Here a duplicate is what occurred
    before in the text, so that the first occurrence is none; a share of characters has above and below the line the
    same kind of characters, so that it is at most 1; an n-gram that occurs once is not repeated. Words are runs of
    anything but white space, compared as they stand; lines are taken without white space at both ends, and blank ones
    do not count but end a paragraph.

    Args:
        max_duplicate_lines, max_duplicate_paragraphs: of all lines or paragraphs.
        max_duplicate_line_characters, max_duplicate_paragraph_characters: of the characters of all lines.
        max_top_grams: by n, of 2, 3 and 4; those left out are not measured, null measures without a bound.
        max_duplicate_grams: by n, of 5 to 10.
        max_hangul: the rules apply where the share of Hangul is below; above 1 for everywhere.

    Raises:
        InputError: for an n that is not measured or a threshold that is no number.
    """
    applies, where = languages.hangul_share() < max_hangul, languages.said_below(max_hangul)

    def rule(name: str, part: str, whole: pl.Expr, high: float | None, definition: str) -> Rule:
        return Rule(f"gopher_repetition.{name}", share(pl.col(part), whole), None, high, applies, definition, where)

    line_characters = pl.col("line_characters")
    lines_and_paragraphs = (
        rule("duplicate_lines", "duplicate_lines", LINES, max_duplicate_lines, "share of lines that occurred before"),
        rule(
            "duplicate_paragraphs",
            "duplicate_paragraphs",
            pl.col("paragraphs"),
            max_duplicate_paragraphs,
            "share of paragraphs (lines without a blank one between) that occurred before",
        ),
        rule(
            "duplicate_line_characters",
            "duplicate_line_characters",
            line_characters,
            max_duplicate_line_characters,
            "share of the characters of lines that are in lines that occurred before",
        ),
        rule(
            "duplicate_paragraph_characters",
            "duplicate_paragraph_characters",
            line_characters,
            max_duplicate_paragraph_characters,
            "share of the characters of lines that are in paragraphs that occurred before",
        ),
    )
    top = (
        rule(
            f"top_{n}_gram",
            f"top_{n}_gram_characters",
            CHARACTERS,
            high,
            f"share of characters, white space aside, in the most frequent {n} words in a row (of several the first in "
            "the text), each character counted once; 0 when none occurs twice",
        )
        for n, high in _by_length("max_top_grams", max_top_grams, TOP_GRAMS)
    )
    duplicate = (
        rule(
            f"duplicate_{n}_gram",
            f"duplicate_{n}_gram_characters",
            CHARACTERS,
            high,
            f"share of characters, white space aside, in {n} words in a row that occurred before, overlapping ones "
            "too, each character counted once",
        )
        for n, high in _by_length("max_duplicate_grams", max_duplicate_grams, DUPLICATE_GRAMS)
    )
    return (*lines_and_paragraphs, *top, *duplicate)


def _by_length(
    key: str, given: Mapping[int, float | None], measured: tuple[int, ...]
) -> list[tuple[int, float | None]]:
    """Thresholds by n, ascending, where all are of n that are measured."""
    named = f"rules.gopher_repetition.{key}"
    if not isinstance(given, Mapping):
        raise InputError(f"{named}: found {given!r}, expected thresholds by n, such as {measured[0]}: 0.2")
    bounds: dict[int, float | None] = {}
    for n, high in given.items():
        if str(n) not in {str(each) for each in measured}:  # JSON has keys of text only
            raise InputError(f"{named}: found n = {n!r}, expected {', '.join(map(str, measured))}")
        if high is not None and (isinstance(high, bool) or not isinstance(high, (int, float)) or not isfinite(high)):
            raise InputError(f"{named}.{n}: found {high!r}, expected a number or null")
        bounds[int(n)] = high
    return sorted(bounds.items())
