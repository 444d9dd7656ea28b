"""Placeholders in angle brackets (`token=<session_token>`), which stand for a value that is filled in later.

They are no Python, so that a call that holds one is read with names in their place: a sign of its own before what
stands in the brackets. That sign itself, should a text have it, is written twice.
"""

import ast
import re
import warnings

LONGEST = 20_000  # characters; a longer "call" is none, and the parser's stack is not put to the test
_SIGN = "\u01c2"  # a letter of click languages, which Python takes in names and normalises to nothing else
_PLACEHOLDER = re.compile(rf"<(?!\d)([^\W{_SIGN}]+)>")
_HIDDEN = re.compile(rf"{_SIGN}{_SIGN}|{_SIGN}_([^\W{_SIGN}]+)")


def parsed(text: str) -> ast.Module:
    """The syntax tree of a text that a model may have written; what Python would warn of in it is kept back.

    Raises:
        SyntaxError: for a text that is no Python, is longer than `LONGEST` or nested deeper than Python reads.
    """
    if len(text) > LONGEST:
        raise SyntaxError(f"{len(text)} characters, expected at most {LONGEST}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a model's string is not our user's concern
            return ast.parse(text.strip())
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None


def hidden(text: str) -> str:
    """The text with names for its placeholders, where it is no Python as it stands."""
    text = text.replace(_SIGN, _SIGN * 2)
    if not _PLACEHOLDER.search(text):
        return text
    try:
        parsed(text)
    except SyntaxError:
        return _PLACEHOLDER.sub(rf"{_SIGN}_\1", text)
    return text


def shown(text: str) -> str:
    """The text that `hidden` was given."""
    return _HIDDEN.sub(lambda found: f"<{found[1]}>" if found[1] else _SIGN, text)
