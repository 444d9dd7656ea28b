"""Checks of how an answer is: length, language, refusal, repetition, finish reason, leak of the reference."""

import unicodedata
from collections import Counter

import numpy as np
import re2

from ..metrics.text import tokens
from .typed_phrases import LEAKS, REFUSALS
from .typed_result import CheckResult, folded, graded, is_hangul, verdict

SHORT = 50  # characters; shorter references count as this long at the upper limit: "4" may become a sentence
_LONGEST_UNIT = 30  # tokens of the longest loop that is looked for

_REFUSALS = [re2.compile(pattern) for pattern in REFUSALS]  # together they are more than RE2's memory holds
_OPENING = 300  # characters of an answer in which it would refuse


def length(reference: str, candidate: str, *, shortest: float = 0.25, longest: float = 4.0) -> CheckResult:
    """The candidate is not far shorter or longer than the reference, in characters other than white space.

    At least `shortest` times the reference, at most `longest` times it, where a reference below `SHORT` characters
    counts as that long. An empty candidate never passes.
    """
    wanted, given = len("".join(reference.split())), len("".join(candidate.split()))
    low, high = shortest * wanted, longest * max(wanted, SHORT)
    return verdict("length", given > 0 and low <= given <= high, f"{given} characters, expected {low:g} to {high:g}")


def language(reference: str, candidate: str, *, prompt: str = "", threshold: float = 0.5) -> CheckResult:
    """The candidate is written in the scripts of the reference, or of the prompt where the reference has no letters.

    The score is what the shares of scripts (Hangul, Latin, Han, ...) among the letters have in common, 0..1. Where
    either side has no letters, as in an answer that is a number, there is nothing to disagree about: 1.
    """
    wanted = _scripts(reference) or _scripts(prompt)
    given = _scripts(candidate)
    if not wanted or not given:
        return graded("language", 1.0, threshold, "no letters to compare")
    common = sum(min(share, given.get(script, 0.0)) for script, share in wanted.items())
    found, expected = max(sorted(given), key=given.__getitem__), max(sorted(wanted), key=wanted.__getitem__)
    return graded("language", common, threshold, f"mostly {found}, expected {expected}")


def refuses(text: str) -> bool:
    """Whether an answer begins by declining, in English or Korean; later remarks of the kind are part of an answer."""
    opening = folded(text)[:_OPENING]
    return any(pattern.search(opening) is not None for pattern in _REFUSALS)


def refusal(reference: str, candidate: str) -> CheckResult:
    """The candidate refuses exactly when the reference does."""
    wanted, given = refuses(reference), refuses(candidate)
    return verdict("refusal", wanted == given, f"{_says(given)}, the reference {_says(wanted)}")


def repetition(reference: str, candidate: str, *, threshold: float = 0.7) -> CheckResult:
    """The candidate does not run in a loop that the reference has not.

    A loop is one run of up to 30 tokens said four times or more in a row. The score is the share of the candidate's
    tokens outside its longest loop, 0..1; what the reference itself has of loops is no fault.
    """
    share, own = _loop_share(tokens(candidate)), _loop_share(tokens(reference))
    excess = max(0.0, share - own)
    return graded("repetition", 1.0 - excess, threshold, f"{share:.2f} of the tokens in a loop, reference {own:.2f}")


def finish(finish_reason: str) -> CheckResult:
    """The engine stopped because the model had finished (`stop`), not because of a limit."""
    return verdict("finish", finish_reason == "stop", f"finish reason {finish_reason!r}, expected 'stop'")


def leak(reference: str, candidate: str, *, prompt: str = "") -> CheckResult:
    """The candidate does not speak about a reference that its reader will never see.

    Phrases such as "reference answer", "my answer:" or 참고 답 count when neither the reference nor the user's own
    prompt has them.
    """
    text, own = folded(candidate), folded(reference) + "\n" + folded(prompt)
    found = [phrase for phrase in LEAKS if phrase in text and phrase not in own]
    return verdict("leak", not found, f"says {found[0]!r}" if found else "no such phrase")


def _says(refused: bool) -> str:
    return "refuses" if refused else "does not refuse"


def _scripts(text: str) -> dict[str, float]:
    """Share of each script among the letters of a text; empty when it has none."""
    counts = Counter(_script(letter) for letter in unicodedata.normalize("NFC", text) if letter.isalpha())
    total = counts.total()
    return {script: count / total for script, count in counts.items()}


def _script(letter: str) -> str:
    """Script of a letter by the first word of its Unicode name."""
    if "a" <= letter.lower() <= "z":
        return "LATIN"
    return "HANGUL" if is_hangul(letter) else unicodedata.name(letter, "OTHER").split()[0]


def _loop_share(sequence: list[str]) -> float:
    """Share of the tokens in the longest stretch that repeats one unit at least four times in a row."""
    if len(sequence) < 4:
        return 0.0
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(token, len(numbers)) for token in sequence])
    longest = 0
    for unit in range(1, min(_LONGEST_UNIT, len(ids) // 4) + 1):
        same = np.concatenate(([False], ids[unit:] == ids[:-unit], [False]))
        edges = np.flatnonzero(np.diff(same.astype(np.int8)))
        runs = (edges[1::2] - edges[::2]) + unit  # tokens from the first unit's start to the last repeat's end
        runs = runs[runs >= 4 * unit]
        longest = max(longest, int(runs.max(initial=0)))
    return longest / len(ids)
