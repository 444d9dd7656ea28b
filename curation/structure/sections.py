"""Markdown sections: a heading and what stands under it, cut without losing a character.

Headings are those of CommonMark: `#` to `######` (section 4.2) and lines underlined with `=` or `-` (section 4.3),
except inside fenced code (section 4.5).
"""

from dataclasses import dataclass

import polars as pl

from ..errors import InputError
from ..stage import Cut
from . import parts
from .parts import Parsed, Part

FORM = "sections"


@dataclass(frozen=True)
class SectionOptions:
    """How Markdown is cut into sections.

    Attributes:
        depth: level of the deepest headings that begin a section, 1 to 6; deeper ones stay inside.
        keep_unparsed: whether a document without headings stays as it is; else it is dropped with a ledger row.
    """

    depth: int = 6
    keep_unparsed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= 6:
            raise InputError(f"sections: depth is {self.depth}, expected 1 to 6")


@dataclass(frozen=True)
class Heading:
    """A heading: its level from 1, its title, and the character at which its line begins."""

    level: int
    title: str
    begin: int


def documents(frame: pl.DataFrame, options: SectionOptions) -> Cut:
    """Cut documents into sections. The texts of a document's sections, one after another, are its text.

    `meta.structure` has `headings` (the section's own is the last), `begin` and `end` (characters of the document).
    """
    return parts.documents(frame, FORM, lambda text, _: _sections(text, options), options.keep_unparsed)


def _sections(text: str, options: SectionOptions) -> Parsed[Part]:
    found = [heading for heading in headings(text) if heading.level <= options.depth]
    if not found:
        return Parsed([], ["no heading"])
    path: list[Heading] = []
    pieces: list[Part] = []
    if text[: found[0].begin].strip():
        pieces.append(Part(text[: found[0].begin], (), {"begin": 0, "end": found[0].begin}))
    for number, heading in enumerate(found):
        path = [above for above in path if above.level < heading.level] + [heading]
        begin = 0 if number == 0 and not pieces else heading.begin
        end = found[number + 1].begin if number + 1 < len(found) else len(text)
        titles = tuple(above.title for above in path)
        pieces.append(Part(text[begin:end], titles, {"begin": begin, "end": end}))
    return Parsed(pieces)


def headings(text: str) -> list[Heading]:
    """The headings of a Markdown text, in order."""
    found: list[Heading] = []
    fence = ""
    before: tuple[int, str] | None = None  # the paragraph line that an underline would make a heading
    begin = 0
    for line in text.splitlines(keepends=True):
        start, begin = begin, begin + len(line)
        bare = line.strip()
        indented = line[: len(line) - len(line.lstrip())].expandtabs(4).startswith("    ")
        mark = bare[: len(bare) - len(bare.lstrip("`~"))] if bare[:3] in ("```", "~~~") else ""
        if fence:
            if mark and mark == bare and mark.startswith(fence) and not indented:
                fence = ""
            continue
        if mark and not indented:
            fence, before = mark[0] * len(mark), None
            continue
        level = len(bare) - len(bare.lstrip("#"))
        if 1 <= level <= 6 and bare[level : level + 1] in ("", " ", "\t") and not indented:
            found.append(Heading(level, _title(bare[level:]), start))
            before = None
        elif before is not None and bare and bare.strip("=") == "":
            found.append(Heading(1, before[1], before[0]))
            before = None
        elif before is not None and len(bare) > 1 and bare.strip("-") == "":
            found.append(Heading(2, before[1], before[0]))
            before = None
        else:
            paragraph = bare and not indented and not bare.startswith((">", "- ", "* ", "+ ", "|"))
            before = (start, bare) if paragraph else None
    return found


def _title(text: str) -> str:
    """A heading's title without the `#` that may close it."""
    title = text.strip()
    closed = title.rstrip("#")
    return closed.rstrip() if closed == "" or closed.endswith((" ", "\t")) else title
