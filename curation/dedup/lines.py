"""Lines and paragraphs that earlier documents have already: sketches of each partition in, spans to take out.

    side = concat(sketch(partition, options) for each partition)
    removed = decide(side, options)
    edited = spans.apply(partition, removed, stage) for each partition

Lee et al. 2022 (arXiv 2107.06499) and CCNet (Wenzek et al. 2020, section 3.1, paragraphs by hash) are its models.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from .. import tables
from ..errors import InputError
from . import buffers, line_kernels, order, unit_kernels, units
from .shingles import in_threads
from .spans import SPANS

Unit = Literal["line", "paragraph"]

_TABLE_UNITS = 1 << 21  # units whose keys are counted in one go, so that their table is bounded (120 MB)


@dataclass(frozen=True)
class LineOptions:
    """Which lines or paragraphs are taken out.

    Attributes:
        unit: `line`, or `paragraph`: lines up to one of white space alone.
        min_characters: least length of a unit that counts, without white space at its ends; letters of Hangul, Han,
            kana and other scripts without dependable spaces count two.
        min_documents: least number of documents that must hold a unit before it is taken out of any; 2 is plain
            dedup, more aims at boilerplate.
        keep_first: whether the first document in keep order keeps the unit; if not, it goes from every document.
        within_documents: whether repeats of a unit inside one document go too, all but the first.
        keep_order: see `order.ranked`; `length` is in characters.
    """

    unit: Unit = "line"
    min_characters: int = 20
    min_documents: int = 2
    keep_first: bool = True
    within_documents: bool = False
    keep_order: tuple[str, ...] = order.KEEP_ORDER

    def __post_init__(self) -> None:
        if self.unit not in ("line", "paragraph"):
            raise InputError(f"unit is {self.unit!r}, expected 'line' or 'paragraph'")
        if self.min_characters < 1:
            raise InputError(f"min_characters is {self.min_characters}, expected at least 1")
        if self.min_documents < 2:
            raise InputError(f"min_documents is {self.min_documents}, expected at least 2")


def sketch(documents: pl.DataFrame, options: LineOptions, threads: int | None = None) -> pl.DataFrame:
    """The narrow side table of one partition: 24 bytes a unit that counts.

    Units are equal when they are so in NFC and lower case, with runs of white space as one space and none at the ends;
    what is kept of them is a hash of 128 bits.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted here.
        options: what is a unit.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, the other columns of the keep order, and of each unit `key_1`, `key_2` (uint64), `start`, `end`
        (uint32, characters, `end` where the next unit begins): lists; rows as in `documents`.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = documents
    if "length" not in frame.columns:
        frame = frame.with_columns(length=pl.col("text").str.len_chars())
    kept = dict.fromkeys(["doc_id", *order.columns(options.keep_order)])
    order.ranked(frame.clear(), options.keep_order)  # says which column is missing
    lists = _units(documents["text"], options, threads)
    return frame.select(list(kept)).with_columns(**lists)


def _units(texts: pl.Series, options: LineOptions, threads: int | None) -> dict[str, pl.Series]:
    """Columns of lists of the units that count."""
    folded = _cut(units.folded(texts, threads), options.unit, threads)
    plain = _cut(texts, options.unit, threads)
    if not np.array_equal(folded.found, plain.found):
        raise AssertionError("folding changed the lines of a text")
    chosen = folded.widths >= options.min_characters  # places that no unit took have none
    offsets = np.concatenate(([0], np.cumsum(chosen)))[folded.slots]
    columns = {"key_1": folded.key_1, "key_2": folded.key_2, "start": plain.first, "end": plain.last}
    return {name: buffers.lists(values[chosen], offsets) for name, values in columns.items()}


@dataclass(frozen=True)
class _Cut:
    """Units of texts: those of text i are the first found[i] from slots[i] on, hashed, measured and placed."""

    slots: np.ndarray
    found: np.ndarray
    key_1: np.ndarray
    key_2: np.ndarray
    widths: np.ndarray
    first: np.ndarray
    last: np.ndarray


