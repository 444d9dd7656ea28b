"""Is an answer to a question the one that was expected: by typed checks alone."""

import re2

from curation.checks import typed
from curation.checks.typed_numbers import numbers
from curation.checks.typed_result import CheckResult, shown, verdict

from ..attempt import Attempt

_WORDS = re2.compile(r"[\p{L}\p{M}\p{Nd}]+")
_FEW = 3  # words of an answer that is a number with its unit or preposition: `in 1990`, `약 15 km`
_LONG = 4  # times the words of the answer that a reply may have, beside a sentence's own


def answers_alike(name: str, answer: str, reply: Attempt) -> CheckResult:
    """Whether a reply gives an answer: the same last number where the answer is one, else the answer as whole words.

    A reply that was cut off, or is so long that it could hold anything, gives none.
    """
    if reply.drop is not None or reply.response.finish_reason != "stop":
        return verdict(name, False, f"ended by {reply.response.finish_reason!r}")
    words, given = len(_WORDS.findall(answer)), len(_WORDS.findall(reply.text))
    if given > _LONG * max(words, 1) + 12:
        return verdict(name, False, f"{given} words for an answer of {words}")
    kind = "number" if len(numbers(answer)) == 1 and words <= _FEW else "short_answer"
    found = typed.check(kind, answer, reply.text)
    return verdict(name, found.passed, f"answered {shown(reply.text)}: {found.detail}")
