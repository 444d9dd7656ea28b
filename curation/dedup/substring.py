"""Exact substring dedup: runs of words that occur elsewhere already (Lee et al. 2022, arXiv 2107.06499, section 4.1).

    side = concat(sketch(partition, options) for each partition)
    prints = repeated(side)
    regions = concat(candidates(partition, prints, options) for each partition)  # rows in concerned(side, prints)
    removed = decide(regions, options)
    edited = spans.apply(partition, removed, stage) for each partition

A unit is a word, or one character of a script whose words no space sets apart dependably (Hangul, Han, kana); case,
form (NFC, NFD), punctuation and white space do not count. A run of `length` units repeats an equal one that comes
before it in keep order; every unit that a repeating run holds is taken out. The authors' suffix array needs all text at
once; here a run is found by its print, the least hash of its shorter runs (winnowing, Schleimer et al. 2003: equal runs
have equal prints), and only text around prints that occur twice is gathered and compared, letter by letter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import tables
from ..errors import InputError
from . import buffers, order, substring_kernels, units
from .shingles import in_threads
from .spans import SPANS

RULE = "duplicate.substring"
_SLICE = 8 << 20  # bytes of text that are cut into units at once: they take about six times as much
_TABLE_RUNS = 1 << 21  # runs whose hashes are looked up in one go, so that their table is bounded (80 MB)


@dataclass(frozen=True)
class SubstringOptions:
    """Which repeated runs are taken out.

    Attributes:
        length: least number of units of a run: words, or characters of Hangul, Han, kana and the like. The default is
            that of Lee et al. in tokens.
        within_documents: whether a run that a document itself has before, without overlap, counts as repeated.
        keep_order: see `order.ranked`; `length` is in characters.
    """

    length: int = 50
    within_documents: bool = True
    keep_order: tuple[str, ...] = order.KEEP_ORDER

    def __post_init__(self) -> None:
        if self.length < 1:
            raise InputError(f"length of a substring is {self.length}, expected at least 1 unit")

    @property
    def short(self) -> int:
        """Units of the shorter runs whose least hash is the print of a run."""
        return (self.length + 1) // 2


def sketch(documents: pl.DataFrame, options: SubstringOptions, threads: int | None = None) -> pl.DataFrame:
    """First pass over one partition: `doc_id` and `prints`, a list of uint64, about one for 13 units by default.

    Args:
        documents: `doc_id` and `text`.
        options: how long a run is.
        threads: threads to use, those the process may run on when none.
    """
    parts = [_prints(part, options, threads) for part in _slices(documents)]
    return pl.concat(parts)


def repeated(side: pl.DataFrame) -> pl.Series:
    """Prints that occur at least twice, ascending.

    Args:
        side: rows of all partitions, see `sketch`.
    """
    values = np.sort(buffers.unlisted(side["prints"])[0])
    again = values[1:][values[1:] == values[:-1]]
    return pl.Series("print", again[np.append(True, again[1:] != again[:-1])] if len(again) else again, pl.UInt64)


def concerned(side: pl.DataFrame, prints: pl.Series) -> pl.Series:
    """Ids of the documents with a repeated print: `candidates` finds nothing in the others.

    Args:
        side: see `sketch`.
        prints: see `repeated`.
    """
    values, offsets = buffers.unlisted(side["prints"])
    before = np.concatenate(([0], np.cumsum(np.isin(values, prints.to_numpy()))))
    return side["doc_id"].filter(pl.Series(before[offsets[1:]] > before[offsets[:-1]]))


def candidates(
    documents: pl.DataFrame, prints: pl.Series, options: SubstringOptions, threads: int | None = None
) -> pl.DataFrame:
    """Second pass over one partition: the regions whose runs have a repeated print.

    Args:
        documents: `doc_id`, `text` and the columns of the keep order except `length`, which is counted here.
        prints: see `repeated`.
        options: as for `sketch`.
        threads: threads to use, those the process may run on when none.

    Returns:
        `doc_id`, the other columns of the keep order, `unit` (number of the region's first unit in its document),
        `text` (folded units with a space after each), and lists of `start` and `end` of each unit in characters, where
        `end` is where the text goes on once it is taken out.

    Raises:
        InputError: for a keep order with an unknown column.
    """
    frame = documents
    if "length" not in frame.columns:
        frame = frame.with_columns(length=pl.col("text").str.len_chars())
    kept = list(dict.fromkeys(["doc_id", *order.columns(options.keep_order)]))
    order.ranked(frame.clear(), options.keep_order)  # says which column is missing
    repeats = prints.to_numpy()
    found = [_regions(part, repeats, options, threads) for part in _slices(frame)]
    return pl.concat(rows.select(*kept, "unit", "text", "start", "end") for rows in found)


def decide(regions: pl.DataFrame, options: SubstringOptions) -> pl.DataFrame:
    """Which spans to take out, independent of the order in which regions come.

    Args:
        regions: of all partitions, see `candidates`.
        options: as for `sketch`.

    Returns:
        Schema `SPANS`, by `doc_id` and `start`. `duplicate_of` is the document that has all of a span before, null for
        that document itself and where there are several. Beside the regions (about 14 bytes and one word a unit)
        this takes 28 bytes a unit and at most 100 MB.
    """
    documents = order.ranked(regions.unique("doc_id"), options.keep_order).select("doc_id")
    ranks = documents.with_row_index("rank").with_columns(pl.col("rank").cast(pl.Int32))
    ordered = regions.join(ranks, on="doc_id").sort("rank", "unit")
    starts, offsets = buffers.unlisted(ordered["start"])
    ends, _ = buffers.unlisted(ordered["end"])
    source = repeats(ordered, offsets, options)
    return _spans(documents["doc_id"], ordered["rank"].to_numpy(), offsets, starts, ends, source, options.length)


def repeats(regions: pl.DataFrame, offsets: np.ndarray, options: SubstringOptions, bits: int = 64) -> np.ndarray:
    """First unit of the first run equal to the one that begins at each unit, or -1; int32 (units,).

    Args:
        regions: `text`, `rank`, `unit`, in keep order.
        offsets: int64 (regions + 1,): units of region i are offsets[i]:offsets[i + 1].
        options: as for `sketch`.
        bits: of the hashes to use; what is decided does not depend on them.
    """
    content, _ = buffers.utf8(regions["text"])
    total = int(offsets[-1])
    hashes, at = np.empty(total, np.uint64), np.empty(total + 1, np.int64)
    substring_kernels.hash_regions(content, hashes, at)
    source = np.full(total, -1, np.int32)
    ranks, ordinals = regions["rank"].to_numpy(), regions["unit"].to_numpy().astype(np.int64)
    parts = -(-total // _TABLE_RUNS) if bits == 64 else 1
    runs = total if parts == 1 else int(1.2 * _TABLE_RUNS)
    slots = 1 << max(4, int(1.5 * runs).bit_length())
    for part in range(parts):
        fits = substring_kernels.mark_repeats(content, at, hashes, offsets, ranks, ordinals, options.length,
                                              options.within_documents, bits, part, parts, slots, source)  # fmt: skip
        if not fits:
            raise AssertionError("the table of runs is too small")
    return source


def dedup(documents: pl.DataFrame, options: SubstringOptions, threads: int | None = None) -> pl.DataFrame:
    """All of it for documents that fit in memory: the same spans as in passes over partitions."""
    prints = repeated(sketch(documents, options, threads))
    return decide(candidates(documents, prints, options, threads), options)


@dataclass(frozen=True)
class _Units:
    """Units of texts: those of text i are slots[i]:slots[i + 1]; see `substring_kernels.cut_units`."""

    slots: np.ndarray
    hashes: np.ndarray
    first: np.ndarray
    cuts: np.ndarray
    bytes_first: np.ndarray
    bytes_last: np.ndarray


def _prints(documents: pl.DataFrame, options: SubstringOptions, threads: int | None) -> pl.DataFrame:
    folded, counts = _folded(documents["text"], threads)
    cut = _cut(folded, counts, threads)
    prints, found = np.empty(len(cut.hashes), np.uint64), np.zeros(len(counts), np.int64)

    def work(begin: int, end: int) -> None:
        substring_kernels.print_rows(cut.hashes, cut.slots, begin, end, options.length, options.short, prints, found)

    in_threads(work, cut.slots, threads)
    offsets = np.concatenate(([0], np.cumsum(found)))
    taken = np.repeat(cut.slots[:-1] - offsets[:-1], found) + np.arange(offsets[-1])
    return documents.select("doc_id").with_columns(prints=buffers.lists(prints[taken], offsets))


def _regions(
    documents: pl.DataFrame, repeats: np.ndarray, options: SubstringOptions, threads: int | None
) -> pl.DataFrame:
    folded, counts = _folded(documents["text"], threads)
    cut = _cut(folded, counts, threads)
    marks = np.zeros(len(cut.hashes), np.uint8)

    def work(begin: int, end: int) -> None:
        substring_kernels.mark_candidates(
            cut.hashes, cut.slots, begin, end, options.length, options.short, repeats, marks
        )

    in_threads(work, cut.slots, threads)
    heads, chosen = np.flatnonzero(marks == 2), marks > 0
    content, _ = buffers.utf8(folded)
    out = np.empty(int((cut.bytes_last[chosen] - cut.bytes_first[chosen] + 1).sum()), np.uint8)
    starts = np.empty(len(heads) + 1, np.int64)
    substring_kernels.copy_units(content, cut.bytes_first, cut.bytes_last, marks, out, starts)
    plain = _cut(documents["text"], counts, threads)
    plain.first[plain.slots[:-1][counts > 0]] = 0  # what is before the first unit goes with it
    rows = np.searchsorted(cut.slots, heads, "right") - 1
    offsets = np.append(np.cumsum(chosen)[heads] - 1, chosen.sum()).astype(np.int64)
    regions = {
        "unit": pl.Series(heads - cut.slots[rows], dtype=pl.Int64),
        "text": units.texts_of(out, starts),
        "start": buffers.lists(plain.first[chosen], offsets),
        "end": buffers.lists(plain.cuts[chosen], offsets),
    }
    return documents[rows].with_columns(**regions)


def _slices(documents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The documents in slices of about `_SLICE` bytes, at least one."""
    sizes = documents["text"].str.len_bytes().cast(pl.Int64)
    numbers = (sizes.cum_sum() - sizes) // _SLICE
    lengths = numbers.rle().struct.field("len").to_list() or [0]
    at = 0
    for length in lengths:
        yield documents[at : at + length]
        at += length


def _folded(texts: pl.Series, threads: int | None) -> tuple[pl.Series, np.ndarray]:
    """Texts to compare and the number of units of each.

    Folding keeps the number of units of any text that Unicode's tables say is text; if one changes, it stays as it is.
    """
    folded = units.folded(texts, threads)
    counts, plain = _counted(folded, threads), _counted(texts, threads)
    changed = counts != plain
    if changed.any():
        places = np.where(changed, len(texts), 0) + np.arange(len(texts))
        folded = pl.concat([folded, texts.alias(folded.name)]).gather(places)
    return folded, plain


def _counted(texts: pl.Series, threads: int | None) -> np.ndarray:
    content, starts = buffers.utf8(texts)
    counts = np.zeros(len(texts), np.int64)
    in_threads(
        lambda begin, end: substring_kernels.count_units(content, starts, units.classes(), begin, end, counts),
        starts,
        threads,
    )
    return counts


def _cut(texts: pl.Series, counts: np.ndarray, threads: int | None) -> _Units:
    content, starts = buffers.utf8(texts)
    slots = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    total = int(slots[-1])
    cut = _Units(slots, np.empty(total, np.uint64), np.empty(total, np.uint32), np.empty(total, np.uint32),
                 np.empty(total, np.int64), np.empty(total, np.int64))  # fmt: skip
    table, spaces = units.classes(), units.spaces()

    def work(begin: int, end: int) -> None:
        substring_kernels.cut_units(content, starts, table, spaces, begin, end, slots, cut.hashes, cut.first, cut.cuts,
                                    cut.bytes_first, cut.bytes_last)  # fmt: skip

    in_threads(work, starts, threads)
    return cut


def _spans(
    ids: pl.Series,
    ranks: np.ndarray,
    offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    source: np.ndarray,
    length: int,
) -> pl.DataFrame:
    """Runs of units that a repeating run holds; none goes over the end of a region."""
    runs = np.flatnonzero(source >= 0)
    change = np.zeros(len(source) + 1, np.int32)
    np.add.at(change, runs, 1)
    np.add.at(change, runs + length, -1)
    covered = np.cumsum(change)[:-1] > 0
    head = covered.copy()
    head[1:] &= ~covered[:-1]
    head[offsets[:-1]] = covered[offsets[:-1]]
    firsts = np.flatnonzero(head)
    tail = covered.copy()
    tail[:-1] &= ~covered[1:] | head[1:]
    lasts = np.flatnonzero(tail)
    owners = ranks[np.searchsorted(offsets, firsts, "right") - 1]
    kept = ranks[np.searchsorted(offsets, source[runs], "right") - 1]
    groups = np.searchsorted(runs, firsts)
    least, most = (fold.reduceat(kept, groups) if len(groups) else kept for fold in (np.minimum, np.maximum))
    single = pl.Series((least == most) & (least != owners))
    spans = pl.DataFrame(
        {
            "doc_id": ids.gather(owners),
            "start": starts[firsts],
            "end": ends[lasts],
            "rule": pl.repeat(RULE, len(firsts), eager=True),
            "duplicate_of": ids.gather(least),
        }
    )
    named = spans.with_columns(duplicate_of=pl.when(single).then("duplicate_of"))
    return tables.complete(named, SPANS).sort("doc_id", "start")
