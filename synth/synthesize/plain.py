"""Prompts with strangers' texts in them: what a document or a row says never becomes a turn, nor a template."""

from collections.abc import Mapping
from typing import Any

import re2

from ..prompts import Template

# What chat templates put between turns. In a prompt a document's own such marks would be read as the model's tokens.
_MARKS = re2.compile(
    r"(?i)<\|[^|<>\s]{1,40}\|>|<｜[^｜<>\s]{1,40}｜>|</?s>|</?(?:start|end)_of_(?:turn|text|image)>"
    r"|<(?:bos|eos|pad|unk|mask|endoftext)>|</?think>|</?tool_call>"
    r"|\[/?(?:INST|BOS|EOS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
)


def plain(text: str) -> str:
    """A stranger's text as it stands in a prompt: marks of chat templates are parted, so that they stay text.

    `<|assistant|>` becomes `< |assistant|>`, which no tokenizer reads as the token that opens a turn.
    """
    return _MARKS.sub(lambda match: match.group()[0] + " " + match.group()[1:], text)


def prompt(template: Template, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A template with its values as a user's turn; every text among the values is `plain`."""
    return (("user", template.render({name: _plain(value) for name, value in values.items()})),)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
