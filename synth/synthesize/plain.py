"""Prompts with strangers' texts in them: what a document or a row says never becomes a turn, nor a template."""

from collections.abc import Mapping
from typing import Any

from curation.checks.typed_turns import TEMPLATE_MARK

from ..prompts import Template


def plain(text: str) -> str:
    """A stranger's text as it stands in a prompt: marks of chat templates are parted, so that they stay text.

    `<|assistant|>` becomes `< |assistant|>`, which no tokenizer reads as the token that opens a turn.
    """
    return TEMPLATE_MARK.sub(lambda match: match.group()[0] + " " + match.group()[1:], text)


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
