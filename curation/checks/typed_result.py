"""What a check says, and the small pieces of text handling that the checks share."""

import unicodedata
from dataclasses import dataclass

import re2

_FENCE = re2.compile(r"(?s)\s*```[ \t]*[\w+.-]*[ \t]*\n(.*?)\n?[ \t]*```\s*")

_QUIET = re2.Options()
_QUIET.log_errors = False  # they are raised, and need not stand in a program's output too

_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


@dataclass(frozen=True)
class CheckResult:
    """One check of one candidate. `passed` is always `score >= threshold`, so that rows can be decided anew."""

    name: str
    score: float
    threshold: float
    passed: bool
    detail: str  # what was found and what was expected


def verdict(name: str, passed: bool, detail: str) -> CheckResult:
    """The result of a check that knows only right and wrong: score 1 or 0 against 1."""
    return CheckResult(name, float(passed), 1.0, passed, detail)


def graded(name: str, score: float, threshold: float, detail: str) -> CheckResult:
    """The result of a check that measures: passed from the threshold on."""
    return CheckResult(name, float(score), float(threshold), score >= threshold, detail)  # whole numbers are given too


def folded(text: str) -> str:
    """NFC, straight quotes, lower case, single spaces: the form in which checks look for phrases."""
    straight = (
        unicodedata.normalize("NFC", text).replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    )
    return " ".join(straight.lower().split())


def shown(text: str, limit: int = 60) -> str:
    """The text in quotes for a message, cut to `limit` characters."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def unfenced(text: str) -> str:
    """What is in a code block when the whole text is one block, else the text as it is."""
    block = _FENCE.fullmatch(text)
    return block.group(1) if block and "```" not in block.group(1) else text


def compiled(pattern: str) -> re2._Regexp:
    """A pattern that somebody gave, read by RE2.

    Raises:
        ValueError: saying what RE2 has against it.
    """
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        said = error.args[0]
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None


def is_word(character: str) -> bool:
    """Whether a character belongs to a word: a letter, mark, digit or underscore of any script."""
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def is_hangul(character: str) -> bool:
    """Whether a character is a Hangul syllable or jamo."""
    return "가" <= character <= "힣" or "\u1100" <= character <= "\u11ff" or "\u3130" <= character <= "\u318f"
