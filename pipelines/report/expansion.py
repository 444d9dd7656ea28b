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
    return {"base": facts.get("base"), "figures": figures, "notes": _notes(facts)}


def lines(facts: dict[str, Any]) -> list[str]:
    """Lines of the terminal."""
    if "new_tokens" not in facts:
        return []
    said = f"{words.count(facts['new_tokens'])} new tokens"
    if facts.get("before") is None:
        said += "; no text was held out to measure them"
    else:
        said += f"; a held-out character takes {words.number(facts.get('after'))} tokens, "
        said += f"{words.number(facts['before'])} before"
    return [said, *_notes(facts)]


def _notes(facts: dict[str, Any]) -> list[str]:
    """Sentences on why fewer tokens came than were asked for, and on what no token can be made of."""
    notes = []
    found, asked = facts.get("new_tokens", 0), facts.get("asked", 0)
    if found < asked:
        notes.append(f"{words.count(asked)} tokens were asked for and {words.count(found)} "
                     f"found: nothing else that could be a token stands {facts['least']} times in the texts "
                     "(expansion.least)")  # fmt: skip
    if facts.get("unknown"):
        notes.append(f"{words.count(facts['unknown'])} places of the texts are unknown to the tokenizer, which has no "
                     "bytes to spell them; no token can be made of them")  # fmt: skip
    return notes
