"""How an instruction and an instance of it have to be, apart from being new."""

from collections.abc import Sequence
from functools import lru_cache

import re2

from curation.checks import typed
from curation.checks.typed_phrases import PARTICLES
from curation.checks.typed_result import CheckResult, folded, graded, is_hangul, shown, verdict

from ..form import roles
from .options import InstructionsOptions
from .pool import Task

_WORDS = re2.compile(r"[\p{L}\p{M}\p{Nd}]+")


def of_instruction(text: str, demos: Sequence[Task], options: InstructionsOptions) -> tuple[CheckResult, ...]:
    """Checks of an instruction: no marks of turns, script, length, nothing a text model cannot do, no loop.

    Self-Instruct (arXiv 2212.10560, section 2.2), without the rule of its code by which an instruction that does not
    begin with an ASCII character is dropped: no Korean one does.
    """
    known = "\n".join(task.text for task in demos)
    impossible = holds(text, options.excluded)
    size = len(text)
    return (
        roles(text, known),
        typed.check("language", known, text, threshold=options.min_language),
        graded("shortest", float(size), float(options.shortest), f"{size} characters"),
        graded("longest", -float(size), -float(options.longest), f"{size} characters"),
        verdict("possible", impossible is None, f"speaks of {impossible!r}" if impossible else "a text will do"),
        typed.check("refusal", "", text),
        typed.check("repetition", "", text),
    )


def of_instance(instruction: str, given: str, output: str) -> tuple[CheckResult, ...]:
    """Checks of an instance: no marks of turns, no refusal, no loop, and an output that says something of its own."""
    same = folded(output) in (folded(given), folded(instruction))
    return (
        roles(f"{given}\n{output}", instruction),
        typed.check("refusal", "", output),
        typed.check("repetition", given, output),
        verdict("own_output", not same, f"{shown(output)} {'is' if same else 'is not'} what was given"),
    )


def holds(text: str, phrases: tuple[str, ...]) -> str | None:
    """The first phrase that a text holds as a word: an English one also in the plural, a Korean one with particles."""
    words = _WORDS.findall(text.lower())
    endings = _forms(phrases)
    return next((endings[word] for word in words if word in endings), None) or _glued(words, phrases)


@lru_cache(8)
def _forms(phrases: tuple[str, ...]) -> dict[str, str]:
    return {form: phrase for phrase in phrases for form in (phrase.lower(), f"{phrase.lower()}s")}


def _glued(words: Sequence[str], phrases: tuple[str, ...]) -> str | None:
    korean = [phrase for phrase in phrases if phrase and is_hangul(phrase[-1])]
    for word in words:
        for phrase in korean:
            if word.startswith(phrase) and word[len(phrase) :] in PARTICLES:
                return phrase
    return None
