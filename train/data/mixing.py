"""Mixing by tokens: which row comes when, so that every stretch of the data has each source's share of tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import xxhash


@dataclass(frozen=True)
class Schedule:
    """Rows in the order in which they are trained on.

    Attributes:
        sources: int64 of shape (rows,), number of the source.
        rows: int64 of shape (rows,), number of the row in its source.
    """

    sources: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def order(ids: Sequence[str], seed: int, turn: int) -> np.ndarray:
    """Positions of the rows in the order of one pass, int64 of shape (rows,).

    Decided by the seed, the number of the pass and the rows' ids, never by where the rows stood: files in another
    order give the same data.
    """
    salt = f"{seed}:{turn}:"
    keys = np.array([xxhash.xxh3_64_intdigest((salt + row).encode()) for row in ids], dtype=np.uint64)
    return np.lexsort((np.array(ids, dtype=object).astype(str), keys)).astype(np.int64)


def schedule(
    ids: Sequence[Sequence[str]],
    tokens: Sequence[np.ndarray],
    weights: Sequence[float] | None,
    seed: int,
    rows: int | None = None,
    epochs: float = 1.0,
    ordered: Collection[int] = (),
) -> Schedule:
    """Draw rows so that tokens, not rows, follow the weights, everywhere in the order and not only at its end.

    At each place comes the source that is furthest behind its share of the tokens so far (fair queueing by tokens), and
    from it the next row of its own shuffled pass; a source that is through is shuffled anew and begins again. The
    tokens of a source are at any place above its share by less than its longest row, and below it by at most its share
    of the others' longest rows together: of two sources, by at most a row.

    Args:
        ids: of each source, its rows' ids.
        tokens: of each source, its rows' tokens, int64 of shape (rows of the source,), all above 0.
        weights: relative shares of the tokens; none: as many as each source has.
        seed: of the shuffles.
        rows: length of the schedule; none: until `epochs` passes over the first source are through, or, without
            weights, as many passes over all.
        epochs: passes, where `rows` is none; a part of a pass is that part of its rows, rounded up.
        ordered: numbers of the sources whose rows come in the order they stand in, in every pass.
    """

    def one_pass(source: int, turn: int = 0) -> np.ndarray:
        return np.arange(len(ids[source])) if source in ordered else order(ids[source], seed, turn)

    shares = np.array([part.sum() for part in tokens] if weights is None else weights, dtype=np.float64)
    shares /= shares.sum()
    counted = [0] if weights is not None else range(len(ids))
    wanted = {number: int(np.ceil(epochs * len(ids[number]))) for number in counted}
    spent, drawn, passes = np.zeros(len(ids)), [0] * len(ids), [one_pass(n) for n in range(len(ids))]
    sources: list[int] = []
    places: list[int] = []
    while len(places) < rows if rows is not None else any(drawn[number] < n for number, n in wanted.items()):
        behind = spent / shares
        if rows is None and weights is None:  # every row exactly once a pass: a source that is through waits
            behind[[number for number, n in wanted.items() if drawn[number] >= n]] = np.inf
        source = int(np.argmin(behind))
        turn, place = divmod(drawn[source], len(ids[source]))
        if place == 0 and turn:
            passes[source] = one_pass(source, turn)
        row = int(passes[source][place])
        sources.append(source)
        places.append(row)
        spent[source] += tokens[source][row]
        drawn[source] += 1
    return Schedule(np.array(sources, dtype=np.int64), np.array(places, dtype=np.int64))
