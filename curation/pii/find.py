"""Where personal data is: texts cut into what stays and what is found."""

import itertools

import polars as pl

from . import context
from .email import EMAIL
from .numbers import NUMBERS
from .passes import Pass, either, first_kind, whole
from .pseudonyms import WRITTEN
from .secrets import SECRETS

PIECE = pl.col("piece")
FOUND = pl.col("kind").is_not_null() & (pl.col("kind") != "")


def _no_kind(candidates: pl.DataFrame, kinds: tuple[str, ...]) -> pl.DataFrame:
    return whole(first_kind(candidates, {}, kinds))


# What was replaced before is cut out first, so that replacing twice is replacing once.
_WRITTEN = Pass((), ("<", "00", "999", "24", "2001:db8", "user-", "EXAMPLE"), either(*WRITTEN), _no_kind)
_PASSES = (_WRITTEN, SECRETS, EMAIL, NUMBERS)


def pieces(texts: pl.Series, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Texts with personal data, cut so that each occurrence is a piece of its own.

    Args:
        texts: String.
        kinds: among `KINDS`.

    Returns:
        Columns row (number in `texts`), start (offset in characters), piece and kind (null for what stays), in order:
        the pieces of a row, one after the other, are its text. Rows without personal data are left out.
    """
    rows = _concerned(texts, kinds).with_columns(kind=pl.lit(None, pl.String))
    mark = _unused(rows["piece"])
    settled = [rows.clear()]
    # What is left and right of a find is searched again until nothing is found: as if one replaced twice.
    while rows.height:
        before = _count(rows)
        for search in _PASSES:
            rows = _search(rows, search, kinds, mark)
        rows = _merged(rows).join(before, on="row", how="left", maintain_order="left")
        more = FOUND.sum().over("row") > pl.col("count")
        settled.append(rows.filter(~more & (pl.col("count") > 0)).drop("count"))
        rows = rows.filter(more).drop("count")
    # A text settles whole, so that its pieces stay together and in order.
    cut = pl.concat(settled).filter(PIECE != "").sort("row", maintain_order=True)
    size = PIECE.str.len_chars().cast(pl.Int64)
    return cut.select("row", "piece", "kind", start=(size.cum_sum() - size).over("row"))


def _concerned(texts: pl.Series, kinds: tuple[str, ...]) -> pl.DataFrame:
    """Number and text of those that hold a candidate of a search that is asked for."""
    rows = pl.DataFrame({"piece": texts}).with_row_index("row")
    asked = [search for search in _PASSES if set(search.kinds) & set(kinds)]
    if not asked:
        return rows.clear()
    # Most texts hold no hint of any search, which one scan tells; where there is one, it ends early.
    rows = rows.filter(PIECE.str.contains(either(*(hint for search in asked for hint in search.hints))))
    hits = [rows.filter(search.may_match(PIECE)).filter(PIECE.str.contains(search.pattern))["row"] for search in asked]
    every = pl.concat([rows["row"].clear(), *hits])
    return rows.filter(pl.col("row").is_in(every.unique().implode()))


def _unused(texts: pl.Series) -> str:
    """A mark that occurs in no text: a Unicode non-character, with others behind it where a text holds that as well."""
    marks = ("\ufdd0" + "\ufdd1" * length for length in itertools.count())
    return next(mark for mark in marks if not texts.str.contains(mark, literal=True).any())


def _count(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("row").agg(count=FOUND.sum())


def _search(rows: pl.DataFrame, search: Pass, kinds: tuple[str, ...], mark: str) -> pl.DataFrame:
    """The pieces with those that nothing was decided about (`kind` null) cut at the candidates of one search."""
    rows = rows.with_row_index("at")
    open_ = pl.col("kind").is_null()
    cut = rows.filter(open_).filter(search.may_match(PIECE)).filter(PIECE.str.contains(search.pattern))
    if cut.is_empty():
        return rows.drop("at")
    rest = rows.join(cut, on="at", how="anti", maintain_order="left").with_columns(slot=pl.lit(0, pl.Int64))
    marked = PIECE.str.replace_all(search.pattern, f"{mark}${{0}}{mark}").str.split(mark)
    # Every other piece is a candidate: a text begins and ends with plain text, if an empty one.
    cut = cut.with_columns(marked).explode("piece").with_columns(slot=pl.int_range(pl.len()).over("at"))
    around = cut.with_columns(
        found=PIECE, before=PIECE.shift(1).str.tail(context.WINDOW), after=PIECE.shift(-1).str.head(context.WINDOW)
    )
    odd = pl.col("slot") % 2 == 1
    judged = search.judge(around.filter(odd).select("found", "before", "after"), kinds)
    candidates = cut.filter(odd).drop("kind").with_columns(judged.select("kind", "lead", "trail"))
    every = pl.concat([rest, cut.filter(~odd), _trimmed(candidates)], how="diagonal")
    return every.sort("at", "slot", maintain_order=True).select("row", "piece", "kind")


def _trimmed(candidates: pl.DataFrame) -> pl.DataFrame:
    """Candidates as pieces; of what is found, what stays of it at its ends is apart."""
    found = pl.col("kind") != ""
    whole = candidates.filter(~found | (pl.col("lead") + pl.col("trail") == 0))
    ends = candidates.filter(found & (pl.col("lead") + pl.col("trail") > 0))
    size = PIECE.str.len_chars().cast(pl.Int64) - pl.col("lead") - pl.col("trail")
    parts = pl.concat(
        [
            ends.with_columns(PIECE.str.slice(0, pl.col("lead")), kind=pl.lit(""), part=0),
            ends.with_columns(PIECE.str.slice(pl.col("lead"), size), part=1),
            ends.with_columns(PIECE.str.slice(pl.col("lead") + size), kind=pl.lit(""), part=2),
        ]
    ).sort("at", "slot", "part")
    return pl.concat([whole, parts.drop("part")]).drop("lead", "trail")


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """The pieces with neighbours of one text, in which nothing was found, as one piece."""
    apart = FOUND | FOUND.shift(1, fill_value=False) | (pl.col("row") != pl.col("row").shift(1)).fill_null(True)
    rows = rows.with_columns(run=apart.cum_sum())
    return (
        rows.group_by("run", maintain_order=True)
        .agg(pl.col("row").first(), PIECE.str.join(""), pl.col("kind").first())
        .select("row", "piece", kind=pl.when(pl.col("kind") != "").then("kind"))
    )
