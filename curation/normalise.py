"""Normalisation of Unicode, blanks and lines: what a model should not have to learn as a difference.

The steps run in a fixed order and none undoes another, so that normalising twice is normalising once. Indentation of
lines is kept, since in Markdown and code it carries meaning; blanks inside a line do not.
"""

import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import polars as pl

from . import tables
from .stage import Edited

STAGE = "normalise"
TEXT = pl.col("text")

_BLANKS = r"\u{a0}\u{1680}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}\u{3164}\u{ffa0}"
_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f-\x{84}\x{86}-\x{9f}\u{fdd0}-\u{fdef}\u{fffe}\u{ffff}]"
_OLD_CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f\u{fdd0}-\u{fdef}\u{fffe}\u{ffff}]"
# UTF-8 read as Latin-1: what looks like a later control character is the rest of a letter.
_MISREAD = r"[\x{c3}-\x{f4}][\x{80}-\x{84}\x{86}-\x{9f}]"
_LINE_ENDS = r"\r\n?|[\x0b\x0c\x{85}\u{2028}\u{2029}]"
# The joiners U+200C and U+200D build emoji, and words in Indic and Arabic script: only elsewhere are they rubbish.
_ZERO_WIDTH = r"[\u{ad}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}]"
_UNJOINED = r"\s\d\p{Latin}\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}\p{P}"
_FOLLOWING = r"\p{M}\u{200c}\u{200d}"
_JOINERS = rf"(?:\A|[{_UNJOINED}])[{_FOLLOWING}]*[\u{{200c}}\u{{200d}}]"
# A character that may be joined is kept with what follows it, so that any joiner left over is rubbish.
_JOINED_OR_JOINER = rf"([^{_UNJOINED}{_FOLLOWING}][{_FOLLOWING}]*)|[\u{{200c}}\u{{200d}}]"
_WIDE_LETTERS = r"[０-９Ａ-Ｚａ-ｚ]"
_WIDE_OTHERS = r"[！-／：-＠［-｀｛-～￠-￦]"
_EAST_ASIAN = r"[\p{Han}\p{Hiragana}\p{Katakana}]"

# Compatibility jamo as they are typed, and conjoining ones that stand alone.
_JAMO = [
    chr(code)
    for code in (*range(0x3131, 0x3164), *range(0x3165, 0x318F), *range(0x1100, 0x1113), *range(0x1161, 0x1176))
]


@dataclass(frozen=True)
class Normalisation:
    """What is normalised.

    Attributes:
        indentation: keep blanks at the start of lines, in documents of more than one line.
        jamo_run: longest run of one Hangul jamo (ㅋㅋㅋ, ㅠㅠㅠ) that stays; longer ones are cut to it. 0: all stay.
    """

    indentation: bool = True
    jamo_run: int = 3


@dataclass(frozen=True)
class _Step:
    """One edit: where it may be needed, what it counts there, and the new text."""

    name: str
    needed: str  # pattern
    edit: Callable[[pl.Expr], pl.Expr]


def normalise(documents: pl.DataFrame, options: Normalisation) -> Edited:
    """Normalise the text of every document.

    In order: line ends (CR, CR LF, form feed, U+0085, U+2028, U+2029) become LF; control and zero-width characters go
    (a byte order mark among them; joiners stay where a script or emoji needs them); full-width letters and digits
    become ASCII, full-width signs too unless most letters of the text are Chinese or Japanese; NFC; runs of one jamo
    are cut; Unicode blanks become spaces, runs of them one space, blanks at line ends and more than one empty line in
    a row go, as do blanks and empty lines around the text. Mojibake is neither repaired nor hidden: see
    `rules.mojibake`.

    Args:
        documents: table `documents`.
        options: what is normalised.

    Returns:
        All rows, and an `edit` row for each changed one: `rule` names the steps that changed it, joined by `+`,
        `value` is by how many characters it is shorter, `detail` counts the places each step found.
    """
    every = documents.select("text").with_row_index("row")
    rows = every.filter(TEXT.str.contains(_needed(options)))
    changes: list[pl.DataFrame] = []
    for step in _steps(options):
        rows, changed = _apply(rows, step)
        changes.append(changed)
    edited = documents.with_columns(_merged(every, rows)["text"])
    return Edited(edited, _ledger(documents, edited, pl.concat(changes)))


