"""Where a text may be cut: before headings, between paragraphs, lines and sentences, in English and Korean.

Patterns run in google-re2, in time linear in the text.
"""

from bisect import bisect_right
from dataclasses import dataclass

import re2

SENTENCE, LINE, PARAGRAPH, HEADING = 1, 2, 3, 4  # how good a place is to cut at

_CLOSING = r"""["'”’」』)\]]*"""
# A full stop and its like, what closes a quotation, and white space; or the end of a Korean verb, where people leave
# out the full stop: a sentence too many there costs a worse place to cut, never a character.
_SENTENCE = re2.compile(
    rf"(?:([^\s.]*)(\.)|[!?…。！？]){_CLOSING}[ \t]+"
    r"|(?:[가-힣](?:니다|니까|어요|아요|해요|에요|예요|세요|네요|군요|까요|지요|였다|했다|았다|었다|됐다|겠다|한다|된다|이다)|죠)"
    rf"{_CLOSING}[ \t]+"
)
_LINE = re2.compile(r"(?:\r\n|[\n\r\x{0B}\x{0C}\x{85}\x{2028}\x{2029}])")
_HEADING = re2.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re2.compile(r"^ {0,3}(```+|~~~+)")
_ABBREVIATIONS = frozenset(
    ["mr", "mrs", "ms", "dr", "prof", "rev", "hon", "st", "jr", "sr", "vs", "cf", "inc", "ltd", "corp", "gen", "lt"]
    + ["sgt", "capt", "gov", "sen", "rep", "approx", "dept", "jan", "feb", "aug", "sept", "oct", "nov", "dec"]
)
_BEFORE_NUMBERS = frozenset(["no", "nos", "fig", "figs", "vol", "vols", "pp", "art", "sec", "ch", "eq"])


@dataclass(frozen=True)
class Heading:
    """A Markdown heading.

    Attributes:
        at: character where its line begins.
        level: 1 to 6.
        title: without its marks.
        above: number of the heading that it stands under, -1 for none.
    """

    at: int
    level: int
    title: str
    above: int = -1


@dataclass(frozen=True)
class Boundaries:
    """Places where a text may be cut, none at its beginning or end.

    Attributes:
        places: characters before which to cut, ascending.
        strengths: of each: `SENTENCE`, `LINE`, `PARAGRAPH` or `HEADING`.
        headings: all of the text.
    """

    places: list[int]
    strengths: list[int]
    headings: list[Heading]

    def path(self, at: int) -> list[str]:
        """Titles of the headings above a place, outermost first; of a heading's own line, with it."""
        number = bisect_right(self.headings, at, key=lambda heading: heading.at) - 1
        titles: list[str] = []
        while number >= 0:
            titles.append(self.headings[number].title)
            number = self.headings[number].above
        return titles[::-1]


def boundaries(text: str) -> Boundaries:
    """All places where a text may be cut.

    White space belongs to what is before it. A heading is a line of one to six `#` and a title, outside of fenced
    code; it is never parted from what follows it, and a heading that follows another begins no section of its own.
    """
    found = {match.end(): SENTENCE for match in _SENTENCE.finditer(text) if _ends(text, match)}
    headings: list[Heading] = []
    titles: list[tuple[int, int]] = []
    fence = ""
    begin, blank, under_heading = 0, False, False
    for end in _line_ends(text):
        line = text[begin:end]
        title = None if fence else _HEADING.match(line.rstrip("\r\n"))
        empty = not line.strip()
        if not empty:
            if begin and not under_heading:
                found[begin] = HEADING if title else PARAGRAPH if blank else LINE
            elif begin:
                found.pop(begin, None)
            under_heading = title is not None
        if title:
            level, above = len(title.group(1)), len(headings) - 1
            while above >= 0 and headings[above].level >= level:
                above = headings[above].above
            headings.append(Heading(begin, level, title.group(2), above))
            titles.append((begin, end))
        fence = _fence(line, fence)
        begin, blank = end, empty
    for title_begin, title_end in titles:
        for place in range(title_begin + 1, title_end):  # a title is one piece, whatever sentences it holds
            found.pop(place, None)
    places = sorted(place for place in found if 0 < place < len(text))
    return Boundaries(places, [found[place] for place in places], headings)


def _line_ends(text: str) -> list[int]:
    """Where each line ends, after its line break; the end of the text is the last."""
    ends = [match.start() + (2 if text.startswith("\r\n", match.start()) else 1) for match in _LINE.finditer(text)]
    return [*ends, len(text)] if not ends or ends[-1] < len(text) else ends


def _fence(line: str, fence: str) -> str:
    """The marks of the code fence that is open after a line, none for none."""
    mark = _FENCE.match(line)
    if not mark:
        return fence
    if not fence:
        return mark.group(1)
    closes = mark.group(1)[0] == fence[0] and len(mark.group(1)) >= len(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


def _ends(text: str, match: re2._Match) -> bool:
    """Whether a full stop ends a sentence: not after an abbreviation or an initial, nor before a small letter."""
    if match.group(2) is None:
        return True
    word = match.group(1).lstrip("\"'“‘(「『[").lower()
    after = text[match.end() : match.end() + 1]
    closed = not match.group(0).rstrip(" \t").endswith(".")
    initial = len(word) == 1 and word.isalpha() and word.isascii()
    if not closed and (initial or word in _ABBREVIATIONS or (word in _BEFORE_NUMBERS and after.isdigit())):
        return False
    return not after.islower()
