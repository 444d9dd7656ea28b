"""What the report says of a vocabulary that was expanded: how many tokens came, and what texts take since."""

from typing import Any

from . import words


def expand(step: dict[str, Any]) -> dict[str, Any]:
    """Values of the page's section."""
    facts = step["facts"]
    figures = [("new tokens", words.count(facts.get("new_tokens")))]
    if facts.get("before") is not None:
        figures += [
            ("tokens a character of held-out text, before", words.number(facts["before"])),
            ("tokens a character of held-out text, after", words.number(facts.get("after"))),
            ("characters held out", words.count(facts.get("held_out_characters"))),
        ]
    return {"base": facts.get("base"), "figures": figures}


def lines(facts: dict[str, Any]) -> list[str]:
    """Lines of the terminal."""
    if "new_tokens" not in facts:
        return []
    said = f"{words.count(facts['new_tokens'])} new tokens"
    if facts.get("before") is None:
        return [f"{said}; no text was held out to measure them"]
    return [f"{said}; a held-out character takes {words.number(facts.get('after'))} tokens, "
            f"{words.number(facts['before'])} before"]  # fmt: skip
