"""The first mark of a turn in a text: of the chat templates in use, or of the model at hand."""

from collections.abc import Sequence

from curation.checks.typed_turns import TEMPLATE_MARK


def role_marker(text: str, own: Sequence[str] = ()) -> str | None:
    """The first mark of a turn in a text, or none.

    Args:
        text: what a model or a user's file says.
        own: marks of the model at hand; one that begins with a letter, such as `User:`, counts at the start of a line.
    """
    found = TEMPLATE_MARK.search(text)
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
