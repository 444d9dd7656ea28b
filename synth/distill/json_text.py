"""JSON of a row's answer read and written anew, for candidates whose truth is known."""

import json
from typing import Any

from curation.checks.typed_result import unfenced


def read(text: str) -> Any:
    """The value of JSON text, which may stand in a code block.

    Raises:
        ValueError: for a text that is none.
    """
    try:
        return json.loads(unfenced(text))
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def written(value: Any, like: str, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """A value as JSON text that can be stored, with letters as escapes where `like` has nothing but ASCII.

    Otherwise letters stay, and half of a surrogate pair, which no text holds, is an escape.

    Raises:
        ValueError: for a number that JSON does not have (`1e400` is read as infinite), or what is nested too deeply.
    """
    try:
        text = json.dumps(value, ensure_ascii=like.isascii(), allow_nan=False, indent=indent, separators=separators)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    return text.encode("utf-8", "backslashreplace").decode()
