"""Placeholders in angle brackets (`token=<session_token>`), which stand for a value that is filled in later.

They are no Python, so that a call that holds one is read with names in their place: a sign of its own before what
stands in the brackets. That sign itself, should a text have it, is written twice.
"""

import ast
import re

_SIGN = "\u01c2"  # a letter of click languages, which Python takes in names and normalises to nothing else
_PLACEHOLDER = re.compile(rf"<(?!\d)([^\W{_SIGN}]+)>")
_HIDDEN = re.compile(rf"{_SIGN}{_SIGN}|{_SIGN}_([^\W{_SIGN}]+)")


def hidden(text: str) -> str:
    """The text with names for its placeholders, where it is no Python as it stands."""
    text = text.replace(_SIGN, _SIGN * 2)
    if not _PLACEHOLDER.search(text):
        return text
    try:
        ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _PLACEHOLDER.sub(rf"{_SIGN}_\1", text)
    return text


def shown(text: str) -> str:
    """The text that `hidden` was given."""
    return _HIDDEN.sub(lambda found: f"<{found[1]}>" if found[1] else _SIGN, text)
