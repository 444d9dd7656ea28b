"""Overlap of documents with items of evaluation sets, by n-grams of words (Brown et al. 2020, appendix C).

Letters, digits and marks are compared, in NFC and lower case; what is between them is not, so that punctuation, white
space and, in Korean, spacing make no difference. An item of at least `words` words is found where that many of its
words in a row occur, a shorter one of at least `short_words` likewise, one that is shorter still where all of it
occurs; an occurrence begins and ends with a word. Items in Hangul, Han, kana and the like are counted in characters.
"""

import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import stage, tables
from ..dedup import buffers, units
from ..dedup.shingles import in_threads
from ..errors import InputError
from . import kernels

EVALUATION = pl.Schema({"item": pl.String, "text": pl.String, "file": pl.String, "record": pl.Int64})

_ANCHORS = (24, 8, 4, 1, 0)  # letters of a window that are looked up first; 0: the whole document


@dataclass(frozen=True)
class ContaminationOptions:
    """What counts as an item of an evaluation set in a document.

    Attributes:
        words: words in a row of an item that has as many.
        short_words: words in a row of a shorter item that has as many.
        whole_words: least words of a still shorter item, which is found as a whole; one with fewer words or letters
            only where a document is nothing else, and a single word never.
        whole_letters: least letters of such an item.
        characters: as `words` for items in scripts without dependable spaces, in characters.
        short_characters: as `short_words`, in characters.
        whole_characters: as `whole_words`, in characters.
        character_share: share of Hangul and the like among an item's letters from which characters are counted.
        min_share: least share of an item's n-grams that a document must hold; 0: one n-gram is enough.
    """

    words: int = 12
    short_words: int = 8
    whole_words: int = 4
    whole_letters: int = 16
    characters: int = 30
    short_characters: int = 20
    whole_characters: int = 8
    character_share: float = 0.3
    min_share: float = 0.0

    def __post_init__(self) -> None:
        for unit in ("words", "characters"):
            whole, short, long = (getattr(self, f"{name}{unit}") for name in ("whole_", "short_", ""))
            if not 1 <= whole <= short <= long:
                found = f"whole_{unit}, short_{unit} and {unit} are {whole}, {short} and {long}"
                raise InputError(f"{found}, expected at least 1 and ascending")
        for key in ("character_share", "min_share"):
            if not 0 <= getattr(self, key) <= 1:
                raise InputError(f"{key} is {getattr(self, key)}, expected 0 to 1")


@dataclass(frozen=True)
class Contamination:
    """An index of evaluation items, about 12 bytes for each byte of their text.

    Attributes:
        options: with which it was built.
        items: `item`, `file`, `record`, `kind` (`12 words`, `whole`, ...), `ngrams`, in the order of file and record.
        arrays: letters and windows of the items, and tables of their hashes, as the kernel wants them.
    """

    options: ContaminationOptions
    items: pl.DataFrame
    arrays: tuple[np.ndarray, ...]

    @classmethod
    def build(cls, evaluation: pl.DataFrame, options: ContaminationOptions) -> "Contamination":
        """Index evaluation items.

        Args:
            evaluation: `item` (a name, such as the field's), `text`, `file`, `record`; one row a text.
            options: what counts as an occurrence.

        Raises:
            InputError: when no text has two words.
            tables.TableError: for other columns.
        """
        tables.check(evaluation, EVALUATION)
        rows = evaluation.drop_nulls("text").sort("file", "record", "item", "text")
        letters = _letters(rows["text"])
        lengths = np.diff(letters.ends, prepend=-1) - 1
        words, sizes, kinds = _windows(letters, lengths, options)
        if not (kinds != "none").any():
            raise InputError(f"evaluation: found {rows.height} texts of a word at most, expected some of more")
        windows = _cut(letters, words, sizes)
        arrays, totals = _index(letters, windows, words > 0, kinds == "document")
        return cls(options, rows.select("item", "file", "record", kind=kinds, ngrams=pl.Series(totals)), arrays)


