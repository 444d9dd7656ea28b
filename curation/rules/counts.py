"""What rule sets count in a text: columns that are counted once, whatever number of rules uses them.

A rule names such a column and no more; `counted` adds those that the rules in force name. What each counts is said in
`measures`.
"""

from collections.abc import Iterable

import polars as pl

from . import measures

TEXT = pl.col("text")
WORDS, LETTERLESS_WORDS, CHARACTERS, HANGUL, LINES = (
    pl.col(name) for name in ("words", "letterless_words", "characters", "hangul", "lines")
)


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole`, 0 where the whole is 0: an empty document has a share of nothing."""
    return pl.when(whole > 0).then(part / whole).otherwise(0.0)


def counted(
    frame: pl.DataFrame, users: Iterable[pl.Expr], later: Iterable[pl.Expr] = (), threads: int | None = None
) -> pl.DataFrame:
    """The frame with those columns of `measures` that expressions use and it does not have yet.

    Args:
        frame: column `text`, none missing.
        users: expressions that name columns of the frame or of `measures`.
        later: further ones: what the passes over the text that `users` need can count for them is added too.
        threads: threads to use, those the process may run on when none.
    """
    now = [name for name in _names(users) if name not in frame.columns]
    groups = measures.passes(now)
    ahead = [name for name in _names(later) if measures.passes([name]) and measures.passes([name])[0] in groups]
    wanted = dict.fromkeys(name for name in [*now, *ahead] if name not in frame.columns)
    return frame.with_columns(measures.measure(frame["text"], wanted, threads))


def _names(users: Iterable[pl.Expr]) -> list[str]:
    """Columns that expressions use, each once."""
    return list(dict.fromkeys(name for user in users for name in user.meta.root_names()))
