"""Marks by which chat templates tell turns apart. A text that holds one would become turns when it is rendered."""

from collections.abc import Sequence

import re2

# Marks of templates in use (ChatML, Llama, Gemma, Phi, Mistral), for rows that meet a model whose own are not known.
_USUAL = re2.compile(
    r"<\|[A-Za-z][A-Za-z0-9_ ]{0,40}\|>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]|<</?SYS>>"
    r"|</?s>|<(?:start|end)_of_turn>|<(?:begin|end)▁of▁sentence>|<｜[^｜<>]{1,40}｜>"
)


def role_marker(text: str, own: Sequence[str] = ()) -> str | None:
    """The first mark of a turn in a text, or none.

    Args:
        text: what a model or a user's file says.
        own: marks of the model at hand; one that begins with a letter, such as `User:`, counts at the start of a line.
    """
    found = _USUAL.search(text)
    if found is not None:
        return str(found.group())
    lines = [line.lstrip() for line in text.split("\n")]
    for mark in own:
        if mark[0].isalpha():
            if any(line.startswith(mark) for line in lines):
                return mark
        elif mark in text:
            return mark
    return None