@dataclass(frozen=True)
class _Letters:
    codes: np.ndarray
    marks: np.ndarray
    ends: np.ndarray


def _letters(texts: pl.Series) -> _Letters:
    content, starts = buffers.utf8(units.folded(texts))
    places = len(content) + len(texts)
    codes, marks = np.zeros(places, np.uint32), np.zeros(places, np.uint8)
    ends = np.zeros(len(texts), np.int64)
    kernels.letters_of_rows(content, starts, units.classes(), codes, marks, ends)
    used = int(ends[-1]) + 1 if len(ends) else 0
    return _Letters(codes[:used].copy(), marks[:used].copy(), ends)


def _windows(
    letters: _Letters, lengths: np.ndarray, options: ContaminationOptions
) -> tuple[np.ndarray, np.ndarray, pl.Series]:
    """Length of each item's windows in words (0 where letters count) and in letters, and what they are called."""
    words, characters = np.zeros(len(lengths), np.int64), np.zeros(len(lengths), np.int64)
    kernels.measure_items(letters.codes, letters.marks, letters.ends, units.classes(), words, characters)
    by_characters = (characters > 0) & (characters >= options.character_share * lengths)
    steps = [
        np.where(by_characters, getattr(options, f"{name}characters"), getattr(options, f"{name}words"))
        for name in ("", "short_", "whole_")
    ]
    unit = pl.Series(np.where(by_characters, "characters", "words"))
    sizes = np.where(by_characters, lengths, words)
    frame = pl.DataFrame(
        {
            "size": sizes,
            "unit": unit,
            "long": steps[0],
            "short": steps[1],
            "whole": steps[2],
            "letters": lengths,
            "least": np.where(by_characters, 0, options.whole_letters),
            "words": words,
        }
    )
    size = pl.col("size")
    reach = pl.when(size >= pl.col("long")).then("long").when(size >= pl.col("short")).then("short")
    whole = (size >= pl.col("whole")) & (pl.col("letters") >= pl.col("least"))
    named = pl.when(reach.is_not_null()).then(pl.format("{} {}", reach, "unit")).when(whole).then(pl.lit("whole"))
    kind = named.when(pl.col("words") > 1).then(pl.lit("document")).otherwise(pl.lit("none"))
    found = frame.select(length=pl.coalesce(reach, "size"), kind=kind)
    found = found.with_columns(pl.when(pl.col("kind") != "none").then("length").otherwise(0))
    length = found["length"].to_numpy()
    return np.where(by_characters, 0, length), np.where(by_characters, length, 0), found["kind"]


@dataclass(frozen=True)
class _Windows:
    begins: np.ndarray
    sizes: np.ndarray
    owners: np.ndarray
    key_1: np.ndarray
    key_2: np.ndarray


def _cut(letters: _Letters, words: np.ndarray, sizes: np.ndarray) -> _Windows:
    none = _Windows(*(np.empty(0, kind) for kind in (np.int64, np.int32, np.int32, np.uint64, np.uint64)))
    arguments = (letters.codes, letters.marks, letters.ends, words, sizes)
    count = kernels.cut_windows(*arguments, False, none.begins, none.sizes, none.owners, none.key_1, none.key_2)
    cut = _Windows(np.empty(count, np.int64), np.empty(count, np.int32), np.empty(count, np.int32),
                   np.empty(count, np.uint64), np.empty(count, np.uint64))  # fmt: skip
    kernels.cut_windows(*arguments, True, cut.begins, cut.sizes, cut.owners, cut.key_1, cut.key_2)
    return cut


