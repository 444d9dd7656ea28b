"""C4: lines that do not look like sentences are removed, then pages with too little left (Raffel et al. 2020, 2.2).

The order of the line rules, and what is no end mark, are those of C4's code (tensorflow_datasets, `c4_utils.py`), which
goes beyond the paper. There, a page is dropped for a phrase in a line that stays so far; here the document rules look
at what the line rules leave. Sentences are told by their marks, not by a trained splitter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa

from .. import languages, tables
from ..dedup import buffers
from ..dedup.shingles import in_threads
from ..errors import InputError
from ..stage import Edited
from .characters import WHITE_SPACE
from .counts import TEXT, counted
from .rule import Rule

STAGE = "c4"
PHRASES: Mapping[str, tuple[str, ...]] = {
    "javascript": ("javascript",),
    "policy": ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"),
}
_CITATION = r"\[\d*\]|\[edit\]|\[citation needed\]"
_LINE_RULES = ("long_word", "end_mark", "few_words")  # in the order of the kernel's reasons
_UNLIMITED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class C4Options:
    """Which lines are removed.

    Attributes:
        end_marks: characters one of which a line must end in; three full stops are no end. Null: any end will do.
        min_words: least words of a line; 0 for any.
        max_word_length: characters of a line's longest word at most; null for any.
        phrases: name of a rule to phrases; a line that holds one, in any case of ASCII letters, is removed.
        citations: whether `[1]`, `[]`, `[edit]` and `[citation needed]` are taken out first.
        max_hangul: only documents whose share of Hangul is below are edited; above 1 for all.
    """

    end_marks: str | None = ".?!\"'”’"
    min_words: int = 3
    max_word_length: int | None = 1000
    phrases: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(PHRASES))
    citations: bool = True
    max_hangul: float = languages.HANGUL_FROM

    def __post_init__(self) -> None:
        if self.end_marks == "":
            raise InputError("c4.end_marks: found '', expected characters, or null to keep lines of any end")
        if self.min_words < 0:
            raise InputError(f"c4.min_words: found {self.min_words}, expected at least 0")
        if self.max_word_length is not None and self.max_word_length < 1:
            raise InputError(f"c4.max_word_length: found {self.max_word_length}, expected at least 1, or null")
        for name, phrases in self.phrases.items():
            if name in ("citation", *_LINE_RULES):
                raise InputError(f"c4.phrases: found the name {name!r}, which a rule of lines has, expected another")
            if isinstance(phrases, str) or not all(isinstance(phrase, str) and phrase for phrase in phrases):
                raise InputError(f"c4.phrases.{name}: found {phrases!r}, expected a list of phrases")


def edit_lines(documents: pl.DataFrame, options: C4Options, threads: int | None = None) -> Edited:
    """Remove the lines that C4 removes; nothing is dropped, even where nothing is left.

    Lines end at a line feed. The first of these removes a line and is the rule of its ledger row: `c4.long_word`,
    `c4.end_mark`, `c4.few_words`, then the names of the phrases. A text that loses no line stays as it is, citations
    aside; of another the kept lines stay, without white space at their ends, and one blank line where some were.

    Args:
        documents: table `documents`.
        options: which lines.
        threads: threads to use, those the process may run on when none.

    Returns:
        The documents, and in the ledger for each document and rule the number of lines removed (`value`) and the bound
        that they broke.
    """
    texts = documents.select("text").with_row_index("row")
    texts = counted(texts, [languages.hangul_share()], threads=threads)
    concerned = texts.filter((languages.hangul_share() < options.max_hangul) & (TEXT != "")).select("row", "text")
    if concerned.is_empty():
        return Edited(documents, tables.empty(tables.LEDGER))
    counts = concerned.select("row")
    if options.citations:
        counts = counts.with_columns(concerned.select(TEXT.str.count_matches(_CITATION).alias("citation")))
        concerned = concerned.with_columns(TEXT.str.replace_all(_CITATION, ""))
    edited, removed = _without_lines(concerned["text"], options, threads)
    counts = counts.hstack(removed)
    after = texts.select("row").join(
        concerned.select("row", after=edited), on="row", how="left", maintain_order="left"
    )["after"]
    rows = documents.with_columns(
        after.to_frame().select(pl.coalesce("after", documents["text"]).alias("text"))["text"]
    )
    return Edited(rows, _ledger(documents, counts, options))


def _without_lines(texts: pl.Series, options: C4Options, threads: int | None) -> tuple[pl.Series, pl.DataFrame]:
    """The texts without the lines removed, and how many for each rule."""
    from . import kernels_c4 as kernels  # brings numba, which takes longer to load than naming a recipe's rules

    content, starts = buffers.utf8(texts)
    phrases = [(_folded(phrase), name) for name, several in options.phrases.items() for phrase in several]
    names = [*_LINE_RULES, *options.phrases]
    spelled = np.frombuffer(b"".join(phrase for phrase, _ in phrases), np.uint8)
    offsets = np.cumsum([0, *(len(phrase) for phrase, _ in phrases)]).astype(np.int64)
    reasons = np.array([names.index(name) for _, name in phrases], np.int64)
    suspected = np.zeros(len(texts), np.bool_)
    longest = _UNLIMITED if options.max_word_length is None else options.max_word_length
    limits = (options.min_words, longest, int(options.end_marks is not None))
    classes = _classes(options.end_marks or "", kernels.WHITE, kernels.END_MARK)
    removed = np.zeros((len(names), len(texts)), np.int64)
    edited, lengths = np.empty(len(content), np.uint8), np.zeros(len(texts), np.int64)

    def edit(begin: int, end: int) -> None:
        suspected[begin:end] = _suspected(texts[begin:end], [phrase.decode() for phrase, _ in phrases])
        kernels.edit_lines(content, starts, classes, limits, spelled, offsets, reasons, suspected, begin, end,
                           removed, edited, lengths)  # fmt: skip

    in_threads(edit, starts, threads)
    places = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    packed = np.empty(int(places[-1]), np.uint8)

    def pack(begin: int, end: int) -> None:
        kernels.pack(edited, starts, places, begin, end, packed)

    in_threads(pack, starts, threads)
    array = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(places), pa.py_buffer(packed))
    counts = pl.DataFrame({name: removed[number] for number, name in enumerate(names)})
    return pl.Series(pl.from_arrow(array)), counts


def _folded(phrase: str) -> bytes:
    """UTF-8 with ASCII letters in lower case."""
    return phrase.encode().lower()


def _suspected(texts: pl.Series, phrases: list[str]) -> np.ndarray:
    """Whether a text holds a phrase at all: most do not, and their lines are not searched."""
    if not phrases:
        return np.zeros(len(texts), np.bool_)
    return texts.str.contains_any(phrases, ascii_case_insensitive=True).to_numpy()


def _classes(end_marks: str, white: int, end_mark: int) -> np.ndarray:
    """Bits of each character up to the last that has any, uint8."""
    table = np.zeros(max(map(ord, WHITE_SPACE + end_marks)) + 1, np.uint8)
    for characters, bit in ((WHITE_SPACE, white), (end_marks, end_mark)):
        for character in characters:
            table[ord(character)] |= bit
    return table


def _ledger(documents: pl.DataFrame, counts: pl.DataFrame, options: C4Options) -> pl.DataFrame:
    """A row for each document and rule that removed something."""
    bounds = {"long_word": options.max_word_length, "few_words": options.min_words}
    events = (
        counts.with_columns(pl.exclude("row").cast(pl.Float64))
        .unpivot(index="row", variable_name="rule", value_name="value")
        .filter(pl.col("value") > 0)
        .sort("row", maintain_order=True)
        .with_columns(
            threshold=pl.col("rule").replace_strict(bounds, default=None, return_dtype=pl.Float64),
            rule=pl.format("c4.{}", "rule"),
        )
    )
    keys = documents.select("file", "record", row_id="doc_id").with_row_index("row")
    return tables.ledger(keys.join(events, on="row", how="inner", maintain_order="right").drop("row"), STAGE, "edit")


def c4(
    max_lorem_ipsum: float | None = 0,
    max_curly_brackets: float | None = 0,
    min_sentences: float | None = 5,
    max_hangul: float = languages.HANGUL_FROM,
) -> tuple[Rule, ...]:
    """C4's document rules, for texts that `edit_lines` has edited; thresholds inclusive.

    Args:
        max_lorem_ipsum: how often the phrase occurs, in any case.
        max_curly_brackets: opening ones; they are rare in language and common in code.
        min_sentences: see the measure `sentences`; `Mr. Smith` counts as an end, unlike in C4's trained splitter.
        max_hangul: the rules apply where the share of Hangul is below; above 1 for everywhere.
    """
    applies, where = languages.hangul_share() < max_hangul, languages.said_below(max_hangul)
    return (
        Rule(
            "c4.lorem_ipsum",
            TEXT.str.count_matches("(?i-u:lorem ipsum)"),
            None,
            max_lorem_ipsum,
            applies,
            "how often `lorem ipsum` occurs, in any case of ASCII letters",
            where,
        ),
        Rule(
            "c4.curly_brackets",
            TEXT.str.count_matches("{", literal=True),
            None,
            max_curly_brackets,
            applies,
            "opening curly brackets",
            where,
        ),
        Rule(
            "c4.sentences",
            pl.col("sentences"),
            min_sentences,
            None,
            applies,
            "sentences: a line's end ends one, and a run of . ! ? and the like, closing quotes or brackets after it or "
            "not, where white space and then anything but a lower-case letter follow",
            where,
        ),
    )
