"""Long lists in texts: an entry is tried only where its words stand.

One pattern of all entries is exact and slow: at each character it tries every entry, so ten thousand words cost
thousands of times what ten do. An automaton (Aho and Corasick 1975) finds first, in one pass for all entries, the lines
in which pieces of them stand, and which; the pattern is then made of these entries alone. Those left out cannot hit
there, so what is found is what the whole pattern finds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

TEXT = pl.col("text")
_FOLDED = {"\u017f": "s", "\u212a": "k"}  # no ASCII, and equal to an ASCII letter where case does not count
_AT_ONCE = 1 << 17  # bytes of text that share a pattern

Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """Entries by the pieces that stand wherever they hit.

    Attributes:
        by_piece: numbers of entries by the one piece that is looked for, in lower case.
        always: entries of which nothing is known: they are tried everywhere.
        pieces: a piece of every token of every entry and of all that changes what is hit; null where a token has none,
            and a hit may then lie on lines of which none has a piece.
        goes_on: whether the line after a hit may tell that it is none.
    """

    by_piece: dict[str, list[int]]
    always: list[int]
    pieces: list[str] | None
    goes_on: bool


def index(entries: Iterable[Tokens | None], others: Iterable[Tokens], goes_on: bool) -> Index:
    """An index of entries by number.

    Args:
        entries: of each the tokens that stand in every text that it hits, null where nothing is known of it.
        others: tokens of texts that change what is hit and are no entries.
        goes_on: see `Index`.
    """
    by_piece: dict[str, list[int]] = {}
    always: list[int] = []
    every: set[str] = set()
    complete = True
    for number, tokens in enumerate(entries):
        pieces = [_piece(token) for token in tokens or ()]
        known = [piece for piece in pieces if piece]
        complete &= tokens is not None and all(pieces)
        every.update(known)
        if known:
            by_piece.setdefault(max(known, key=len), []).append(number)
        else:
            always.append(number)
    for tokens in others:
        pieces = [_piece(token) for token in tokens]
        complete &= all(pieces)
        every.update(piece for piece in pieces if piece)
    return Index(by_piece, always, sorted(every) if complete else None, goes_on)


def slices(texts: pl.Series, known: Index) -> Iterator[tuple[list[int], pl.DataFrame]]:
    """Pieces of texts, and the entries that may hit them.

    Args:
        texts: in any order, in NFC.
        known: the entries.

    Yields:
        Numbers of entries, ascending; and `row` (number of the text, UInt32) with `text`: the whole, or some of its
        lines, of which no hit lies across the end. What is not yielded is hit by nothing.
    """
    units = _units(pl.DataFrame({"text": texts}).with_row_index("row").drop_nulls("text"), known)
    if known.by_piece and units.height:
        found = _folded(units["text"]).str.extract_many(
            list(known.by_piece), ascii_case_insensitive=True, overlapping=True
        )
        units = units.with_columns(found=found.list.unique())
    else:
        units = units.with_columns(found=pl.lit([], pl.List(pl.String)))
    units = units.with_columns(slice=TEXT.str.len_bytes().cast(pl.UInt64).cum_sum() // _AT_ONCE)
    for part in units.partition_by("slice", maintain_order=True):
        present = part["found"].explode().drop_nulls().str.to_lowercase().unique()
        numbers = {number for piece in present for number in known.by_piece[piece]}
        yield sorted(numbers.union(known.always)), part.select("row", "text")


def _units(rows: pl.DataFrame, known: Index) -> pl.DataFrame:
    """Texts that hold a piece; of them the lines that do, with all that hangs together with these."""
    if known.always:
        return rows
    looked_for = list(known.by_piece)
    rows = rows.filter(_any(rows["text"], looked_for))
    if known.pieces is None or rows.is_empty():
        return rows
    lines = rows.with_columns(TEXT.str.split("\n")).explode("text")
    hit, blank = pl.col("hit"), pl.col("blank")
    lines = lines.with_columns(hit=_any(lines["text"], known.pieces), blank=TEXT.str.contains(r"^[\s\-]*$"))
    if known.goes_on:
        said_before = pl.when(~blank).then(hit).forward_fill().shift(1).over("row")
        lines = lines.with_columns(hit=hit | said_before.fill_null(False))
    # White space and hyphens may stand between the words of an entry, so blank lines part nothing.
    lines = lines.with_columns(block=(~(hit | blank)).cum_sum()).filter(hit | blank)
    blocks = lines.group_by("row", "block", maintain_order=True).agg(TEXT.str.join("\n"))
    return blocks.filter(_any(blocks["text"], looked_for)).select("row", "text")


def _any(texts: pl.Series, pieces: list[str]) -> pl.Series:
    return _folded(texts).str.contains_any(pieces, ascii_case_insensitive=True)


def _folded(texts: pl.Series) -> pl.Series:
    """Texts with ASCII for the two letters that equal an ASCII one but for case."""
    signs = list(_FOLDED)
    return texts.str.replace_many(signs, list(_FOLDED.values())) if texts.str.contains_any(signs).any() else texts


def _piece(token: str) -> str:
    """The longest part of a token that looks the same in any case but for ASCII, in lower case; empty for no part."""
    plain = "".join(c if c.isascii() or not _has_case(c) else " " for c in token)
    return max(plain.split(), key=len, default="").lower()


def _has_case(character: str) -> bool:
    return not character.lower() == character.upper() == character.casefold() == character