def _index(
    letters: _Letters, windows: _Windows, by_words: np.ndarray, whole: pl.Series
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Tables of the distinct windows, the items of each, and the number of distinct windows of each item."""
    owners = pl.Series("item", windows.owners)
    frame = pl.DataFrame({"item": owners, "key_1": windows.key_1, "key_2": windows.key_2, "size": windows.sizes,
                          "begin": windows.begins, "edged": by_words[windows.owners],
                          "alone": whole.gather(windows.owners)})  # fmt: skip
    distinct = (
        frame.group_by("key_1", "key_2", "size", "edged", "alone", maintain_order=True)
        .agg(pl.col("begin").first(), pl.col("item").unique(maintain_order=True))
    )  # fmt: skip
    items, offsets = buffers.unlisted(distinct["item"])
    totals = np.bincount(items, minlength=len(letters.ends)).astype(np.int32)
    begins, sizes = distinct["begin"].to_numpy(), distinct["size"].to_numpy()
    alone, edged = distinct["alone"].to_numpy(), distinct["edged"].to_numpy()
    following = np.full(len(begins), -1, np.int32)
    table_parts, head_parts, filters = [], [], []
    most = np.iinfo(np.int32).max
    for number, size in enumerate(_ANCHORS):
        above = _ANCHORS[number - 1] if number else most
        fits = alone if size == 0 else ~alone & (sizes >= size) & (sizes < above)
        chosen = np.flatnonzero(fits)
        slots = 1 << (2 * len(chosen)).bit_length() if len(chosen) else 0
        table, heads = np.zeros(slots, np.uint64), np.full(slots, -1, np.int32)
        bits = np.zeros(2 * slots, np.uint8)
        if len(chosen):
            kernels.fill_table(letters.codes, begins, chosen, size, table, heads, following, sizes, bits)
        table_parts.append(table)
        head_parts.append(heads)
        filters.append(bits)
    ends = np.cumsum([0, *(len(part) for part in table_parts)])
    anchors = np.array(_ANCHORS)
    anchors[-1] = -int(sizes[alone].max(initial=0))
    arrays = (letters.codes, begins, sizes, edged, following, anchors, np.concatenate(table_parts),
              np.concatenate(head_parts), ends, np.concatenate(filters), 2 * ends, items, offsets, totals)  # fmt: skip
    return arrays, totals


def decontaminate(documents: pl.DataFrame, index: Contamination, threads: int | None = None) -> pl.DataFrame:
    """Documents that hold an evaluation item.

    Args:
        documents: `doc_id` and `text`.
        index: of the evaluation items.
        threads: threads to use, those the process may run on when none.

    Returns:
        Schema `stage.DROPS`, by `doc_id`: `rule` is `contamination.` and the kind of the item; `value` the share of its
        n-grams that the document holds, `threshold` the least share; `detail` JSON that names `file`, `record` and
        `item`, how many n-grams were `found` `of` how many, and how many `items` the document holds. The item is the
        one with most n-grams found.
    """
    content, starts = buffers.utf8(units.folded(documents["text"], threads))
    rows = documents.height
    best, counts, items = np.full(rows, -1, np.int64), np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    share = index.options.min_share

    def find(begin: int, end: int) -> None:
        kernels.find_items(content, starts, units.classes(), begin, end, *index.arrays, share, best, counts, items)

    in_threads(find, starts, threads)
    hit = np.flatnonzero(best >= 0)
    named = index.items[best[hit]].with_columns(
        doc_id=documents["doc_id"].gather(hit), found=pl.Series(counts[hit]), items=pl.Series(items[hit])
    )
    details = [
        json.dumps(dict(zip(("file", "record", "item", "found", "of", "items"), row, strict=True)), ensure_ascii=False)
        for row in named.select("file", "record", "item", "found", "ngrams", "items").iter_rows()
    ]
    drops = named.select(
        "doc_id",
        rule=pl.lit("contamination.") + pl.col("kind").str.replace(" ", "_"),
        value=pl.col("found") / pl.col("ngrams"),
        threshold=pl.lit(share),
        detail=pl.Series(details, dtype=pl.String),
    )
    return tables.complete(drops, stage.DROPS).sort("doc_id")
