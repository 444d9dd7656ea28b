"""What compiled kernels count in a text: columns by name, a whole pass over the text for all of a group."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..dedup import buffers
from ..dedup.shingles import in_threads
from . import characters

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
TOP_GRAMS, DUPLICATE_GRAMS = (2, 3, 4), (5, 6, 7, 8, 9, 10)
SHORT_LINES = "short_lines_"  # and the greatest length of such a line

# In the order in which the kernel returns them.
WORD_MEASURES = {
    "words": "runs of anything but white space (Unicode White_Space)",
    "letterless_words": "words in which no character is a letter (Unicode category L)",
    "characters": "code points that are not white space",
    "hangul": "Hangul syllables and jamo (Unicode script)",
    "hashes": "number signs",
    "ellipses": "three full stops, or …",
    "stop_words": f"how many of {', '.join(STOP_WORDS)} occur, in any case, between ASCII word boundaries",
}
LINE_MEASURES = {
    "line_feeds": "line feeds",
    "lines": "lines, ended by a line feed, that are not blank; taken without white space at both ends",
    "line_characters": "code points of the lines",
    "sentences": f"sentences: a line's end ends one, and a run of {characters.STOPS}, with {characters.CLOSINGS} after "
    "it or not, where white space and then anything but a lower-case letter follow",
    "bullet_lines": f"lines whose first character is one of {characters.BULLETS}",
    "ellipsis_lines": "lines that end with an ellipsis",
    "ended_lines": f"lines whose last character is one of {characters.LINE_ENDS}",
    SHORT_LINES: "lines of at most so many code points",
    "duplicate_lines": "lines that occurred before in the text",
    "duplicate_line_characters": "code points of these",
    "paragraphs": "runs of lines without a blank one between",
    "duplicate_paragraphs": "paragraphs of which all lines, in their order, were a paragraph before",
    "duplicate_paragraph_characters": "code points of the lines of these",
}
REPEAT_MEASURES = {
    **{
        f"top_{n}_gram_characters": f"characters of words that lie in an occurrence of the most frequent {n} words in "
        "a row, of the first such in the text when several are, each counted once; 0 when none occurs twice"
        for n in TOP_GRAMS
    },
    **{
        f"duplicate_{n}_gram_characters": f"characters of words that lie in {n} words in a row that occurred before in "
        "the text, overlapping ones too, each counted once"
        for n in DUPLICATE_GRAMS
    },
}


@dataclass(frozen=True)
class Group:
    """Measures of one pass.

    Attributes:
        definitions: what each measure counts, in the order of the kernel.
        kernel: the function of `kernels` for content, starts, classes, an argument, rows and the result.
        argument: of the kernel; none where it is given by the name of a measure.
    """

    definitions: dict[str, str]
    kernel: str
    argument: np.ndarray | int | None = None


GROUPS = (
    Group(WORD_MEASURES, "count_words", characters.packed(STOP_WORDS)),
    Group(LINE_MEASURES, "count_lines"),
    Group(REPEAT_MEASURES, "repeat_words", max(TOP_GRAMS)),
)


def definition(name: str) -> str | None:
    """What a column counts, none for a column that is no measure."""
    return next((group.definitions[key] for group in GROUPS if (key := _key(name)) in group.definitions), None)


def _key(name: str) -> str:
    """The measure that a column holds: those of short lines are one."""
    if not name.startswith(SHORT_LINES):
        return name
    length = name.removeprefix(SHORT_LINES)
    return SHORT_LINES if length.isdecimal() and length == str(int(length)) else ""


def passes(names: Iterable[str]) -> tuple[Group, ...]:
    """The groups that hold any of the columns named."""
    keys = {_key(name) for name in names}
    return tuple(group for group in GROUPS if keys & set(group.definitions))


def measure(texts: pl.Series, names: Iterable[str], threads: int | None = None) -> list[pl.Series]:
    """Columns of counts, Int64, one value a text, in the order of `names`; names that are no measure are left out.

    Args:
        texts: n texts, none missing.
        names: columns, distinct.
        threads: threads to use, those the process may run on when none.
    """
    wanted = [name for name in names if definition(name) is not None]
    if not wanted:
        return []
    content, starts = buffers.utf8(texts)
    found: dict[str, pl.Series] = {}
    for group in passes(wanted):
        mine = [name for name in wanted if _key(name) in group.definitions]
        lengths = sorted({int(name.removeprefix(SHORT_LINES)) for name in mine if _key(name) == SHORT_LINES})
        arguments: list[np.ndarray | int] = [*lengths] or [0 if group.argument is None else group.argument]
        for argument in arguments:
            counts = _run(group, argument, content, starts, threads)
            for name in mine:
                if _key(name) != SHORT_LINES or name == f"{SHORT_LINES}{argument}":
                    found[name] = pl.Series(name, counts[list(group.definitions).index(_key(name))])
    return [found[name] for name in wanted]


def _run(
    group: Group, argument: np.ndarray | int, content: np.ndarray, starts: np.ndarray, threads: int | None
) -> np.ndarray:
    """What the group's kernel counts, int64 (measures, texts)."""
    from . import kernels  # brings numba, which takes longer to load than naming a recipe's rules

    kernel: Callable[..., None] = getattr(kernels, group.kernel)
    classes = characters.classes()
    counts = np.zeros((len(group.definitions), len(starts) - 1), np.int64)

    def work(begin: int, end: int) -> None:
        kernel(content, starts, classes, argument, begin, end, counts)

    in_threads(work, starts, threads)
    return counts