def _cut(texts: pl.Series, unit: Unit, threads: int | None) -> _Cut:
    content, starts = buffers.utf8(texts)
    counts = np.zeros(len(texts), np.int64)
    in_threads(lambda begin, end: unit_kernels.count_lines(content, starts, begin, end, counts), starts, threads)
    slots = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    places = int(slots[-1])
    cut = _Cut(slots, np.zeros(len(texts), np.int64), np.empty(places, np.uint64), np.empty(places, np.uint64),
               np.zeros(places, np.uint32), np.empty(places, np.uint32), np.empty(places, np.uint32))  # fmt: skip

    def work(begin: int, end: int) -> None:
        unit_kernels.cut_lines(content, starts, units.spaces(), units.classes(), unit == "paragraph", begin, end, slots,
                               cut.key_1, cut.key_2, cut.widths, cut.first, cut.last, cut.found)  # fmt: skip

    in_threads(work, starts, threads)
    return cut


def decide(side: pl.DataFrame, options: LineOptions) -> pl.DataFrame:
    """Which spans to take out, independent of the order in which documents come.

    Args:
        side: rows of all partitions, see `sketch`; `doc_id` is unique.
        options: as for `sketch`.

    Returns:
        Schema `SPANS`, by `doc_id` and `start`: units of one document that follow each other and repeat the same one
        are one span. `duplicate_of` is the first document with the unit, null for that document itself. Beside the
        side table this takes 4 bytes a unit, what the spans take, and at most 120 MB.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    ranked = order.ranked(side.with_row_index("place"), options.keep_order)["place"].to_numpy().astype(np.int64)
    (key_1, offsets), (key_2, _), (start, _), (end, _) = (
        buffers.unlisted(side[name]) for name in ("key_1", "key_2", "start", "end")
    )
    of = np.full(len(offsets) and int(offsets[-1] - offsets[0]), -1, np.int32)  # rank of the first document with it
    offsets = offsets - offsets[0]
    parts = -(-len(of) // _TABLE_UNITS)
    slots = 1 << max(4, int(1.5 * min(len(of), 1.2 * _TABLE_UNITS)).bit_length())
    for part in range(parts):
        fits = line_kernels.mark_repeated(key_1, key_2, offsets, ranked, part, parts, slots, options.min_documents,
                                          options.keep_first, options.within_documents, of)  # fmt: skip
        if not fits:
            raise AssertionError("the table of keys is too small")
    return _joined(side["doc_id"], ranked, offsets, start, end, of, f"duplicate.{options.unit}")


def _joined(
    ids: pl.Series,
    ranked: np.ndarray,
    offsets: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    of: np.ndarray,
    rule: str,
) -> pl.DataFrame:
    """Spans of the marked units."""
    marked = np.flatnonzero(of >= 0)
    owners = np.searchsorted(offsets, marked, "right") - 1
    follows = np.zeros(len(marked), np.bool_)
    follows[1:] = (
        (owners[1:] == owners[:-1]) & (start[marked[1:]] == end[marked[:-1]]) & (of[marked[1:]] == of[marked[:-1]])
    )
    first = np.flatnonzero(~follows)
    last = np.append(first[1:], len(marked))[: len(first)] - 1
    owner, kept = owners[first], ranked[of[marked[first]]]
    spans = pl.DataFrame(
        {
            "doc_id": ids.gather(owner),
            "start": start[marked[first]],
            "end": end[marked[last]],
            "rule": pl.repeat(rule, len(first), eager=True),
            "duplicate_of": ids.gather(kept),
        }
    )
    other = pl.when(pl.col("duplicate_of") != pl.col("doc_id")).then("duplicate_of")
    return tables.complete(spans.with_columns(duplicate_of=other), SPANS).sort("doc_id", "start")
