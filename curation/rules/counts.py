"""What rule sets count in a text: columns that are counted once, whatever number of rules uses them."""

from collections.abc import Iterable

import polars as pl

TEXT = pl.col("text")

# White space as Unicode has it. Space, tab and line feed are counted apart: three bytes are searched for several times
# as fast as a class of characters, and of the others text seldom has any.
_COMMON = r"[ \t\n]"
_OTHER = r"[\x0b-\r\x{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}]"

# Words without letter are few: whole runs of them are taken out, with the blanks around, and counted there.
_LETTERLESS = r"(?:\A|\s)[^\s\p{L}]+(?:\s+[^\s\p{L}]+)*(?:\s|\z)"

# Columns and not expressions inside those of the rules: polars shares equal expressions, but not those within two
# different shared ones, and would count words three times.
COUNTS: dict[str, pl.Expr] = {
    # runs of anything but white space
    "words": TEXT.str.count_matches(r"\S+"),
    # of these, those in which no character is a letter (Unicode category L)
    "letterless_words": TEXT.str.extract_all(_LETTERLESS).list.join("\n").str.count_matches(r"\S+"),
    # code points that are not white space
    "characters": TEXT.str.len_chars() - TEXT.str.count_matches(_COMMON) - TEXT.str.count_matches(_OTHER),
    # Hangul syllables and jamo
    "hangul": TEXT.str.count_matches(r"\p{Hangul}"),
    # lines, ended by a line feed, that are not blank
    "lines": TEXT.str.count_matches(r"\S[^\n]*"),
}
WORDS, LETTERLESS_WORDS, CHARACTERS, HANGUL, LINES = map(pl.col, COUNTS)


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole`, 0 where the whole is 0: an empty document has a share of nothing."""
    return pl.when(whole > 0).then(part / whole).otherwise(0.0)


def counted(frame: pl.DataFrame, users: Iterable[pl.Expr]) -> pl.DataFrame:
    """The frame with those columns of `COUNTS` that expressions use and it does not have yet."""
    used = {name for user in users for name in user.meta.root_names()}
    return frame.with_columns(
        count.alias(name) for name, count in COUNTS.items() if name in used and name not in frame.columns
    )
