"""Packing the units of a text into pieces of at most so many tokens: arithmetic alone, no text."""

from collections.abc import Sequence
from dataclasses import dataclass

from .boundaries import HEADING


@dataclass(frozen=True)
class Piece:
    """Characters begin..end of a text; those before `own` repeat the end of the piece before."""

    begin: int
    own: int
    end: int
    tokens: int  # in all, as far as they are known


def pack(
    starts: Sequence[int], strengths: Sequence[int], sizes: Sequence[int], end: int, limit: int, overlap: int
) -> list[Piece]:
    """Fill pieces with units one after another.

    A piece ends before a heading, or when it is full: then at the strongest boundary in its second half, of equal ones
    the last. The units before it are repeated in front, from the last one back, as far as `overlap` and the limit
    allow, and not beyond a heading.

    Args:
        starts: character at which each unit begins, ascending; the first at 0.
        strengths: how well each unit parts from the one before it, see `boundaries`.
        sizes: tokens of each unit, none above `limit`.
        end: characters of the text.
        limit: most tokens of a piece.
        overlap: most tokens repeated in front of a piece.

    Returns:
        Pieces whose own parts are the text, with the sums of their units' tokens.
    """
    edges = [*starts, end]
    pieces: list[Piece] = []
    first = 0
    while first < len(starts):
        front, repeated = _front(strengths, sizes, first, min(overlap, limit - sizes[first]))
        room = limit - repeated
        last, filled = first, 0
        best, best_key, kept = first + 1, (-1, 0), sizes[first]
        while last < len(starts) and filled + sizes[last] <= room:
            if last > first and strengths[last] == HEADING:
                break
            filled += sizes[last]
            last += 1
            # A cut after this unit is judged by the boundary that follows it, once half of the room is used.
            strength = strengths[last] if last < len(starts) else HEADING
            if 2 * filled >= room and (strength, last) >= best_key:
                best, best_key, kept = last, (strength, last), filled
        if last == len(starts) or strengths[last] == HEADING or best_key[0] < 0:
            best, kept = last, filled
        pieces.append(Piece(edges[front], edges[first], edges[best], repeated + kept))
        first = best
    return pieces


def _front(strengths: Sequence[int], sizes: Sequence[int], first: int, room: int) -> tuple[int, int]:
    """First unit of the overlap before a unit, and its tokens."""
    front, repeated = first, 0
    while front > 0 and strengths[front] != HEADING and repeated + sizes[front - 1] <= room:
        front -= 1
        repeated += sizes[front]
    return front, repeated
