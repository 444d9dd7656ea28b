"""One door to the typed checks: `check(kind, reference, candidate, ...)`."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import InputError
from . import typed_answers, typed_form
from .typed_result import CheckResult

ANSWER_KINDS = ("number", "choice", "regex", "json", "python_call", "short_answer")  # what the answer says
FORM_KINDS = ("length", "language", "refusal", "repetition", "finish", "leak")  # how it is said
KINDS = ANSWER_KINDS + FORM_KINDS


def check(
    kind: str,
    reference: str,
    candidate: str,
    *,
    prompt: str = "",
    choices: Sequence[str] = (),
    pattern: str | None = None,
    schema: Mapping[str, Any] | None = None,
    finish_reason: str | None = None,
    tolerance: float = 0.0,
    shortest: float = 0.25,
    longest: float = 4.0,
    threshold: float | None = None,
) -> CheckResult:
    """Check a candidate answer against a reference.

    Args:
        kind: one of `KINDS`.
        reference: the answer known to be right.
        candidate: the answer to check.
        prompt: what was asked; `language` falls back on it, `leak` allows its phrases.
        choices: the options, for `choice`.
        pattern: RE2 pattern of the whole answer, for `regex`.
        schema: JSON schema, for `json`.
        finish_reason: the engine's, for `finish`.
        tolerance: largest absolute difference, for `number`.
        shortest: least length as a multiple of the reference's, for `length`.
        longest: greatest length as a multiple of the reference's, for `length`.
        threshold: least score, for `language` (0.5) and `repetition` (0.7).

    Raises:
        InputError: for an unknown kind, or a kind without the setting that it needs.
    """
    graded = {} if threshold is None else {"threshold": threshold}
    checks: dict[str, Callable[[], CheckResult]] = {
        "number": lambda: typed_answers.number(reference, candidate, tolerance=tolerance),
        "choice": lambda: typed_answers.choice(reference, candidate, choices=choices),
        "regex": lambda: typed_answers.regex(candidate, pattern=_needed(kind, "pattern", pattern)),
        "json": lambda: typed_answers.json_value(reference, candidate, schema=schema),
        "python_call": lambda: typed_answers.python_call(reference, candidate),
        "short_answer": lambda: typed_answers.short_answer(reference, candidate),
        "length": lambda: typed_form.length(reference, candidate, shortest=shortest, longest=longest),
        "language": lambda: typed_form.language(reference, candidate, prompt=prompt, **graded),
        "refusal": lambda: typed_form.refusal(reference, candidate),
        "repetition": lambda: typed_form.repetition(reference, candidate, **graded),
        "finish": lambda: typed_form.finish(_needed(kind, "finish_reason", finish_reason)),
        "leak": lambda: typed_form.leak(reference, candidate, prompt=prompt),
    }
    if kind not in checks:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise InputError(f"check kind {kind!r} is unknown, expected one of {', '.join(KINDS)}{hint}")
    return checks[kind]()


def _needed(kind: str, name: str, value: str | None) -> str:
    if value is None:
        raise InputError(f"check {kind!r} has no {name!r}, which it needs")
    return value
