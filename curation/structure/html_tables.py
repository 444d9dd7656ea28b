"""Tables of HTML pages, as Markdown or a record a row. Read pages with the reader's option `html: source`."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import polars as pl

from ..errors import InputError
from ..readers import html
from ..readers.options import Damage
from ..stage import Cut
from . import parts
from .parts import Parsed, Part

FORM = "html_tables"
Layout = Literal["markdown", "records"]

_MOST_SPAN = 1_000  # cells that one may stand for
_MOST_CELLS = 100_000  # of a table, those that spans repeat included
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True)
class HtmlTableOptions:
    """Which tables are taken and how they are written.

    Attributes:
        layout: `markdown` makes a document of each table; `records` one of each row, a `column: value` a line.
        min_rows: rows that a table must have below its header.
        min_columns: columns that it must have; a table of one is a list, or layout.
        keep_unparsed: whether a document without tables stays as it is; else it is dropped with a ledger row.
    """

    layout: Layout = "markdown"
    min_rows: int = 1
    min_columns: int = 2
    keep_unparsed: bool = False

    def __post_init__(self) -> None:
        if self.layout not in get_args(Layout):
            raise InputError(f"html_tables: layout is {self.layout!r}, expected one of {', '.join(get_args(Layout))}")
        for name in ("min_rows", "min_columns"):
            if getattr(self, name) < 1:
                raise InputError(f"html_tables: {name} is {getattr(self, name)}, expected at least 1")


def documents(frame: pl.DataFrame, options: HtmlTableOptions) -> Cut:
    """Cut pages into their tables. A table that holds tables is layout: only those inside are taken.

    The first row is the header where its cells are all `th`, or it is in `thead`; else columns are numbered. The
    headings are those of the page above the table, and its caption. `meta.structure` has `table`, its number in the
    page, and with `records` also `row`, both from 0.

    Raises:
        InputError: when the packages of the extra `web` are not installed.
    """
    html.require()
    return parts.documents(frame, FORM, lambda text, _: _tables(text, options), options.keep_unparsed)


def _tables(text: str, options: HtmlTableOptions) -> Parsed[Part]:
    tree = html.parse(0, text)
    if isinstance(tree, Damage):
        return Parsed([], [tree.difference()])
    found: list[Part] = []
    left_out: list[str] = []
    path: list[tuple[int, str]] = []
    number = -1
    for element in tree.iter(*_HEADINGS, "table"):
        if element.tag != "table":
            level = int(element.tag[1])
            path = [above for above in path if above[0] < level] + [(level, _words(element))]
            continue
        if next(element.iterdescendants("table"), None) is not None:
            continue
        number += 1
        caption = _words(next(element.iterchildren("caption"), None))
        headings = tuple(title for _, title in path if title) + ((caption,) if caption else ())
        grid = _grid(element)
        if isinstance(grid, str):
            left_out.append(f"table {number}: {grid}")
            continue
        header, rows = grid
        if len(rows) < options.min_rows or len(header) < options.min_columns:
            left_out.append(f"table {number}: {len(rows)} rows of {len(header)} columns")
            continue
        found += _written(header, rows, headings, number, options.layout)
    return Parsed(found, left_out if found or left_out else ["no table"])


def _grid(table: Any) -> tuple[list[str], list[list[str]]] | str:
    """Header and rows, all of one length, with cells that span others repeated; or why there is none."""
    rows: list[list[str]] = []
    waiting: dict[int, tuple[int, str]] = {}  # column -> rows that a cell above still spans, and its words
    is_header = False
    cells = 0
    for number, row in enumerate(table.iter("tr")):
        values: list[str] = []
        own = [cell for cell in row if cell.tag in ("td", "th")]
        if number == 0:
            parent = row.getparent()
            is_header = bool(own) and (parent.tag == "thead" or all(cell.tag == "th" for cell in own))
        for cell in own:
            _repeat(values, waiting)
            words, width, height = _words(cell), _span(cell, "colspan"), _span(cell, "rowspan")
            for _ in range(width):
                if height > 1:
                    waiting[len(values)] = (height - 1, words)
                values.append(words)
            cells += width
            if cells > _MOST_CELLS:
                return f"more than {_MOST_CELLS} cells"
        _repeat(values, waiting)
        if any(values):
            rows.append(values)
            cells += len(values)
    width = max(map(len, rows), default=0)
    if width * len(rows) > _MOST_CELLS:
        return f"more than {_MOST_CELLS} cells"
    rows = [row + [""] * (width - len(row)) for row in rows]
    if is_header and rows:
        return rows[0], rows[1:]
    return [str(column + 1) for column in range(width)], rows


def _repeat(values: list[str], waiting: dict[int, tuple[int, str]]) -> None:
    """Put what cells above span where the next cell of a row would stand."""
    while len(values) in waiting:
        left, words = waiting.pop(len(values))
        if left > 1:
            waiting[len(values)] = (left - 1, words)
        values.append(words)


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "").strip()
    return max(1, min(int(value), _MOST_SPAN)) if value.isdecimal() and len(value) < 10 else 1


def _words(element: Any) -> str:
    """The text of an element, its blanks made one."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _written(
    header: list[str], rows: list[list[str]], headings: tuple[str, ...], number: int, layout: Layout
) -> list[Part]:
    if layout == "records":
        return [
            Part(
                "\n".join(f"{name}: {value}" for name, value in zip(header, row, strict=True) if value),
                headings,
                {"table": number, "row": index},
            )
            for index, row in enumerate(rows)
        ]
    lines = [_line(header), _line(["---"] * len(header)), *map(_line, rows)]
    return [Part("\n".join(lines), headings, {"table": number})]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
