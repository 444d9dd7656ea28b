"""A pass: one search of the text for candidates of some kinds, and the decision what each candidate is.

Patterns are in the linear-time syntax of Rust's `regex`, which has no look-around: what stands beside a candidate is
judged apart, with checksums, on the candidates alone. No pattern matches `<`, with which placeholders begin, and no
alternative of a pattern goes on for long over text that another one then gives back: time grows with the text only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

# What is beside a number, code or word that would make the candidate a part of something longer.
INSIDE_BEFORE = r"[A-Za-z0-9_]$|[0-9][-.,]$"
INSIDE_AFTER = r"^(?:[A-Za-z0-9_]|-[A-Za-z0-9]|[.,][0-9])"


@dataclass(frozen=True)
class Pass:
    """One search.

    Attributes:
        kinds: what it can find.
        hints: a text that holds a candidate matches one of these; much faster to search for than `pattern`.
        pattern: of candidates.
        judge: from a frame of candidates (`found`, and the plain text at its sides: `before`, `after`, at most
            `context.WINDOW` characters, never a part of another candidate) and the kinds asked for, the same rows with
            `kind`, "" where it is none, and `lead` and `trail`, characters at the ends that stay.
    """

    kinds: tuple[str, ...]
    hints: tuple[str, ...]
    pattern: str
    judge: Callable[[pl.DataFrame, tuple[str, ...]], pl.DataFrame]

    def may_match(self, text: pl.Expr) -> pl.Expr:
        """Whether a text may hold a candidate."""
        return pl.any_horizontal(text.str.contains(hint) for hint in self.hints)


def either(*patterns: str) -> str:
    """One pattern for several; of two that start at one place the earlier wins."""
    return "(?:" + "|".join(patterns) + ")"


def inside() -> pl.Expr:
    """Whether a candidate is part of a longer number, code or word."""
    return pl.col("before").str.contains(INSIDE_BEFORE) | pl.col("after").str.contains(INSIDE_AFTER)


def first_kind(candidates: pl.DataFrame, accepted: dict[str, pl.Expr], kinds: tuple[str, ...]) -> pl.DataFrame:
    """The candidates with `kind`, the first asked for whose condition holds, in the order of `accepted`."""
    kind = pl.lit("")
    for name, condition in reversed(accepted.items()):
        if name in kinds:
            kind = pl.when(condition.fill_null(False)).then(pl.lit(name)).otherwise(kind)
    return candidates.with_columns(kind=kind)


def whole(judged: pl.DataFrame) -> pl.DataFrame:
    """The candidates with `lead` and `trail` 0: all of each is replaced."""
    return judged.with_columns(lead=pl.lit(0, pl.Int64), trail=pl.lit(0, pl.Int64))
