"""What is read and how: the options of a reader, one piece of a file, and what came out of it."""

import codecs
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import polars as pl

from ..errors import InputError

Format = Literal["jsonl", "parquet", "plain", "csv", "tsv", "html", "warc", "arrow", "empty"]
Compression = Literal["gz", "zst"]
PageText = Literal["text", "markdown", "source"]

AUTO = "auto"  # the encoding that each file's first bytes look like
EXPECTED = "expected"  # key of a damaged record's detail, beside "line" and "found"
# Rules of records that are sound but make no document: each is a ledger row, none counts as damage.
PASSED_OVER = frozenset({"reader.not_a_page", "reader.no_main_text", "reader.page_limit"})


@dataclass(frozen=True)
class ReadOptions:
    """How files are read.

    Attributes:
        text_column: column that holds the text, none for `text`.
        source: data-set name written on every row, none for each file's own name.
        max_damaged: share of a file's records that may be damaged; one record always may.
        strict: allow no damaged record at all.
        partition_bytes: uncompressed bytes of records a partition holds at most, unless one record alone is larger.
        max_record_bytes: a larger record becomes a ledger row and is never held in memory as a whole.
        encoding: of text files, by its Python name, or `auto` for what the first bytes of each look like; pages of HTML
            name theirs themselves.
        quote: character that fields of CSV and TSV may be quoted with, empty for files without quoting.
        html: what of a page becomes its text: `text` is the main text without boilerplate, `markdown` the same with
            headings, lists and emphasis marked, `source` the whole page as it is.
        max_page_bytes: a larger page of HTML is passed over, with a ledger row; extraction takes seconds a megabyte.
    """

    text_column: str | None = None
    source: str | None = None
    max_damaged: float = 0.001
    strict: bool = False
    partition_bytes: int = 64 << 20
    max_record_bytes: int = 128 << 20
    encoding: str = "utf-8"
    quote: str = '"'
    html: PageText = "text"
    max_page_bytes: int = 5 << 20

    def __post_init__(self) -> None:
        try:
            codecs.lookup("utf-8" if self.encoding == AUTO else self.encoding)
        except LookupError as error:
            raise InputError(f"encoding: found {self.encoding!r}, expected a name such as utf-8 or cp949") from error
        for name in ("partition_bytes", "max_record_bytes", "max_page_bytes"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: found {getattr(self, name)}, expected at least 1")
        if len(self.quote) > 1 or not self.quote.isascii() or self.quote in (",", "\t", "\n", "\r"):
            raise InputError(f"quote: found {self.quote!r}, expected one character such as '\"', or none")
        if self.html not in get_args(PageText):
            raise InputError(f"html: found {self.html!r}, expected one of {', '.join(get_args(PageText))}")

    @property
    def column(self) -> str:
        """Name of the column that holds the text."""
        return "text" if self.text_column is None else self.text_column


@dataclass(frozen=True)
class Slice:
    """A piece of one file that is read on its own: a file as a stream, a range of its bytes, or some row groups.

    Attributes:
        path: where the file is, as the user named it; an address where it has `://`.
        file: its name relative to the input argument, as it is written on rows.
        source: data-set name.
        format: `empty` for a file with nothing but blanks in it, of whatever format.
        start, end: byte range, cut at record ends; the whole file where it is read as a stream.
        first_record: number in the file of the first record of this piece.
        row_groups: of a Parquet file; of Arrow, its record batches, none for all of them.
        columns: of CSV and TSV, the names in the header.
        whole: no other slice belongs to the file.
        encoding: Python name of the text's encoding; empty for that of the options.
        bytes: what reading it takes off the disk, for progress; `Read.bytes` of a slice add up to it.
    """

    path: str
    file: str
    source: str
    format: Format
    compression: Compression | None = None
    start: int = 0
    end: int = 0
    first_record: int = 0
    row_groups: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    whole: bool = True
    bytes: int = 0
    encoding: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**asdict(self), "row_groups": list(self.row_groups), "columns": list(self.columns)}


@dataclass(frozen=True)
class Read:
    """One partition as it was read.

    Attributes:
        documents: table `documents`, in record order.
        ledger: table `ledger`: a `drop` for each record that is no document, damaged or passed over; an `edit` for
            each text that no table could hold as it was.
        records: records seen: the documents and the `drop` rows.
        bytes: bytes of the file that this partition took.
        damaged: damaged records among them, those passed over not counted.
    """

    documents: pl.DataFrame
    ledger: pl.DataFrame
    records: int
    bytes: int
    damaged: int


@dataclass(frozen=True)
class Damage:
    """Why a record could not be read, or is no document."""

    record: int  # from 0
    found: str
    expected: str
    rule: str = "reader.damaged"
    value: float | None = None
    threshold: float | None = None

    @property
    def counts(self) -> bool:
        """Whether it is damage, and not a sound record that makes no document."""
        return self.rule not in PASSED_OVER

    def sentence(self) -> str:
        """Where, found and expected, in words; lines are counted from 1."""
        return f"line {self.record + 1}: {self.difference()}"

    def difference(self) -> str:
        """Found and expected, in words."""
        return f"found {self.found}, expected {self.expected}"


def check_damage(file: str, records: int, damaged: int, options: ReadOptions, first: Damage | None = None) -> None:
    """Stop when a file has more damaged records than the options allow, or none of its records could be read.

    Args:
        file: how the message names the file.
        records: records seen in the whole file, damaged ones included.
        damaged: damaged ones among them.
        options: `max_damaged` is a share of the records (one is always allowed), `strict` allows none.
        first: the first damaged record, for the message.

    Raises:
        InputError: with the counts, the limit and the first damaged record.
    """
    example = f"; the first is {first.sentence()}" if first is not None else ""
    if damaged == records > 0:
        raise InputError(f"{file}: none of its {records} records could be read{example}")
    allowed = 0 if options.strict else max(1, int(options.max_damaged * records))
    if damaged > allowed:
        limit = "none is allowed with --strict" if options.strict else f"expected at most {allowed} (--max-damaged)"
        raise InputError(f"{file}: found {damaged} damaged records among {records}, {limit}{example}")