def _apply(rows: pl.DataFrame, step: _Step) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Run one step on the rows that may need it; the rows, and which changed with how many places."""
    concerned = rows.filter(TEXT.str.contains(step.needed))
    if concerned.is_empty():
        return rows, pl.DataFrame(schema={"row": pl.UInt32, "step": pl.String, "count": pl.UInt32})
    after = concerned.with_columns(after=step.edit(TEXT)).filter(pl.col("after") != TEXT)
    changed = after.select("row", step=pl.lit(step.name), count=TEXT.str.count_matches(step.needed))
    return _merged(rows, after.select("row", text="after")), changed


def _merged(rows: pl.DataFrame, edited: pl.DataFrame) -> pl.DataFrame:
    """Columns row and text of all rows, the texts of some replaced."""
    merged = rows.join(edited.select("row", after="text"), on="row", how="left", maintain_order="left")
    return merged.select("row", text=pl.coalesce("after", "text"))


def _ledger(before: pl.DataFrame, after: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    if changes.is_empty():
        return tables.empty(tables.LEDGER)
    steps = changes.group_by("row", maintain_order=True).agg(
        rule=pl.lit(f"{STAGE}.") + pl.col("step").str.join("+"),
        detail=pl.format('"{}":{}', "step", "count").str.join(","),
    )
    shorter = before["text"].str.len_chars().cast(pl.Float64) - after["text"].str.len_chars().cast(pl.Float64)
    events = before.select("file", "record", row_id="doc_id").with_columns(value=shorter).with_row_index("row")
    events = events.join(steps, on="row", how="inner", maintain_order="left")
    events = events.with_columns(detail=pl.concat_str(pl.lit("{"), "detail", pl.lit("}"))).drop("row")
    return tables.ledger(events, STAGE, "edit")


@cache
def _steps(options: Normalisation) -> tuple[_Step, ...]:
    steps = [
        _Step("line_ends", _LINE_ENDS, lambda text: text.str.replace_all(_LINE_ENDS, "\n")),
        _Step("control_characters", _CONTROLS, _without_controls),
        _Step("zero_width", f"{_ZERO_WIDTH}|{_JOINERS}", _without_zero_width),
        _Step("full_width", f"{_WIDE_LETTERS}|{_WIDE_OTHERS}", _narrow),
        _Step("nfc", _not_nfc(), lambda text: text.str.normalize("NFC")),
    ]
    if options.jamo_run:
        pattern, replacement = _jamo_runs(options.jamo_run)
        steps.append(_Step("jamo_runs", pattern, lambda text: text.str.replace_all(pattern, replacement)))
    blanks = f"[{_BLANKS}]"
    steps += [
        _Step("blanks", blanks, lambda text: text.str.replace_all(blanks, " ")),
        _Step("spaces", r"[ \t]{2,}|(?m:[ \t]$)|\A[ \t]|\n{3,}|\A\n|\n\z", _tidy(options.indentation)),
    ]
    return tuple(steps)


@cache
def _needed(options: Normalisation) -> str:
    """Pattern of all that a step may change: one search finds the few texts that the steps have to look at."""
    return "|".join(f"(?:{step.needed})" for step in _steps(options))


def _without_controls(text: pl.Expr) -> pl.Expr:
    """Texts without control characters; in misread UTF-8 the later ones (U+0080 on) stay, or no rule would know it."""
    misread = text.str.contains(_MISREAD)
    every, old = text.str.replace_all(_CONTROLS, ""), text.str.replace_all(_OLD_CONTROLS, "")
    return pl.when(misread).then(old).otherwise(every)


def _without_zero_width(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_ZERO_WIDTH, "").str.replace_all(_JOINED_OR_JOINER, "$1")


def _narrow(text: pl.Expr) -> pl.Expr:
    """Full-width forms as ASCII; signs stay in Chinese and Japanese text, whose own they are."""
    narrow_letters = text.str.replace_many(_narrower("０Ａａ", (10, 26, 26)))
    narrow_all = narrow_letters.str.replace_many(_narrower("！：［｛", (15, 7, 6, 4)) | _WIDE_CURRENCY)
    east_asian = 2 * text.str.count_matches(_EAST_ASIAN) > text.str.count_matches(r"\p{L}")
    return pl.when(east_asian).then(narrow_letters).otherwise(narrow_all)


_WIDE_CURRENCY = dict(zip("￠￡￢￣￤￥￦", "¢£¬¯¦¥₩", strict=True))


def _narrower(starts: str, lengths: tuple[int, ...]) -> dict[str, str]:
    """Full-width forms, in ranges of a first character and a length, to the ASCII 0xFEE0 code points below."""
    codes = [ord(start) + step for start, length in zip(starts, lengths, strict=True) for step in range(length)]
    return {chr(code): chr(code - 0xFEE0) for code in codes}


@cache
def _not_nfc() -> str:
    """Pattern of the characters that text in NFC may not hold, or only in some places (UAX 15, quick check).

    Searching for them is many times as fast as normalising, and most text has none.
    """
    alone = [
        chr(code)
        for code in range(0x80, sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF
        and unicodedata.decomposition(chr(code))
        and unicodedata.normalize("NFC", chr(code)) != chr(code)
    ]
    ranges = "".join(rf"\u{{{ord(character):x}}}" for character in alone)
    return rf"[\p{{M}}\u{{1160}}-\u{{11ff}}{ranges}]"


def _jamo_runs(longest: int) -> tuple[str, str]:
    """Pattern of runs longer than `longest` of any one jamo, and the replacement that cuts them (no back references
    in a linear-time engine: one group for each jamo, of which all but one are empty)."""
    pattern = "|".join(f"({jamo * longest}){jamo}+" for jamo in _JAMO)
    return pattern, "".join(f"${{{group}}}" for group in range(1, len(_JAMO) + 1))


def _tidy(indentation: bool) -> Callable[[pl.Expr], pl.Expr]:
    def tidy(text: pl.Expr) -> pl.Expr:
        text = text.str.replace_all(r"(?m)[ \t]+$", "").str.replace_all(r"\n{3,}", "\n\n").str.strip_chars("\n")
        inside = text.str.replace_all(r"([^ \t\n])[ \t]{2,}", "$1 ")
        alone = inside.str.strip_chars(" \t")
        if not indentation:
            return alone.str.replace_all(r"\n[ \t]+", "\n")
        return pl.when(text.str.contains("\n", literal=True)).then(inside).otherwise(alone)

    return tidy
